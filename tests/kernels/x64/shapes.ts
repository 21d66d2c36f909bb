/** Shapes and configurations for machine code that is interpreted: small, and ragged in every way. */

import type { X64Program } from '../../../kernels/kernel.ts';
import { emitBf16Flash } from '../../../kernels/x64/bf16.ts';
import type { TileConfiguration } from '../../../kernels/x64/configuration.ts';
import { emitX64Flash } from '../../../kernels/x64/flash.ts';
import type { Workload } from '../../../src/problem/workload.ts';
import { workload } from '../../workloads.ts';

/** Small blocks, so that small shapes have several. */
const BLOCKS = { blockRows: 96, blockKeys: 64 };
export const CONFIGURATIONS: TileConfiguration[] = [
  { set: 'avx2', rows: 6, vectors: 2, ...BLOCKS },
  { set: 'avx512', rows: 12, vectors: 2, ...BLOCKS },
  { set: 'avx512-bf16', rows: 12, vectors: 2, ...BLOCKS },
  { set: 'amx-bf16', rows: 32, vectors: 2, ...BLOCKS },
];

/** Ragged lengths and dims, rows that see nothing, windows, one query, odd dims, dims of v beyond those of q, a scale below 0, sinks. */
export const SHAPES: Workload[] = [
  workload({ seqQuery: 50, seqKv: 90, headDim: 17, headDimV: 5, mask: 'causal' }),
  workload({ seqQuery: 70, headDim: 64, headDimV: 33, mask: 'causal', window: 21 }),
  workload({ seqQuery: 3, seqKv: 5, headDim: 1, scale: -7 }),
  workload({ seqQuery: 100, seqKv: 33, headDim: 35, headDimV: 70, mask: 'causal' }),
  workload({ seqQuery: 40, seqKv: 70, headDim: 8, sinks: true }),
  workload({ seqQuery: 1, seqKv: 200, headDim: 32 }),
  workload({ seqQuery: 35, seqKv: 200, headDim: 9, headDimV: 130, window: 40 }),
];

/** The program of a configuration for a shape, which it gives in its type. */
export function programOf(w: Workload, config: TileConfiguration): { typed: Workload; program: X64Program } {
  if (config.set === 'avx2' || config.set === 'avx512') {
    return { typed: w, program: emitX64Flash(w, { ...config, set: config.set }) };
  }
  const typed: Workload = { ...w, dtype: 'bf16' };
  return { typed, program: emitBf16Flash(typed, config) };
}
