/** The table of cases that ONNX's operator Attention answers: shapes and options drawn from a seed, and their tensors. */

import { createHash } from 'node:crypto';
import { type Data, fillRow } from '../../src/problem/data.ts';
import type { MaskTensor } from '../../src/problem/scores.ts';
import { keyRange, type Workload } from '../../src/problem/workload.ts';

/** A mask tensor: [seqQuery, seqKv], for each batch and each query head where it says so. */
export interface CaseMask {
  /** boolean: true is seen; additive: added to the logits, -Infinity hides. */
  kind: 'boolean' | 'additive';
  eachBatch: boolean;
  eachHead: boolean;
}

/** One case. Its tensors follow from the seed. */
export interface ConformanceCase {
  seed: number;
  /** 3d: [batch, seq, heads * dim]; 4d: [batch, heads, seq, dim]. */
  layout: '3d' | '4d';
  batch: number;
  queryHeads: number;
  kvHeads: number;
  headDim: number;
  headDimV: number;
  seqQuery: number;
  seqKv: number;
  /**
   * attribute: is_causal of the operator, which is aligned top left and used only where that is bottom right too, with
   * as many queries as keys; mask: bottom right, as part of the mask.
   */
  causal: 'attribute' | 'mask' | null;
  window: number | null;
  scale: number | null;
  softcap: number | null;
  mask: CaseMask | null;
}

/** How many there are. */
const CASES = 160;
/** Few head dimensions and groups: a software GPU compiles each pair for seconds. */
const HEAD_DIMS = [32, 64, 128, 80, 40, 72];
const VALUE_DIMS = [64, 32, 128];
const GROUPS = [1, 4, 2];
const LENGTHS = [1, 3, 16, 33, 64, 70];

/** Draws whole numbers below a bound: a 32-bit linear congruential generator (Numerical Recipes), its high bits. */
export function draws(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** All cases, in a fixed order. Options take turns, so that each meets each; what they are is drawn. */
export function conformanceCases(): ConformanceCase[] {
  return Array.from({ length: CASES }, (_, index) => {
    const seed = 1000 + index;
    const draw = draws(seed);
    const one = <T>(list: readonly T[]): T => list[draw(list.length)] as T;
    // The first draws of neighbouring seeds are alike.
    for (let i = 0; i < 4; i += 1) draw(2);
    const kvHeads = one([1, 2]);
    const headDim = one(HEAD_DIMS);
    const seqQuery = one(LENGTHS);
    const seqKv = index % 3 === 0 ? one([...LENGTHS, 130]) : seqQuery;
    const masked = index % 4 === 3;
    const causal = index % 5 < 2 ? null : seqQuery === seqKv && index % 2 === 0 ? 'attribute' : 'mask';
    return {
      seed,
      layout: one(['3d', '4d'] as const),
      batch: one([1, 2]),
      queryHeads: kvHeads * one(GROUPS),
      kvHeads,
      headDim,
      headDimV: index % 6 === 5 ? one(VALUE_DIMS) : headDim,
      seqQuery,
      seqKv,
      causal,
      window: index % 7 === 6 ? one([1, 5, 20]) : null,
      scale: index % 8 === 7 ? one([0.05, 0.3]) : null,
      softcap: index % 3 === 1 ? one([1, 5, 50]) : null,
      mask: masked
        ? { kind: one(['boolean', 'additive'] as const), eachBatch: draw(2) === 1, eachHead: draw(2) === 1 }
        : null,
    };
  });
}

/** Tensors of a case: q, k and v are [batch, seq, heads, dim]; the mask [batch or 1, query heads or 1, seqQuery, seqKv]. */
export interface CaseTensors {
  q: Float32Array;
  k: Float32Array;
  v: Float32Array;
  /** What is added to the logits; undefined without a mask tensor. */
  mask: MaskTensor | undefined;
}

/** Makes them, standard normal but for the mask: a quarter of it hidden, else 0 or uniform in [-2, 2). */
export function caseTensors(c: ConformanceCase): CaseTensors {
  return {
    q: filled(c, 'q', c.headDim),
    k: filled(c, 'k', c.headDim),
    v: filled(c, 'v', c.headDimV),
    mask: c.mask === null ? undefined : maskOf(c, c.mask),
  };
}

function filled(c: ConformanceCase, name: 'q' | 'k' | 'v', dim: number): Float32Array {
  const workload = plainWorkload(c);
  const [seq, heads] = name === 'q' ? [c.seqQuery, c.queryHeads] : [c.seqKv, c.kvHeads];
  const values = new Float32Array(c.batch * seq * heads * dim);
  for (let index = 0; index < values.length / dim; index += 1) {
    const [batch, token, head] = [Math.floor(index / heads / seq), Math.floor(index / heads) % seq, index % heads];
    fillRow({ kind: 'normal', seed: c.seed }, workload, name, batch, head, token, values, index * dim);
  }
  return values;
}

function maskOf(c: ConformanceCase, { kind, eachBatch, eachHead }: CaseMask): MaskTensor {
  const shape = [eachBatch ? c.batch : 1, eachHead ? c.queryHeads : 1, c.seqQuery, c.seqKv] as const;
  const draw = draws(c.seed ^ 0x5bd1e995);
  const steps = 2 ** 16;
  const values = Float32Array.from({ length: shape.reduce((product, size) => product * size, 1) }, () => {
    const value = draw(4 * steps);
    if (value < steps) return Number.NEGATIVE_INFINITY;
    return kind === 'boolean' ? 0 : ((value % steps) / steps) * 4 - 2;
  });
  return { values, shape };
}

/** The case as a workload, its soft-cap and mask tensor left out. */
function plainWorkload(c: ConformanceCase): Workload {
  const { batch, queryHeads, kvHeads, headDim, headDimV, seqQuery, seqKv, window } = c;
  const mask = c.causal === null ? 'full' : 'causal';
  const scale = c.scale ?? 1 / Math.sqrt(headDim);
  const dims = headDimV === headDim ? { headDim } : { headDim, headDimV };
  return { batch, queryHeads, kvHeads, ...dims, seqQuery, seqKv, mask, window, dtype: 'f32', scale };
}

/** The case as a workload and its values. */
export function problemOf(c: ConformanceCase, { q, k, v, mask }: CaseTensors): { workload: Workload; data: Data } {
  return {
    workload: {
      ...plainWorkload(c),
      ...(c.softcap === null ? {} : { softcap: c.softcap }),
      ...(mask === undefined ? {} : { maskTensor: true }),
    },
    data: { kind: 'values', q, k, v, mask },
  };
}

/** The mask that the operator is given: causal mask and window where it has no word for them, and the mask tensor. */
export function operatorMask(
  c: ConformanceCase,
  { mask }: CaseTensors,
): (MaskTensor & { kind: CaseMask['kind'] }) | undefined {
  if (mask === undefined && c.causal !== 'mask' && c.window === null) return undefined;
  const workload = plainWorkload(c);
  const shape = mask?.shape ?? ([1, 1, c.seqQuery, c.seqKv] as const);
  const values = mask?.values.slice() ?? new Float32Array(c.seqQuery * c.seqKv);
  values.forEach((_, index) => {
    const { low, high } = keyRange(workload, Math.floor(index / c.seqKv) % c.seqQuery);
    const key = index % c.seqKv;
    if (key < low || key >= high) values[index] = Number.NEGATIVE_INFINITY;
  });
  return { values, shape, kind: c.mask?.kind ?? 'boolean' };
}

/** SHA-256 of the tensors, first 16 hexadecimal digits: whether a seed still makes what was answered. */
export function inputsHash({ q, k, v, mask }: CaseTensors): string {
  const hash = createHash('sha256');
  for (const values of [q, k, v, mask?.values ?? new Float32Array()]) {
    hash.update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  }
  return hash.digest('hex').slice(0, 16);
}
