/** An attention problem from the tensors of a file: its workload, its values, and the output that the file expects. */

import { headDimTooLarge } from '../messages.ts';
import type { Data } from './data.ts';
import { LARGEST_HEAD_DIM, paddedWorkload } from './head-dims.ts';
import { ROUND } from './rounding.ts';
import { SafetensorsError } from './safetensors.ts';
import type { MaskTensor } from './scores.ts';
import { type Layout, packed, type TensorView, usualLayout, viewOf } from './tensor-layout.ts';
import { readMask } from './tensor-mask.ts';
import type { Role } from './tensor-names.ts';
import { disagree, storedOutput, type TensorSet, tensorOf } from './tensor-set.ts';
import { type Dtype, valueDim, type Workload } from './workload.ts';

/** What a file of tensors does not say. */
export interface AttentionSettings {
  causal: boolean;
  /** Sliding window in tokens, or null. */
  window: number | null;
  /** Null: 1/sqrt(headDim). */
  scale: number | null;
  softcap: number | null;
  alibi: boolean;
  /** Null: by the number of axes. */
  layout: Layout | null;
  /** The type that o was computed in; null: the one that it is stored in. */
  dtype: Dtype | null;
}

/** A problem with the values of its tensors. */
export interface TensorProblem {
  workload: Workload;
  data: Data;
  /** Head dimensions of the file: of q and k, and of v and o. */
  headDim: number;
  headDimV: number;
  layout: Layout;
  /** The file's own o, [batch, seq, heads, headDimV]; undefined if it has none. */
  expected: Float32Array | undefined;
  /** The type that the file's o was computed in. */
  dtype: Dtype;
  /** Whether q, k and v had to be rounded to that type. */
  rounded: boolean;
}

/** The type of a stored output. One of bools is refused where it is read. */
const STORED = { F32: 'f32', F16: 'f16', BF16: 'bf16', BOOL: 'f32' } as const;

/** Makes the problem. Throws SafetensorsError where the shapes fit no attention. */
export function readProblem(set: TensorSet, settings: AttentionSettings): TensorProblem {
  const views = viewsOf(set, settings.layout);
  const { q, k, v, o } = views;
  const headDim = q.sizes.dim;
  const headDimV = v.sizes.dim;
  checkSizes(set, views);
  if (Math.max(headDim, headDimV) > LARGEST_HEAD_DIM) {
    throw new SafetensorsError(headDimTooLarge(Math.max(headDim, headDimV), LARGEST_HEAD_DIM));
  }
  const dtype = settings.dtype ?? STORED[storedOutput(set) ?? 'F32'];
  const values = { q: packed(q), k: packed(k), v: packed(v) };
  const round = ROUND[dtype];
  const rounded = round !== null && Object.values(values).some((list) => list.some((x) => differs(x, round(x))));
  if (rounded) for (const name of ['q', 'k', 'v'] as const) values[name] = values[name].map(round);
  const { causal, window, scale, softcap, alibi } = settings;
  const asked = askedTensors(set, q, k);
  return {
    workload: {
      ...{ batch: q.sizes.batch, queryHeads: q.sizes.heads, kvHeads: k.sizes.heads, headDim },
      ...(headDimV === headDim ? {} : { headDimV }),
      ...{ seqQuery: q.sizes.seq, seqKv: k.sizes.seq, mask: causal ? 'causal' : 'full', window, dtype: 'f32' },
      scale: scale ?? 1 / Math.sqrt(headDim),
      ...(softcap === null ? {} : { softcap }),
      ...(alibi ? { alibi } : {}),
      ...(asked.sinks === undefined ? {} : { sinks: true }),
      ...(asked.mask === undefined ? {} : { maskTensor: true }),
    },
    data: { kind: 'values', ...values, ...asked },
    ...{ headDim, headDimV, dtype, rounded, layout: views.layout },
    expected: o === undefined ? undefined : packed(o),
  };
}

/** The sinks and the mask tensor, where the set has them in use. */
function askedTensors(set: TensorSet, q: TensorView, k: TensorView): { sinks?: Float32Array; mask?: MaskTensor } {
  const [sinks, mask] = [tensorOf(set, 'sinks'), tensorOf(set, 'mask')];
  const { batch, heads, seq } = q.sizes;
  if (sinks !== undefined && sinks.tensor.values.length !== heads) disagree(sinks.name, sinks.tensor.shape, [heads]);
  return {
    ...(sinks === undefined ? {} : { sinks: sinks.tensor.values }),
    ...(mask === undefined ? {} : { mask: readMask(mask.name, mask.tensor, [batch, heads, seq, k.sizes.seq]) }),
  };
}

/**
 * The same problem for a kernel that does not take its head dimensions: q, k and v padded with zeros, which change no
 * result, to one that all kernels tile.
 */
export function paddedProblem({
  workload: w,
  data,
}: Pick<TensorProblem, 'workload' | 'data'>): Pick<TensorProblem, 'workload' | 'data'> {
  const workload = paddedWorkload(w);
  if (data.kind !== 'values') return { workload, data };
  const { headDim } = workload;
  const [q, k] = [padRows(data.q, w.headDim, headDim), padRows(data.k, w.headDim, headDim)];
  return { workload, data: { ...data, q, k, v: padRows(data.v, valueDim(w), headDim) } };
}

/** Rows of `dims` values with zeros after each, up to `padded`. */
export function padRows(values: Float32Array, dims: number, padded: number): Float32Array {
  if (dims === padded) return values;
  const rows = values.length / dims;
  const result = new Float32Array(rows * padded);
  for (let row = 0; row < rows; row += 1) result.set(values.subarray(row * dims, (row + 1) * dims), row * padded);
  return result;
}

const differs = (a: number, b: number) => a !== b && !(Number.isNaN(a) && Number.isNaN(b));

interface Views {
  q: TensorView;
  k: TensorView;
  v: TensorView;
  o: TensorView | undefined;
  layout: Layout;
}

/** The tensors by their axes, taken out of packed ones where they are in such. */
function viewsOf(set: TensorSet, wanted: Layout | null): Views {
  const [query, qkv, kv] = [tensorOf(set, 'q'), tensorOf(set, 'qkv'), tensorOf(set, 'kv')];
  const axes = query?.tensor.shape.length ?? (qkv?.tensor.shape.length ?? 5) - 1;
  const layout = wanted ?? usualLayout(axes);
  const single = (role: Role): TensorView | undefined => {
    const found = tensorOf(set, role);
    return found === undefined ? undefined : viewOf(found.name, found.tensor, layout);
  };
  const part = (role: 'q' | 'k' | 'v'): TensorView => {
    if (qkv !== undefined) {
      return viewOf(qkv.name, qkv.tensor, layout, { index: { q: 0, k: 1, v: 2 }[role], count: 3 });
    }
    if (kv !== undefined && role !== 'q') {
      return viewOf(kv.name, kv.tensor, layout, { index: role === 'k' ? 0 : 1, count: 2 });
    }
    throw new RangeError(`no tensor is ${role}`);
  };
  const of = (role: 'q' | 'k' | 'v') => single(role) ?? part(role);
  return { q: of('q'), k: of('k'), v: of('v'), o: single('o'), layout };
}

/** Throws where the sizes of the tensors do not belong together. */
function checkSizes(set: TensorSet, { q, k, v, o, layout }: Views): void {
  const shape = ({ batch, seq, heads, dim }: TensorView['sizes']) =>
    ({ bshd: [batch, seq, heads, dim], bhsd: [batch, heads, seq, dim], thd: [seq, heads, dim] })[layout];
  const same = (role: Role, view: TensorView, wanted: TensorView['sizes']) => {
    const [has, needs] = [shape(view.sizes), shape(wanted)];
    if (has.some((size, axis) => size !== needs[axis])) disagree(set.names[role] ?? role, has, needs);
  };
  same('k', k, { ...k.sizes, batch: q.sizes.batch, dim: q.sizes.dim });
  same('v', v, { ...k.sizes, dim: v.sizes.dim });
  if (o !== undefined) same('o', o, { ...q.sizes, dim: v.sizes.dim });
  if (q.sizes.heads % k.sizes.heads !== 0) {
    throw new SafetensorsError(`${q.sizes.heads} query heads cannot share ${k.sizes.heads} KV heads`);
  }
}

/**
 * Whether the axes are likelier [batch, heads, seq, dim] than they were read: read as [batch, seq, heads, dim] there are more heads than
 * tokens, and read the other way the heads can share. Then the heads and tokens of that reading, else null.
 */
export function likelierBhsd(set: TensorSet, { layout, workload: w }: TensorProblem): Workload | null {
  if (layout !== 'bshd' || w.kvHeads <= w.seqKv) return null;
  try {
    const settings = { causal: false, window: null, scale: null, dtype: null, softcap: null, alibi: false } as const;
    return readProblem(set, { ...settings, layout: 'bhsd' }).workload;
  } catch (error) {
    if (error instanceof SafetensorsError) return null;
    throw error;
  }
}
