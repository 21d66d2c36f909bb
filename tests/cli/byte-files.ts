/** Safetensors files for tests of bench verify, put together byte by byte, with an o by the definition. */

import { writeFileSync } from 'node:fs';
import { keyRange } from '../../src/problem/workload.ts';
import { workload } from '../workloads.ts';

/** A safetensors file put together byte by byte, independently of the project's writer. */
export function fileBytes(header: unknown, values: Uint8Array): Uint8Array {
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeUInt32LE(json.length, 0);
  return Buffer.concat([length, json, values]);
}

function floats(values: readonly number[]): Buffer {
  const buffer = Buffer.alloc(values.length * 4);
  values.forEach((value, i) => {
    buffer.writeFloatLE(value, i * 4);
  });
  return buffer;
}

const SHAPE = { seqQuery: 5, seqKv: 9, queryHeads: 4, kvHeads: 2, headDim: 32 };

/** q, k, v and the o that a double loop over the definition gives. */
export function problem(mask: 'full' | 'causal') {
  const w = workload({ ...SHAPE, mask });
  const make = (count: number, step: number) =>
    Array.from({ length: count }, (_, i) => Math.fround(Math.sin(i * step) * 1.2));
  const q = make(5 * 4 * 32, 0.7);
  const k = make(9 * 2 * 32, 1.3);
  const v = make(9 * 2 * 32, 2.1);
  const o: number[] = [];
  for (let row = 0; row < 5; row += 1) {
    for (let head = 0; head < 4; head += 1) {
      const kv = Math.floor(head / 2);
      const { high } = keyRange(w, row);
      const weights = Array.from({ length: high }, (_, j) => {
        let dot = 0;
        for (let d = 0; d < 32; d += 1) dot += (q[(row * 4 + head) * 32 + d] ?? 0) * (k[(j * 2 + kv) * 32 + d] ?? 0);
        return Math.exp(dot / Math.sqrt(32));
      });
      const total = weights.reduce((a, b) => a + b, 0);
      for (let d = 0; d < 32; d += 1) {
        o.push(weights.reduce((sum, weight, j) => sum + weight * (v[(j * 2 + kv) * 32 + d] ?? 0), 0) / total);
      }
    }
  }
  return { q, k, v, o };
}

/** Writes the problem as a file, its o changed where a test wants a wrong one. */
export function writeProblem(
  path: string,
  mask: 'full' | 'causal',
  change: (o: number[]) => number[] = (o) => o,
): void {
  const { q, k, v, o } = problem(mask);
  const parts = { q: floats(q), k: floats(k), v: floats(v), o: floats(change(o)) };
  const shapes = { q: [1, 5, 4, 32], k: [1, 9, 2, 32], v: [1, 9, 2, 32], o: [1, 5, 4, 32] };
  const header: Record<string, unknown> = { __metadata__: { format: 'pt' } };
  let offset = 0;
  for (const name of ['q', 'k', 'v', 'o'] as const) {
    header[name] = { dtype: 'F32', shape: shapes[name], data_offsets: [offset, offset + parts[name].length] };
    offset += parts[name].length;
  }
  writeFileSync(path, fileBytes(header, Buffer.concat(Object.values(parts))));
}
