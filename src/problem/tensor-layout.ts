/** The order of a tensor's axes in memory, and the tensor as [batch, seq, heads, dim] with dims padded by zeros. */

import { SafetensorsError, type Tensor } from './safetensors.ts';

/** bshd: [batch, seq, heads, dim]; bhsd: PyTorch's [batch, heads, seq, dim]; thd: [tokens, heads, dim] of one sequence. */
export const LAYOUTS = ['bshd', 'bhsd', 'thd'] as const;
export type Layout = (typeof LAYOUTS)[number];

const AXES: Record<Layout, string> = {
  bshd: '[batch, seq, heads, headDim]',
  bhsd: '[batch, heads, seq, headDim]',
  thd: '[tokens, heads, headDim]',
};

/** Sizes of the four axes of attention, and the steps between neighbours along each, in elements. */
export interface TensorView {
  values: Float32Array;
  offset: number;
  sizes: { batch: number; seq: number; heads: number; dim: number };
  steps: { batch: number; seq: number; heads: number; dim: number };
}

/** The layout that a tensor of so many axes is read in where none is named. */
export const usualLayout = (axes: number): Layout => (axes === 3 ? 'thd' : 'bshd');

/**
 * A tensor by its layout. `part` chooses one of the tensors of a packed one: its index, and how many there are. They lie
 * before the heads: [batch, seq, 3, heads, dim], [batch, 3, heads, seq, dim] or [tokens, 3, heads, dim].
 *
 * Throws SafetensorsError where the axes do not fit the layout.
 */
export function viewOf(
  name: string,
  { shape, values }: Tensor,
  layout: Layout,
  part?: { index: number; count: number },
): TensorView {
  const shapeText = `tensor '${name}' has shape [${shape.join(', ')}]`;
  const axes = layout === 'thd' ? 3 : 4;
  if (shape.length !== axes + (part === undefined ? 0 : 1) || shape.includes(0)) {
    const other = usualLayout(shape.length - (part === undefined ? 0 : 1));
    const needed = part === undefined ? AXES[layout] : `${AXES[layout].replace('heads', `${part.count}, heads`)}`;
    const hint = shape.length === 3 && layout !== 'thd' ? `, or --layout ${other}` : '';
    throw new SafetensorsError(`${shapeText}; ${needed} is needed${hint}`);
  }
  const all = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, size) => product * size, 1));
  const packedAxis = layout === 'bshd' ? 2 : 1;
  if (part !== undefined && shape[packedAxis] !== part.count) {
    throw new SafetensorsError(`${shapeText}; a packed one needs ${part.count} on axis ${packedAxis}`);
  }
  const keep = <T>(list: readonly T[]) =>
    part === undefined ? [...list] : list.filter((_, axis) => axis !== packedAxis);
  const [sizes, steps] = [keep(shape), keep(all)];
  const [seq, heads] = layout === 'bhsd' ? [2, 1] : layout === 'bshd' ? [1, 2] : [0, 1];
  const at = (list: readonly number[]) => ({
    batch: layout === 'thd' ? 1 : (list[0] ?? 0),
    seq: list[seq] ?? 0,
    heads: list[heads] ?? 0,
    dim: list.at(-1) ?? 0,
  });
  return {
    values,
    offset: part === undefined ? 0 : part.index * (all[packedAxis] ?? 0),
    sizes: at(sizes),
    steps: { ...at(steps), ...(layout === 'thd' ? { batch: 0 } : {}) },
  };
}

/** The values as [batch, seq, heads, dims], row-major, with zeros from the tensor's own dims on. */
export function packed({ values, offset, sizes, steps }: TensorView, dims = sizes.dim): Float32Array {
  const { batch, seq, heads, dim } = sizes;
  const asIs = steps.heads === dim && steps.seq === heads * dim && offset === 0 && dims === dim;
  if (asIs && (batch === 1 || steps.batch === seq * heads * dim)) return values.subarray(0, batch * seq * heads * dim);
  const result = new Float32Array(batch * seq * heads * dims);
  for (let b = 0, to = 0; b < batch; b += 1) {
    for (let s = 0; s < seq; s += 1) {
      for (let h = 0; h < heads; h += 1, to += dims) {
        const from = offset + b * steps.batch + s * steps.seq + h * steps.heads;
        result.set(values.subarray(from, from + dim), to);
      }
    }
  }
  return result;
}
