/** Random workloads with all options together, small enough for the float64 reference, and the values that they run on. */

import { createInputs, layoutOf, sinkValues } from '../../src/host/tensor-layout.ts';
import type { Data } from '../../src/problem/data.ts';
import { LARGEST_HEAD_DIM } from '../../src/problem/head-dims.ts';
import { seededBits } from '../../src/problem/normal.ts';
import type { MaskTensor } from '../../src/problem/scores.ts';
import { wholeSlice } from '../../src/problem/slice.ts';
import { type Dtype, valueDim, type Workload } from '../../src/problem/workload.ts';

/** Head dimensions of models; those of q and k, and of v, of latent attention. */
const MODEL_DIMS = [16, 24, 40, 64, 72, 80, 88, 96, 112, 120, 128, 160, 192, 256, 320, 512, 576];
const LATENT_DIMS = [
  [192, 128],
  [576, 512],
  [320, 256],
] as const;
/** Query heads a KV head. */
const GROUPS = [1, 1, 1, 2, 3, 4, 5, 8, 12, 16];
const DTYPES: Dtype[] = ['f16', 'bf16', 'f32', 'f32', 'f32', 'f32', 'f32', 'f32'];
/** Lengths on both sides of the edges of blocks and panels. */
const EDGES = [1, 2, 3, 15, 16, 17, 31, 32, 33, 47, 48, 49, 63, 64, 65, 95, 97, 127, 128, 129, 255, 256, 257, 300];
/** Multiply-adds of a shape at most: some milliseconds of the reference. */
const MOST_WORK = 3e6;

/** A shape and the seed that makes it. */
export interface RandomShape {
  seed: number;
  workload: Workload;
}

/** The shape of a seed: any dims, groups, lengths, masks, windows, batches, scales, types and terms of the scores. */
export function randomShape(seed: number): RandomShape {
  let index = 0;
  const draw = (below: number) => {
    index += 1;
    return seededBits(seed, index) % below;
  };
  const one = <T>(list: readonly T[]) => list[draw(list.length)] as T;
  const chance = (times: number) => draw(times) === 0;
  const dim = () => (chance(2) ? one(MODEL_DIMS) : chance(2) ? 1 + draw(40) : 1 + draw(LARGEST_HEAD_DIM));
  const length = () => (chance(2) ? one(EDGES) : 1 + draw(320));

  const latent = chance(8) ? one(LATENT_DIMS) : undefined;
  const headDim = latent?.[0] ?? dim();
  const headDimV = latent?.[1] ?? (chance(2) ? headDim : dim());
  const kvHeads = 1 + draw(3);
  const queryHeads = kvHeads * one(GROUPS);
  const seqQuery = chance(4) ? 1 + draw(4) : length();
  const seqKv = chance(2) ? seqQuery : length();
  const workload: Workload = {
    ...{ batch: 1 + draw(3), queryHeads, kvHeads, headDim },
    ...(headDimV === headDim ? {} : { headDimV }),
    ...{ seqQuery, seqKv, mask: chance(2) ? 'causal' : 'full' },
    ...{ window: chance(3) ? 1 + draw(seqKv + 20) : null, dtype: one(DTYPES) },
    // From all keys alike to one that takes all.
    scale: chance(2) ? 1 / Math.sqrt(headDim) : one([0.01, 0.3, 1, -0.2]) / Math.sqrt(Math.max(1, headDim / 16)),
    ...(chance(4) ? { softcap: one([0.5, 5, 50]) } : {}),
    ...(chance(4) ? { sinks: true } : {}),
    ...(chance(8) ? { alibi: true } : {}),
    ...(chance(12) ? { maskTensor: true } : {}),
  };
  return { seed, workload: small(workload) };
}

/** The workload with fewer batches, heads or rows, so that the reference is quick. */
function small(w: Workload): Workload {
  const { batch, queryHeads, kvHeads, seqQuery, seqKv } = w;
  if (batch * queryHeads * seqQuery * seqKv * (w.headDim + valueDim(w)) <= MOST_WORK) return w;
  if (batch > 1) return small({ ...w, batch: 1 });
  if (kvHeads > 1) return small({ ...w, kvHeads: 1, queryHeads: queryHeads / kvHeads });
  if (seqQuery > 40) return small({ ...w, seqQuery: Math.ceil(seqQuery / 2) });
  if (queryHeads > 2) return small({ ...w, queryHeads: Math.ceil(queryHeads / 2) });
  return small({ ...w, seqKv: Math.ceil(seqKv / 2) });
}

/** What a kernel is asked where it does not take all: the shape without ALiBi and mask tensor, then also in f32. */
export function lessOf(w: Workload): Workload[] {
  const { alibi: _, maskTensor: __, ...plain } = w;
  return [w, plain, { ...plain, dtype: 'f32' }];
}

/** The values of a shape: those of the seed, with a mask tensor as arrays. */
export function dataOf(w: Workload, seed: number): Data {
  const normal: Data = { kind: 'normal', seed };
  if (w.maskTensor !== true) return normal;
  const slice = wholeSlice(w, w.seqQuery);
  const sinks = w.sinks === true ? sinkValues(w, slice, normal) : undefined;
  return { kind: 'values', ...createInputs(normal, w, slice, layoutOf(w, slice)), sinks, mask: maskTensor(w, seed) };
}

/** Numbers from -2 to 2, an eighth of them hidden, for each axis either of all or of each. */
function maskTensor(w: Workload, seed: number): MaskTensor {
  const each = (axis: number, size: number) => (seededBits(seed, 1000 + axis) % 2 === 0 ? 1 : size);
  const shape = [each(0, w.batch), each(1, w.queryHeads), each(2, w.seqQuery), w.seqKv] as const;
  const count = shape.reduce((product, size) => product * size, 1);
  const values = Float32Array.from({ length: count }, (_, index) => {
    const bits = seededBits(seed, 2000 + index);
    return bits % 8 === 0 ? Number.NEGATIVE_INFINITY : ((bits >>> 8) / 2 ** 24) * 4 - 2;
  });
  return { values, shape };
}

/** The bench command that runs a kernel on such a shape; null where no option asks for it. */
export function benchCommand(kernel: string, w: Workload, seed: number): string | null {
  if (w.maskTensor === true) return null;
  return [
    `npx bench mha --kernel ${kernel} --batch ${w.batch} --heads ${w.queryHeads} --kv-heads ${w.kvHeads}`,
    `--head-dim ${w.headDim} --head-dim-v ${valueDim(w)} --seq ${w.seqQuery} --seq-kv ${w.seqKv}`,
    `--causal ${w.mask === 'causal'} --dtype ${w.dtype} --scale=${w.scale}`,
    ...(w.window === null ? [] : [`--window ${w.window}`]),
    ...(w.softcap == null ? [] : [`--softcap ${w.softcap}`]),
    ...(w.sinks === true ? ['--sinks'] : []),
    ...(w.alibi === true ? ['--alibi'] : []),
    `--full --seed ${seed}`,
  ].join(' ');
}
