/**
 * Kernels in machine code run by an interpreter of their instructions: those of this CPU give the same bits on it, and those that it
 * lacks (tiles) are right by the oracle, to within what rounding to bf16 allows. No byte beyond a row of a tensor is touched.
 */

import { describe, expect, it } from 'vitest';
import { x64Bf16Products } from '../../../kernels/ceilings/x64-bf16.ts';
import { TYPICAL_DEVICE } from '../../../kernels/typical-device.ts';
import type { TileConfiguration } from '../../../kernels/x64/configuration.ts';
import { compareRows, roundingOf } from '../../../src/host/comparison.ts';
import { oracle } from '../../../src/host/oracle.ts';
import { workload } from '../../workloads.ts';
import { allRows } from '../harness.ts';
import { interpret } from './interpreter.ts';
import { runOnCpu } from './on-cpu.ts';
import { createHead } from './one-head.ts';
import { CONFIGURATIONS, programOf, SHAPES } from './shapes.ts';

const [, , , TILES] = CONFIGURATIONS as [never, never, never, TileConfiguration];
const DATA = { kind: 'normal', seed: 1 } as const;
const bitsOf = (outputs: Float32Array[]) => outputs.map((row) => [...new Uint32Array(row.buffer)]);

describe.each(CONFIGURATIONS)('$set, interpreted', (config) => {
  // f32 is tested at length on the CPU itself; here it tests the interpreter.
  it.each(config.set.endsWith('bf16') ? SHAPES : SHAPES.slice(0, 4))(
    '$seqQuery x $seqKv, $mask, head dimension $headDim is right',
    (w) => {
      const { typed, program } = programOf(w, config);
      const head = createHead(typed, program, DATA);
      const { outputs, counts } = interpret(head);
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
  const { typed, program } = programOf(workload({ seqQuery: 3, seqKv: 5 }), TILES);
  const head = createHead(typed, program, DATA);
  head.allowed[head.at.k + 16] = 0;
  expect(() => interpret(head)).toThrow(`reads byte ${head.at.k + 16}`);
});

it.each(['avx512-bf16', 'amx-bf16'] as const)('gives what the ceiling of %s says that it gives', (set) => {
  // So few keys that it is some passes.
  const w = workload({ seqQuery: 48, seqKv: 256, headDim: 64, dtype: 'bf16' });
  const probe = x64Bf16Products(set);
  const program = probe.build(w, TYPICAL_DEVICE);
  if (program.kind !== 'x64') throw new TypeError('no machine code');
  const head = createHead(w, program, DATA);
  const { memory } = interpret(head);
  expect(probe.expected(w)).toBeGreaterThan(0);
  expect(memory.getFloat32(head.at.o, true)).toBe(probe.expected(w));
});
