/** Machine code between pages that nothing can touch: a read or a write beyond a tensor, a packed copy or a scratch ends its process. */

import { describe, expect, it } from 'vitest';
import type { InstructionSet } from '../../../kernels/device.ts';
import type { Part } from '../../../scripts/guard-pages/guarded-memory.ts';
import { type GuardedOutcome, guardedShapes } from '../../../scripts/guard-pages/run.ts';
import { MACHINE_CODE } from '../../machine-code.ts';

async function outcomes(set: InstructionSet, first: number, count: number, shorter?: Part): Promise<GuardedOutcome[]> {
  const found: GuardedOutcome[] = [];
  for await (const outcome of guardedShapes(set, first, count, shorter)) found.push(outcome);
  return found;
}

describe.each(MACHINE_CODE.runs)('x64-flash in %s', (set) => {
  it('touches nothing beyond its memory on 20 random shapes, and is right', async () => {
    const found = await outcomes(set, 1, 20);
    expect(found).toHaveLength(20);
    expect(found.filter(({ state }) => state !== 'right')).toEqual([]);
  });

  // Seed 5 packs, seed 7 has few rows; both have sinks.
  it.each<[Part, number]>([
    ['packedK', 5],
    ['block', 7],
  ])('is found to reach beyond %s where that is a float too short', async (part, seed) => {
    const [found, ...others] = await outcomes(set, seed, 1, part);
    expect(others).toEqual([]);
    expect(found).toMatchObject({ seed, state: 'died', message: expect.stringContaining('SIGSEGV') });
  });
});

describe.skip.each(MACHINE_CODE.missing)('machine code $set, since $why', () => {
  it('touches nothing beyond its memory', () => {});
});
