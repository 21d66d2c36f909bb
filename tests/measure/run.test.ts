/** The run loop on mock hosts: the order of its events, one budget for all cases, interruption, failures, closed hosts. */

import { describe, expect, it, vi } from 'vitest';
import { findKernel } from '../../kernels/index.ts';
import type { Target } from '../../src/host/target.ts';
import { measureRun, type RunEvent, type RunRequest } from '../../src/measure/run.ts';
import { cases } from '../../src/problem/cases.ts';
import { workload } from '../workloads.ts';
import { contendersOn, mockTarget } from './targets.ts';

const SMALL = workload({ seqQuery: 64, queryHeads: 2, kvHeads: 2 });
const THREE = cases([SMALL, { ...SMALL, mask: 'causal' }, { ...SMALL, seqQuery: 128 }]);

/** Three small cases of four samples, of scalar-flash and scalar-naive in turn on these targets. */
function request(targets: readonly Target[], changes: Partial<RunRequest> = {}): RunRequest {
  return {
    ...{ cases: THREE, targets, budgetSeconds: 5, samples: 4, full: false, seed: 1, baseline: null },
    contendersOf: () => contendersOn(...targets),
    ceilingsOf: async () => [],
    signal: new AbortController().signal,
    ...changes,
  };
}

/** All events of a run; `seen` hears each before the run goes on. */
async function eventsOf(run: RunRequest, seen: (event: RunEvent) => void = () => {}): Promise<RunEvent[]> {
  const events: RunEvent[] = [];
  for await (const event of measureRun(run)) {
    seen(event);
    events.push(event);
  }
  return events;
}

type Kind = RunEvent['kind'];
const ofKind = <K extends Kind>(events: readonly RunEvent[], kind: K) =>
  events.filter((event): event is Extract<RunEvent, { kind: K }> => event.kind === kind);

describe('a run', () => {
  it('tells its start, its cases from sample to record, and its end', async () => {
    const targets = [await mockTarget('rate=1e9'), await mockTarget('rate=2e9')];
    const events = await eventsOf(request(targets));
    const kinds = events.map(({ kind }) => kind).filter((kind) => kind !== 'progress');
    const samples = Array.from({ length: 8 }, (): Kind => 'sample');
    const one: Kind[] = ['case-started', ...samples, 'measured', 'measured', 'case-ended'];
    expect(kinds).toEqual(['run-started', ...one, ...one, ...one, 'run-ended']);
    expect(ofKind(events, 'run-started')[0]).toMatchObject({ kernels: 2, devices: [{ name: 'Mock device' }, {}] });
    expect(ofKind(events, 'measured').map(({ measurement }) => measurement.device)).toEqual([0, 1, 0, 1, 0, 1]);
    expect(ofKind(events, 'run-ended')[0]?.interrupted).toBe(false);
  });

  it('numbers its rounds through, so that no two cases share one', async () => {
    const target = await mockTarget('rate=1e9');
    const measured = ofKind(await eventsOf(request([target])), 'measured');
    const rounds = measured.map(({ measurement: m }) => (m.state === 'measured' ? m.samples.map((s) => s.round) : []));
    expect(rounds).toEqual([
      [0, 1, 2, 3],
      [4, 5, 6, 7],
      [8, 9, 10, 11],
    ]);
  });

  it('grows in progress from 0 to 1 over all cases', async () => {
    const shares = ofKind(await eventsOf(request([await mockTarget('rate=1e9')])), 'progress').map((e) => e.share);
    expect(shares[0]).toBeLessThan(0.01);
    expect(shares.every((share, index) => share >= (shares[index - 1] ?? 0) && share <= 1)).toBe(true);
    expect(shares.at(-1)).toBeGreaterThan(2 / 3);
  });

  it('keeps to one budget, and gives every case a sample even so', async () => {
    // A clock on which runs take what they report and nothing else takes any time.
    let seconds = 0;
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => seconds * 1000);
    const target = await mockTarget('rate=1e8,jitter=0.2', (host) => ({
      ...host,
      async run(id) {
        const sample = await host.run(id);
        seconds += sample.seconds;
        return sample;
      },
    }));
    try {
      const measured = ofKind(await eventsOf(request([target], { budgetSeconds: 0.5, samples: null })), 'measured');
      const counts = measured.map(({ measurement: m }) => m.state === 'measured' && m.samples.length);
      expect(counts.map((count) => Number(count) >= 1)).toEqual([true, true, true]);
      expect(seconds).toBeLessThanOrEqual(0.5);
    } finally {
      clock.mockRestore();
    }
  });

  it('keeps finished cases when it is interrupted between two, and begins no other', async () => {
    const interrupt = new AbortController();
    const events = await eventsOf(request([await mockTarget('rate=1e9')], { signal: interrupt.signal }), (event) => {
      if (event.kind === 'case-ended') interrupt.abort();
    });
    expect(ofKind(events, 'measured')).toHaveLength(1);
    expect(ofKind(events, 'case-started')).toHaveLength(1);
    expect(ofKind(events, 'run-ended')[0]?.interrupted).toBe(true);
  });

  it('verifies and keeps what has samples when it is interrupted within a case', async () => {
    const interrupt = new AbortController();
    const events = await eventsOf(request([await mockTarget('rate=1e9')], { signal: interrupt.signal }), (event) => {
      if (event.kind === 'sample' && event.sample.round === 1) interrupt.abort();
    });
    const [kept] = ofKind(events, 'measured');
    expect(kept?.measurement.state === 'measured' && kept.measurement.samples.length).toBe(2);
    expect(ofKind(events, 'case-ended')).toHaveLength(1);
  });

  it('loses no contender to one that fails', async () => {
    const targets = [await mockTarget('scalar=fail'), await mockTarget('rate=1e9')];
    const states = ofKind(await eventsOf(request(targets)), 'measured').map(({ measurement: m }) => m.state);
    expect(states).toEqual(['failed', 'measured', 'failed', 'measured', 'failed', 'measured']);
  });

  it('runs the ceilings of each target beside its kernels, without records of their own', async () => {
    const target = await mockTarget('rate=1e9');
    const ceilingsOf = async () => [findKernel('scalar-naive')];
    const events = await eventsOf(request([target], { ceilingsOf }));
    const measured = ofKind(events, 'measured').map(({ measurement }) => measurement);
    expect(measured.map(({ kernel }) => kernel)).toEqual(['scalar-flash', 'scalar-flash', 'scalar-flash']);
    expect(measured[0]).toMatchObject({ ceiling: { name: 'scalar-naive', share: 1 } });
  });

  it('goes on without a ceiling that cannot be found, and says so', async () => {
    const ceilingsOf = () => Promise.reject(new Error('the probe gave 2 instead of 3'));
    const events = await eventsOf(request([await mockTarget('rate=1e9')], { ceilingsOf }));
    expect(ofKind(events, 'notice')[0]?.text).toMatch(/No limit was found for Mock device \(the probe gave 2 /);
    expect(ofKind(events, 'measured')).toHaveLength(3);
  });

  it('closes its hosts when whoever reads it stops reading', async () => {
    let closed = 0;
    const close = async () => {
      closed += 1;
    };
    const target = await mockTarget('rate=1e9', (host) => ({ ...host, close }));
    for await (const event of measureRun(request([target]))) if (event.kind === 'sample') break;
    expect([target.opened, closed]).toEqual([1, 1]);
  });
});
