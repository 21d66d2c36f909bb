/** A kernel without a pause: what counts as burst and as sustained, and that whatever ends it keeps what it has. */

import { describe, expect, it } from 'vitest';
import type { Sample } from '../../src/host/contract.ts';
import type { ClockReader } from '../../src/measure/clock-reader.ts';
import { Interrupted } from '../../src/measure/stop.ts';
import { type SustainRequest, sustain } from '../../src/measure/sustain.ts';

/** Runs that say how long they took, so that no time passes. Rates are in TFLOPS. */
function runs(seconds: number, rateAt: (index: number) => number): () => Promise<Sample> {
  let count = 0;
  return async () => {
    const flops = rateAt(count) * 1e12 * seconds;
    count += 1;
    return { seconds, flops, clock: 'mock' };
  };
}

async function result(request: Partial<SustainRequest> & Pick<SustainRequest, 'run'>) {
  const notices: string[] = [];
  const { signal } = new AbortController();
  const going = sustain({ seconds: 0.5, clock: null, signal, ...request }, (text) => notices.push(text));
  const progress: number[] = [];
  let step = await going.next();
  for (; step.done !== true; step = await going.next()) progress.push(step.value);
  return { found: step.value, notices, progress };
}

describe('sustain', () => {
  it('tells the first second from the second half', async () => {
    const { found } = await result({ seconds: 0.5, run: runs(0.1, (i) => (i < 2 ? 4 : 1)) });
    // All of it lies within the first second: the burst is the mean of it.
    expect(found?.burst).toBeCloseTo((2 * 4 + 3) / 5, 2);
    expect(found?.sustained).toBeCloseTo(1, 9);
    expect(found?.samples.map(({ seconds }) => seconds)).toEqual([0.1, 0.1, 0.1, 0.1, 0.1]);
    expect(found?.restSeconds).toBe(0.05);
  });

  it('takes the first run for the burst where that is longer than a second', async () => {
    const { found } = await result({ seconds: 6, run: runs(2, (i) => 3 - i), signal: AbortSignal.any([]) });
    expect(found).toMatchObject({ burst: 3, sustained: 1 });
    expect(found?.clocks).toBeUndefined();
  });

  it('adds short runs up', async () => {
    const { found, progress } = await result({ seconds: 0.6, run: runs(0.0001, () => 1) });
    expect(found?.samples.length).toBeLessThanOrEqual(600);
    expect(found?.sustained).toBeCloseTo(1, 9);
    expect(progress).toEqual([...progress].sort((a, b) => a - b));
  });

  it('reads the clock in between, and goes on where that fails', async () => {
    let readings = 0;
    const clock: ClockReader = {
      read: async () => {
        readings += 1;
        if (readings === 3) throw new Error('no answer');
        return 3e9;
      },
      close: async () => {},
    };
    const { found, notices } = await result({ run: runs(0.02, () => 1), clock });
    expect(found?.clocks?.map(({ hertz }) => hertz)).toEqual([3e9, 3e9]);
    expect(found?.samples.length).toBeGreaterThan(10);
    expect(notices).toEqual(['the clock of a core was not read (no answer).']);
  });

  it('keeps what it has where a run fails, and says so; an interrupt says nothing', async () => {
    const failing = (error: Error) => {
      const inner = runs(0.1, () => 1);
      let count = 0;
      return () => {
        count += 1;
        return count > 2 ? Promise.reject(error) : inner();
      };
    };
    const failed = await result({ run: failing(new Error('gone')) });
    expect(failed.found?.samples).toHaveLength(2);
    expect(failed.notices).toEqual(['it ran without a pause for 0.2 s only (gone).']);
    const stopped = await result({ run: failing(new Interrupted()) });
    expect(stopped.found?.samples).toHaveLength(2);
    expect(stopped.notices).toEqual([]);
  });

  it('gives nothing where not even one run ended', async () => {
    const { found } = await result({ run: () => Promise.reject(new Error('gone')) });
    expect(found).toBeNull();
    const aborted = await result({ run: runs(0.1, () => 1), signal: AbortSignal.abort() });
    expect(aborted.found).toBeNull();
  });
});
