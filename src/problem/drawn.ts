/**
 * Rows of q, k and v drawn from a few distinct ones, so that the float64 result of every row of an output costs next to nothing
 * (src/host/expected-sums.ts): a softmax over n keys of K distinct rows is one over K keys that count so many times.
 */

import { normalRow, rowKey, type TensorName } from './normal.ts';
import { ROUND } from './rounding.ts';
import type { Workload } from './workload.ts';

/** Distinct rows of q and of v. */
export const DISTINCT_ROWS = { q: 512, v: 512 } as const;

/**
 * Distinct rows of k: few, since a check of a row costs as much as there are of them; and no fewer, since equal keys have equal
 * weights, whose rounding errors in a row's sum add up (src/host/comparison.ts): one for 32 keys, 64 at least and 1,024 at most.
 */
export const distinctKeys = ({ seqKv }: Pick<Workload, 'seqKv'>): number =>
  Math.min(1024, Math.max(64, 2 ** Math.ceil(Math.log2(seqKv / 32))));
/** Rows of k that each stand for half as many keys as the one before, the first for as many as any other. */
const RARE_KEYS = 16;

/**
 * The number of the distinct row that a token's row of a tensor is. Those of q and v are equally frequent, as are k's but for
 * the last; these become rarer and rarer, so that at any length some stand for one key or for none, and the largest logit
 * of a row may come late.
 */
export function drawnIndex(seed: number, tensor: 'q' | 'v', batch: number, head: number, token: number): number {
  return rowKey(seed, tensor, batch, head, token) % DISTINCT_ROWS[tensor];
}

/** The same of k, of so many distinct rows. */
export function drawnKey(rows: number, seed: number, batch: number, head: number, token: number): number {
  const key = rowKey(seed, 'k', batch, head, token);
  const common = rows - RARE_KEYS;
  // Zeros at the end of the number: each more is half as frequent. Its first bits choose among the common rows.
  const zeros = 31 - Math.clz32(key & -key);
  const rarer = zeros - (Math.log2(rows) - 1);
  return rarer < 0 ? (key >>> 12) % common : common + Math.min(RARE_KEYS - 1, rarer);
}

/** The last table of each tensor: it is asked for with every row. */
const tables: Partial<Record<TensorName, { seed: number; dtype: string; dims: number; rows: Float32Array }>> = {};

/**
 * The distinct rows of a tensor, [distinct row, dims], standard normal and rounded to the workload's type. Half of v's are the
 * other half with the sign turned: their mean is zero, so an output of many keys is as small as one of independent values,
 * and a key that is missing in it stands out as much.
 */
export function drawnTable(seed: number, w: Workload, tensor: TensorName, dims: number): Float32Array {
  const { dtype } = w;
  const rows = tensor === 'k' ? distinctKeys(w) : DISTINCT_ROWS[tensor];
  const known = tables[tensor];
  if (known?.seed === seed && known.dtype === dtype && known.dims === dims && known.rows.length === rows * dims) {
    return known.rows;
  }
  const table = new Float32Array(rows * dims);
  const own = tensor === 'v' ? rows / 2 : rows;
  // A head that no workload has, so that these rows are nobody's of the plain normal values.
  for (let row = 0; row < own; row += 1) normalRow(rowKey(seed, tensor, -1, -1, row), dims, table, row * dims);
  if (tensor === 'v') for (let i = 0; i < own * dims; i += 1) table[own * dims + i] = -(table[i] as number);
  const round = ROUND[dtype];
  if (round !== null) for (let i = 0; i < table.length; i += 1) table[i] = round(table[i] as number);
  tables[tensor] = { seed, dtype, dims, rows: table };
  return table;
}
