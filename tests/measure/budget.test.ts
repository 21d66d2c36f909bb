/** A budget that bounds, on a clock that only runs move: what a point takes, what is said before, what is left, an interrupt. */

import { describe, expect, it } from 'vitest';
import { createHostPool } from '../../src/host/pool.ts';
import type { KillableHost } from '../../src/host/target.ts';
import { type CaseEvent, type CaseOptions, measureCase } from '../../src/measure/case.ts';
import { flops } from '../../src/problem/flops.ts';
import { workload } from '../workloads.ts';
import { clockedTarget } from './clocked.ts';
import { contendersOn } from './targets.ts';

const LONG = workload({ seqQuery: 32768 });
/** scalar-flash has work tiles of two rows; the smallest slice on a thread is one of them. */
const LEAST_FLOPS = (2 * flops(LONG)) / LONG.seqQuery;

function options(budgetSeconds: number, changes: Partial<CaseOptions> = {}): CaseOptions {
  return {
    ...{ data: { kind: 'drawn', seed: 1 }, seed: 1, full: false, budgetSeconds, samples: null, baseline: null },
    ...{ signal: new AbortController().signal, devices: new Map(), firstRound: 0 },
    ...changes,
  };
}

/** The events of LONG on a device of so many FLOP/s, each with the time at which it came, and the time of the end. */
async function measure(
  mock: string,
  given: CaseOptions,
  prepareSeconds = 0,
  change?: (host: KillableHost) => KillableHost,
) {
  const { target, clock } = await clockedTarget(mock, prepareSeconds, change);
  const events: { event: CaseEvent; at: number }[] = [];
  try {
    for await (const event of measureCase(LONG, contendersOn(target), createHostPool(), given)) {
      events.push({ event, at: clock.seconds });
    }
  } finally {
    clock.restore();
  }
  const ofKind = <K extends CaseEvent['kind']>(kind: K) =>
    events.flatMap(({ event, at }) =>
      event.kind === kind ? [{ ...(event as Extract<CaseEvent, { kind: K }>), at }] : [],
    );
  return { ofKind, end: clock.seconds };
}

describe('a point', () => {
  it.each([
    ['many samples fit', 1e9, 2],
    ['a smaller slice gives a few', 3e8, 0.5],
    ['one smallest slice fits', 1e7, 1],
    ['not even that fits', 1e7, 0.1],
  ])('takes its share and at most one smallest slice where %s', async (_, rate, budget) => {
    const { ofKind, end } = await measure(`rate=${rate},jitter=0.1`, options(budget));
    expect(end).toBeLessThanOrEqual(budget + (1.2 * LEAST_FLOPS) / rate);
    const [m] = ofKind('measured').map(({ measurement }) => measurement);
    expect(m?.state === 'measured' && m.samples.length).toBeGreaterThanOrEqual(1);
    const pass = m?.state === 'measured' ? m.passSeconds / (flops(LONG) / rate) : 0;
    expect(Math.abs(pass - 1)).toBeLessThan(0.101);
  });

  it('gets fewer work tiles rather than fewer than six samples', async () => {
    const { ofKind } = await measure('rate=1e8,jitter=0.1', options(4));
    expect(ofKind('sample').length).toBeGreaterThanOrEqual(6);
  });
});

describe('before a point that cannot fit', () => {
  it('says what it will take, within 1.5 times', async () => {
    const { ofKind, end } = await measure('rate=1e6', options(0.5), 2);
    const [notice] = ofKind('notice');
    const [, told, , run] =
      /about (\d+) s, not (\d+) s: .* takes .* to fill, (\d+) s to run/.exec(notice?.text ?? '') ?? [];
    expect(Number(run)).toBeGreaterThanOrEqual(LEAST_FLOPS / 1e6);
    expect(Number(run)).toBeLessThan((1.5 * LEAST_FLOPS) / 1e6);
    // It does not know the 2 s of preparing, which is no time of values on this host.
    const left = end - (notice?.at ?? 0) - 2;
    expect(Number(told) / left).toBeGreaterThan(1 / 1.5);
    expect(Number(told) / left).toBeLessThan(1.5);
  });

  it('says nothing where it fits', async () => {
    const { ofKind } = await measure('rate=1e9', options(2));
    expect(ofKind('notice')).toEqual([]);
  });
});

describe('progress', () => {
  it('knows what is left: it counts down to the end, on a fast device and on a slow one', async () => {
    for (const [mock, budget] of [
      ['rate=1e9,jitter=0.2', 2],
      ['rate=1e6', 0.5],
    ] as const) {
      const { ofKind, end } = await measure(mock, options(budget));
      const begun = ofKind('notice')[0]?.at ?? 0;
      for (const { at, secondsLeft } of ofKind('progress').filter((event) => event.at > begun)) {
        expect(Math.abs(at + secondsLeft - end)).toBeLessThan(0.3 * end);
      }
    }
  });
});

describe('an interrupt', () => {
  /** A host whose run number `hangs` does not end by itself. */
  const hanging = (hangs: number, begun: () => void) => (host: KillableHost) => {
    let runs = 0;
    let dead = false;
    let fail: (error: Error) => void = () => {};
    return {
      ...host,
      environment: () => (dead ? Promise.reject(new Error('gone')) : host.environment()),
      run(id: number) {
        runs += 1;
        if (runs !== hangs) return host.run(id);
        begun();
        return new Promise<never>((_, reject) => {
          fail = reject;
        });
      },
      kill() {
        dead = true;
        fail(new Error('SIGKILL'));
      },
    };
  };

  it('ends a run that does not end, and keeps the samples before it', async () => {
    const interrupt = new AbortController();
    // A look of one run, then samples of almost a second.
    const { ofKind } = await measure(
      'rate=1e7',
      options(3, { signal: interrupt.signal }),
      0,
      hanging(5, () => interrupt.abort()),
    );
    const [m] = ofKind('measured').map(({ measurement }) => measurement);
    expect(m?.state === 'measured' && m.samples.length).toBe(ofKind('sample').length);
    expect(ofKind('sample').length).toBeGreaterThanOrEqual(1);
  });

  it('leaves nothing of a contender that it ended before its first sample, and calls that no failure', async () => {
    const interrupt = new AbortController();
    const { ofKind } = await measure(
      'rate=1e7',
      options(3, { signal: interrupt.signal }),
      0,
      hanging(1, () => interrupt.abort()),
    );
    expect(ofKind('measured')).toEqual([]);
    expect(ofKind('case-ended')).toHaveLength(1);
    expect(ofKind('case-ended')[0]?.measurements).toEqual([]);
  });
});
