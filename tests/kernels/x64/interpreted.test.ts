/**
 * Kernels in machine code run by an interpreter of their instructions: those of this CPU give the same bits on it, and those that it
 * lacks (tiles) are right by the oracle, to within what rounding to bf16 allows. No byte beyond a row of a tensor is touched.
 */

import { describe, expect, it } from 'vitest';
import { emitBf16Flash } from '../../../kernels/x64/bf16.ts';
import type { TileConfiguration } from '../../../kernels/x64/configuration.ts';
import { emitX64Flash } from '../../../kernels/x64/flash.ts';
import { compareRows, roundingOf } from '../../../src/host/comparison.ts';
import { oracle } from '../../../src/host/oracle.ts';
import type { Workload } from '../../../src/problem/workload.ts';
import { workload } from '../../workloads.ts';
import { allRows } from '../harness.ts';
import { call } from './interpreter.ts';
import { createMachine } from './machine.ts';
import { runOnCpu } from './on-cpu.ts';
import { attend, createHead, type Head, outputOf } from './one-head.ts';

const DATA = { kind: 'normal', seed: 1 } as const;
/** Small blocks, so that small shapes have several. */
const BLOCKS = { blockRows: 96, blockKeys: 64 };
const CONFIGURATIONS: TileConfiguration[] = [
  { set: 'avx2', rows: 6, vectors: 2, ...BLOCKS },
  { set: 'avx512', rows: 12, vectors: 2, ...BLOCKS },
  { set: 'avx512-bf16', rows: 12, vectors: 2, ...BLOCKS },
  { set: 'amx-bf16', rows: 32, vectors: 2, ...BLOCKS },
];

/** Ragged lengths and dims, rows that see nothing, windows, one query, odd dims, dims of v beyond those of q. */
const SHAPES: Workload[] = [
  workload({ seqQuery: 40, seqKv: 70, headDim: 40 }),
  workload({ seqQuery: 50, seqKv: 90, headDim: 17, headDimV: 5, mask: 'causal' }),
  workload({ seqQuery: 70, headDim: 64, headDimV: 33, mask: 'causal', window: 21 }),
  workload({ seqQuery: 3, seqKv: 5, headDim: 1, scale: 7 }),
  workload({ seqQuery: 100, seqKv: 33, headDim: 35, headDimV: 70, mask: 'causal' }),
  workload({ seqQuery: 1, seqKv: 200, headDim: 32 }),
  workload({ seqQuery: 35, seqKv: 200, headDim: 9, headDimV: 130, window: 40 }),
];

/** The program of a configuration for a shape in its type. */
function programOf(w: Workload, config: TileConfiguration) {
  const bf16 = config.set === 'avx512-bf16' || config.set === 'amx-bf16';
  const typed: Workload = { ...w, dtype: bf16 ? 'bf16' : 'f32' };
  const program = bf16 ? emitBf16Flash(typed, config) : emitX64Flash(typed, { ...config, set: config.set as 'avx2' });
  return { typed, program };
}

function interpreted(head: Head) {
  const machine = createMachine(head.image.length);
  new Uint8Array(machine.memory.buffer).set(head.image);
  machine.allowed.set(head.allowed);
  attend(head, machine.memory, 0n, (name, pointer) =>
    call(machine, head.program.code, name, Number(pointer), head.at.stack),
  );
  return { outputs: outputOf(head, machine.memory), counts: machine.counts };
}

/** Bits of outputs. */
const bitsOf = (outputs: Float32Array[]) => outputs.map((row) => [...new Uint32Array(row.buffer)]);

describe.each(CONFIGURATIONS)('$set, interpreted', (config) => {
  const bf16 = config.set.endsWith('bf16');
  const sinks = workload({ seqQuery: 40, seqKv: 70, headDim: 8, sinks: true });
  // f32 is tested at length on the CPU itself; here it tests the interpreter.
  it.each(bf16 ? [...SHAPES, sinks] : SHAPES.slice(1, 5))(
    '$seqQuery x $seqKv, $mask, head dimension $headDim is right',
    (w) => {
      const { typed, program } = programOf(w, config);
      const head = createHead(typed, program, DATA);
      const { outputs, counts } = interpreted(head);
      const references = oracle(typed, DATA, allRows(typed));
      const found = compareRows(typed, references, outputs, { rounding: roundingOf(typed, program) });
      expect(found.maxRelativeError).toBeLessThanOrEqual(found.tolerance);
      expect(counts.has('tdpbf16ps')).toBe(config.set === 'amx-bf16');
      const onCpu = runOnCpu(head);
      if (onCpu !== undefined) expect(bitsOf(outputs)).toEqual(bitsOf(onCpu));
    },
  );
});

it('touches no byte that it may not', () => {
  const [w] = SHAPES as [Workload];
  const { typed, program } = programOf(w, CONFIGURATIONS[3] as TileConfiguration);
  const head = createHead(typed, program, DATA);
  head.allowed[head.at.k + 16] = 0;
  expect(() => interpreted(head)).toThrow(`reads byte ${head.at.k + 16}`);
});
