/** The float64 oracle applied to rows of a workload: what verification compares with, and what the mock host answers. */

import { type ReferenceRow, referenceRow } from '../../kernels/reference.ts';
import { type Data, fillRow } from '../data.ts';
import { groupSize, keyRange, type Workload } from '../workload.ts';
import type { RowAddress } from './host.ts';

/** Reference results of the given rows, in their order. Rows that share a KV head share its keys, made once. */
export function oracle(w: Workload, data: Data, rows: readonly RowAddress[]): ReferenceRow[] {
  const results: ReferenceRow[] = [];
  const k = new Float32Array(w.seqKv * w.headDim);
  const v = new Float32Array(w.seqKv * w.headDim);
  const q = new Float32Array(w.headDim);
  const byHead = new Map<string, number[]>();
  rows.forEach(({ batch, queryHead }, index) => {
    const key = `${batch}/${Math.floor(queryHead / groupSize(w))}`;
    byHead.set(key, [...(byHead.get(key) ?? []), index]);
  });
  for (const indices of byHead.values()) {
    const first = rows[indices[0] as number] as RowAddress;
    const kvHead = Math.floor(first.queryHead / groupSize(w));
    for (let token = 0; token < w.seqKv; token += 1) {
      fillRow(data, w, 'k', first.batch, kvHead, token, k, token * w.headDim);
      fillRow(data, w, 'v', first.batch, kvHead, token, v, token * w.headDim);
    }
    for (const index of indices) {
      const { batch, queryHead, row } = rows[index] as RowAddress;
      fillRow(data, w, 'q', batch, queryHead, row, q, 0);
      results[index] = referenceRow(q, k, v, keyRange(w, row), w.scale);
    }
  }
  return results;
}
