/** Some of the random shapes of npm run random-shapes, every row beside the reference. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findKernel } from '../../../kernels/index.ts';
import { checkShape } from '../../../scripts/random-shapes/check.ts';
import { randomShape } from '../../../scripts/random-shapes/shapes.ts';
import type { Host } from '../../../src/host/contract.ts';
import { createScalarHost } from '../../../src/host/cpu/scalar-host.ts';
import { spawnWasm } from '../../../src/host/node/wasm-children.ts';
import { spawnX64 } from '../../../src/host/node/x64/choose-set.ts';
import { MACHINE_CODE } from '../../machine-code.ts';

/** Shapes of a test. */
const TOGETHER = 10;

describe.each([
  { name: 'wasm-flash', first: 1, count: 60, open: () => spawnWasm('simd-relaxed', 2) },
  { name: 'scalar-flash', first: 61, count: 20, open: async () => createScalarHost('this CPU', 2 ** 33) },
  { name: 'scalar-naive', first: 81, count: 20, open: async () => createScalarHost('this CPU', 2 ** 33) },
  // Seed 99: bf16 with a scale below 0.
  ...MACHINE_CODE.runs.map((set) => ({ name: 'x64-flash', first: 81, count: 20, open: () => spawnX64(set, 2) })),
])('$name', ({ name, first, count, open }) => {
  let host: Host;
  beforeAll(async () => {
    host = await open();
  });
  afterAll(() => host.close());

  it.each(Array.from({ length: count / TOGETHER }, (_, i) => first + i * TOGETHER))(
    'shapes from seed %i on',
    async (from) => {
      const outcomes: string[] = [];
      for (let seed = from; seed < from + TOGETHER; seed += 1) {
        const outcome = await checkShape([host], findKernel(name), randomShape(seed));
        outcomes.push(outcome.state === 'right' ? 'right' : outcome.message);
      }
      expect(outcomes).toEqual(Array(TOGETHER).fill('right'));
    },
  );
});
