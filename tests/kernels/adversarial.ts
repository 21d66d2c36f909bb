/** Inputs that break attention kernels: extreme or adverse logits, values that tell which keys were used, poisoned neighbours. */

import type { Data } from '../../src/problem/data.ts';
import type { Workload } from '../../src/problem/workload.ts';
import { workload } from '../workloads.ts';

export interface AdversarialCase {
  name: string;
  workload: Workload;
  data: Data;
  /** Query heads to check; all where it is left out. */
  heads?: number[];
}

const HEAD_DIM = 32;

/** q = e0 for every row, so that the logit of key j is `logit(j)` (scale 1); v from `value(key, dim)`. */
function byLogit(
  name: string,
  seqQuery: number,
  seqKv: number,
  logit: (key: number) => number,
  value: (key: number, dim: number) => number = normalLike,
  mask: Workload['mask'] = 'full',
): AdversarialCase {
  const w = workload({ headDim: HEAD_DIM, seqQuery, seqKv, scale: 1, mask });
  const tensor = (seq: number, at: (token: number, dim: number) => number) =>
    Float32Array.from({ length: seq * HEAD_DIM }, (_, i) => at(Math.floor(i / HEAD_DIM), i % HEAD_DIM));
  const q = tensor(seqQuery, (_, dim) => (dim === 0 ? 1 : 0));
  const k = tensor(seqKv, (key, dim) => (dim === 0 ? logit(key) : normalLike(key, dim)));
  return { name, workload: w, data: { kind: 'values', q, k, v: tensor(seqKv, value) } };
}

/** Deterministic values of about unit size. */
function normalLike(key: number, dim: number): number {
  return Math.sin(key * 12.9898 + dim * 78.233) * 1.5;
}

const positions = (seqKv: number) => (key: number, dim: number) =>
  dim % 2 === 0 ? key / seqKv : dim === key % HEAD_DIM ? 1 : 0;

/** Heads 0 and 2 are normal; head 1 is NaN and infinity throughout. */
function poisonedNeighbour(): AdversarialCase {
  const w = workload({ headDim: HEAD_DIM, queryHeads: 3, kvHeads: 3, seqQuery: 70, seqKv: 131 });
  const poison = (i: number) => (i % 2 === 0 ? Number.NaN : Number.POSITIVE_INFINITY);
  const tensor = (seq: number) =>
    Float32Array.from({ length: seq * 3 * HEAD_DIM }, (_, i) =>
      Math.floor(i / HEAD_DIM) % 3 === 1 ? poison(i) : normalLike(i, i % 7),
    );
  return {
    name: 'a neighbouring head of NaN and infinity',
    workload: w,
    data: { kind: 'values', q: tensor(70), k: tensor(131), v: tensor(131) },
    heads: [0, 2],
  };
}

const LN2 = Math.LN2;

/** Few query rows beside long keys, so that a software adapter runs them in a second. */
export function adversarialCases(): AdversarialCase[] {
  return [
    byLogit('constant rows: the mean of V', 5, 515, () => 0),
    byLogit('position-coded V: skipped or repeated keys show', 16, 1000, () => 0, positions(1000)),
    byLogit('position-coded V under the causal mask', 70, 70, () => 0, positions(70), 'causal'),
    byLogit('ascending logits: every block rescales', 9, 700, (key) => key * 0.05),
    byLogit('descending logits: no block rescales', 9, 700, (key) => 35 - key * 0.05),
    byLogit('a jump of 7.9 in base 2 between blocks', 5, 300, (key) => (key < 150 ? 0 : 7.9 * LN2)),
    byLogit('a jump of 8.1 in base 2 between blocks', 5, 300, (key) => (key < 150 ? 0 : 8.1 * LN2)),
    byLogit('one key 14 above 32k flat ones', 4, 32768, (key) => (key === 20000 ? 14 : 0)),
    byLogit('logits of plus and minus 60000', 5, 260, (key) => (key % 3 === 0 ? 60000 : -60000)),
    // Norms bound these by 24, so that wasm-flash may leave m at 0: weights up to e^20 then make sums of such values overflow.
    byLogit(
      'values of 1e30 under logits up to 20',
      7,
      300,
      (key) => (key % 9) * 2.5,
      (key, dim) => normalLike(key, dim) * 1e30,
    ),
    byLogit('logits from -23 to 23, bounded by norms', 7, 300, (key) => ((key * 7) % 47) - 23, positions(300)),
    byLogit('logits far below zero', 5, 130, (key) => -60000 + (key % 5)),
    byLogit(
      'a causal mask that hides everything from the first rows',
      90,
      20,
      (key) => key * 0.1,
      normalLike,
      'causal',
    ),
    poisonedNeighbour(),
  ];
}

/** Those whose values and logits halves can hold, with tensors in halves. */
export function adversarialHalves(): AdversarialCase[] {
  return adversarialCases()
    .filter(({ name }) => !/60000|far below|1e30/.test(name))
    .map((input) => ({ ...input, workload: { ...input.workload, dtype: 'f16' } }));
}
