/**
 * The FLOP rule, stated once for every host, table and chart:
 *
 *   FLOPs = 2 x batch x queryHeads x (headDim + headDimV) x (query-key pairs that the mask keeps)
 *
 * Attention is two matrix products, q k^T and p v. They take headDim and headDimV multiply-adds for a pair of a query and
 * a key, and a multiply-add counts as 2; where both dimensions are the same that is 4 x headDim. The softmax is not
 * counted, nor are zeros that a kernel pads with; grouped queries count every query head.
 *
 * Published figures count by FlashAttention's rule: 4 x batch x heads x seq^2 x headDim, halved under a causal mask
 * (FlashAttention-4 paper, arXiv:2603.05451v1, section 5). The exact rule here counts the diagonal whole: at a length
 * of seq a causal mask keeps seq (seq + 1) / 2 pairs, 1/seq more than half of the square.
 */

import { valueDim, visibility, type Workload } from './workload.ts';

/** How a figure counts FLOPs: pair by pair, or with the causal mask worth half of seqQuery x seqKv. */
export type FlopRule = 'exact' | 'half-square';

/**
 * Query-key pairs that the mask keeps for `count` query rows of one head, from row `start` on; by default for all rows.
 *
 * Row r sees the keys from low(r) up to high(r). Each of the two is r plus a constant, held between 0 and seqKv, so a row
 * sees max(0, held(r + windowHigh) - held(r + windowLow)) keys, and the sums over rows have a closed form.
 */
export function pairs(w: Workload, start = 0, count = w.seqQuery): number {
  const { windowLow, windowHigh } = visibility(w);
  const heldSum = (shift: number) => sumHeld(start + shift, count, w.seqKv);
  // windowLow never exceeds windowHigh, so no row has a negative number of keys.
  return heldSum(windowHigh) - heldSum(windowLow);
}

/** The sum of max(0, min(limit, x)) over `count` whole numbers x from `first` on. */
function sumHeld(first: number, count: number, limit: number): number {
  const last = first + count - 1;
  // Numbers above the limit count as the limit, those from 1 to the limit as themselves.
  const above = Math.max(0, last - Math.max(limit, first - 1));
  const [low, high] = [Math.max(first, 1), Math.min(last, limit)];
  const between = high < low ? 0 : ((low + high) * (high - low + 1)) / 2;
  return above * limit + between;
}

/** FLOPs of so many query-key pairs: 2 for each of headDim + headDimV multiply-adds. */
export function pairFlops(w: Pick<Workload, 'headDim' | 'headDimV'>, count: number): number {
  return 2 * (w.headDim + valueDim(w)) * count;
}

/** FLOPs of one forward pass of the whole workload, by either rule. A sliding window is always counted pair by pair. */
export function flops(w: Workload, rule: FlopRule = 'exact'): number {
  const square = rule === 'half-square' && w.window === null;
  const perHead = square ? (w.seqQuery * w.seqKv) / (w.mask === 'causal' ? 2 : 1) : pairs(w);
  return w.batch * w.queryHeads * pairFlops(w, perHead);
}
