/** Tensors in memory in the type of their workload: f32 as floats, bf16 as 16-bit words. */

import { fromBfloat16, toBfloat16 } from '../problem/bfloat16.ts';
import type { Data } from '../problem/data.ts';
import type { Slice } from '../problem/slice.ts';
import type { Workload } from '../problem/workload.ts';
import { createInputs, fillTensors, type TensorLayout } from './tensor-layout.ts';

/** The elements of a tensor. */
export type Stored = Float32Array | Uint16Array;

/** The same as floats: themselves, or a copy. */
export const floatsOf = (stored: Stored): Float32Array =>
  stored instanceof Float32Array ? stored : Float32Array.from(stored, fromBfloat16);

/** Writes a slice's q, k and v, whose values are those of its type already. */
export function fillStored(
  data: Data,
  w: Workload,
  slice: Slice,
  layout: TensorLayout,
  target: Record<'q' | 'k' | 'v', Stored>,
): void {
  const { q, k, v } = target;
  if (data.kind === 'none') return;
  if (q instanceof Float32Array && k instanceof Float32Array && v instanceof Float32Array) {
    fillTensors(data, w, slice, { q, k, v });
    return;
  }
  const values = createInputs(data, w, slice, layout);
  for (const name of ['q', 'k', 'v'] as const) {
    const to = target[name];
    for (const [i, value] of values[name].entries()) to[i] = toBfloat16(value);
  }
}
