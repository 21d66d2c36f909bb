/** A sample on a CPU is passes enough to be timed, and no more. */

import { describe, expect, it } from 'vitest';
import { sampleOf } from '../../src/host/cpu/sample.ts';

/** A sample of passes that take so long each; and how many there were. */
async function passesOf(seconds: number) {
  let ran = 0;
  const sample = await sampleOf(100, () => {
    ran += 1;
    return seconds;
  });
  return { ...sample, ran };
}

describe('a sample', () => {
  it('is one pass where that is long', async () => {
    expect(await passesOf(0.01)).toEqual({ ran: 1, seconds: 0.01, flops: 100, clock: 'wall' });
    expect(await passesOf(3)).toMatchObject({ ran: 1, seconds: 3, flops: 100 });
  });

  it('is several where one is short, their seconds and FLOPs added up', async () => {
    const { ran, passes, seconds, flops } = await passesOf(0.003);
    expect(ran).toBe(4);
    expect(passes).toBe(4);
    expect(seconds).toBeCloseTo(0.012, 12);
    expect(flops).toBe(400);
  });

  it('ends with the sixteenth, even where a clock shows nothing', async () => {
    expect(await passesOf(0)).toEqual({ ran: 16, passes: 16, seconds: 0, flops: 1600, clock: 'wall' });
  });

  it('fails with the pass that fails', async () => {
    await expect(sampleOf(1, () => Promise.reject(new Error('a thread failed')))).rejects.toThrow('a thread failed');
  });
});
