/** An interrupt: who is ended by it, and when. */

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Interrupted, runSteps, stoppable, watchStop } from '../../src/measure/stop.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A call that lasts until it is ended. */
function endless() {
  let fail: (error: Error) => void = () => {};
  const state = { ended: false };
  return {
    state,
    call: () =>
      new Promise<never>((_, reject) => {
        fail = reject;
      }),
    end: () => {
      state.ended = true;
      fail(new Error('SIGKILL'));
    },
  };
}

describe('a call on a host', () => {
  it('is ended a second after an interrupt, and says that it was', async () => {
    const interrupt = new AbortController();
    const { state, call, end } = endless();
    const outcome = stoppable(interrupt.signal, end, call).catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(state.ended).toBe(false);
    interrupt.abort();
    await vi.advanceTimersByTimeAsync(900);
    expect(state.ended).toBe(false);
    await vi.advanceTimersByTimeAsync(200);
    expect(state.ended).toBe(true);
    expect(await outcome).toBeInstanceOf(Interrupted);
  });

  it('is ended as well if the interrupt came before it', async () => {
    const { state, call, end } = endless();
    const outcome = stoppable(AbortSignal.abort(), end, call).catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(1_100);
    expect(state.ended).toBe(true);
    expect(await outcome).toBeInstanceOf(Interrupted);
  });

  it('may come to its end after an interrupt, and fail by itself', async () => {
    const { end } = endless();
    expect(await stoppable(AbortSignal.abort(), end, async () => 7)).toBe(7);
    const fault = new Error('the device is gone');
    await expect(stoppable(AbortSignal.abort(), end, () => Promise.reject(fault))).rejects.toBe(fault);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('steps', () => {
  /** So many steps of 100 ms by a clock that they move. */
  function* steps(count: number): Generator<void, string, void> {
    for (let step = 0; step < count; step += 1) {
      vi.setSystemTime(Date.now() + 100);
      vi.spyOn(performance, 'now').mockReturnValue(Date.now());
      yield;
    }
    return 'done';
  }
  const run = async (count: number, interruptAt: number) => {
    const interrupt = new AbortController();
    vi.spyOn(performance, 'now').mockReturnValue(Date.now());
    const watch = watchStop(interrupt.signal);
    setTimeout(() => interrupt.abort(), interruptAt);
    const outcome = runSteps(steps(count), watch).catch((error: unknown) => error);
    await vi.runAllTimersAsync();
    watch.dispose();
    vi.restoreAllMocks();
    return outcome;
  };

  it('run to their end, and hear an interrupt between them', async () => {
    expect(await run(30, 1e9)).toBe('done');
    expect(await run(12, 0)).toBe('done');
    expect(await run(30, 0)).toBeInstanceOf(Interrupted);
  });
});
