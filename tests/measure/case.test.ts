/** The measuring loop on mock hosts: order of rounds, budget, failures, crashes and hangs of a host. */

import { describe, expect, it } from 'vitest';
import { type Contender, createHostPool } from '../../src/host/pool.ts';
import type { KillableHost } from '../../src/host/target.ts';
import { type CaseOptions, caseEnd, measureCase } from '../../src/measure/case.ts';
import { flops } from '../../src/problem/flops.ts';
import type { Measurement } from '../../src/record/measurement.ts';
import { workload } from '../workloads.ts';
import { contendersOn, mockTarget } from './targets.ts';

const OPTIONS: CaseOptions = {
  data: { kind: 'drawn', seed: 1 },
  seed: 1,
  full: false,
  budgetSeconds: 5,
  samples: null,
  baseline: null,
  signal: new AbortController().signal,
  devices: new Map(),
  firstRound: 0,
};
/** More than any machine needs for mocks. */
const LONG = { ...OPTIONS, budgetSeconds: 500 };
const SMALL = workload({ seqQuery: 64, queryHeads: 2, kvHeads: 2 });

/** The end of a case. */
const measure = (...args: Parameters<typeof measureCase>) => caseEnd(measureCase(...args));

describe('a case', () => {
  it('alternates the order of its contenders round by round', async () => {
    const order: [string, number][] = [];
    const at = await mockTarget('rate=1e9');
    const events = measureCase(SMALL, contendersOn(at, at), createHostPool(), {
      ...OPTIONS,
      samples: 4,
      firstRound: 7,
    });
    for await (const event of events) {
      if (event.kind === 'sample') order.push([event.contender.kernel.name, event.sample.round]);
    }
    const [a, b] = ['scalar-flash', 'scalar-naive'];
    expect(order.map(([name]) => name)).toEqual([a, b, b, a, a, b, b, a]);
    expect(order.map(([, round]) => round)).toEqual([7, 7, 8, 8, 9, 9, 10, 10]);
  });

  it('stops when every contender has settled', async () => {
    const at = await mockTarget('rate=1e9');
    const { measurements } = await measure(SMALL, contendersOn(at), createHostPool(), OPTIONS);
    const [m] = measurements;
    expect(m?.state === 'measured' && m.converged && m.samples.length).toBe(6);
  });

  it('takes one verified sample even without any budget, and says that it has not settled', async () => {
    const at = await mockTarget('rate=1e9,jitter=0.2');
    const { measurements } = await measure(SMALL, contendersOn(at, at), createHostPool(), {
      ...OPTIONS,
      budgetSeconds: 0,
    });
    expect(measurements.map((m) => m.state === 'measured' && [m.samples.length, m.converged])).toEqual([
      [1, false],
      [1, false],
    ]);
  });

  it('runs the whole workload where that is asked for', async () => {
    const long = workload({ headDim: 128, seqQuery: 2048, queryHeads: 4, kvHeads: 4 });
    const at = await mockTarget('rate=1e6');
    const run = async (full: boolean) => {
      const { measurements } = await measure(long, contendersOn(at), createHostPool(), {
        ...OPTIONS,
        full,
        budgetSeconds: 0.1,
      });
      return measurements[0]?.state === 'measured' ? measurements[0] : undefined;
    };
    expect((await run(true))?.coverage).toBe(1);
    const sliced = await run(false);
    expect(sliced?.coverage).toBeLessThan(0.05);
    // Both tell the same time for the whole: the rate does not depend on the share that ran.
    expect(sliced?.passSeconds).toBeCloseTo(flops(long) / 1e6, 3);
  });

  /** Contenders on a mock that is taken for a child process. */
  const inProcesses = async (mock: string, change?: Parameters<typeof mockTarget>[1]) => {
    const target = Object.assign(await mockTarget(mock, change), { host: 'node' });
    return { target, contenders: contendersOn(target, target) as [Contender, Contender] };
  };
  const processesOf = (m: Measurement | undefined) =>
    m?.state === 'measured' ? [...new Set(m.samples.map(({ process }) => process))] : m?.state;

  it('is spread over five processes where the budget allows, with ten rounds at most in each', async () => {
    const { target, contenders } = await inProcesses('rate=1e9');
    const { measurements, rounds } = await measure(SMALL, contenders, createHostPool(), LONG);
    expect(measurements.map(processesOf)).toEqual(Array(2).fill([0, 1, 2, 3, 4]));
    expect(rounds).toBe(50);
    expect(target.opened).toBe(5);
  });

  it('gives an ablation three processes for a little more than the budget, others one', async () => {
    // Rounds of 7 mocked seconds, and as much to begin: 56 for three processes of two, within 1.25 times the budget.
    const { contenders } = await inProcesses(`rate=${flops(SMALL) / 3.5}`);
    const [kernel, varied] = contenders;
    const found = async (ablation: Contender['kernel']['ablation']) => {
      const both = [kernel, { ...varied, kernel: { ...varied.kernel, ...(ablation && { ablation }) } }];
      const options = { ...OPTIONS, full: true, budgetSeconds: 50 };
      return (await measure(SMALL, both, createHostPool(), options)).measurements.map(processesOf);
    };
    expect(await found({ of: kernel.kernel.name, technique: 'overlap', change: 'removes' })).toEqual([
      [0, 1, 2],
      [0, 1, 2],
    ]);
    expect(await found(undefined)).toEqual([[undefined], [undefined]]);
  });

  it.each([
    ['does not open', (host: KillableHost) => ({ ...host, prepare: () => Promise.reject(new Error('it is gone')) })],
    ['fails in a run', (host: KillableHost) => ({ ...host, run: () => Promise.reject(new Error('it is gone')) })],
  ])('begins a further process once more where it %s, and loses nothing', async (_, broken) => {
    const change = (host: KillableHost, count: number) => (count === 3 ? broken(host) : host);
    const { target, contenders } = await inProcesses('rate=1e9', change);
    const { measurements } = await measure(SMALL, contenders, createHostPool(), LONG);
    expect(measurements.map(processesOf)).toEqual(Array(2).fill([0, 1, 2, 3, 4]));
    expect(target.opened).toBe(6);
  });

  it('keeps what its first process measured where no further one works, and says so', async () => {
    const change = (host: KillableHost, count: number) =>
      count === 1 ? host : { ...host, run: () => Promise.reject(new Error('it is gone')) };
    const { contenders } = await inProcesses('rate=1e9', change);
    const [notices, measurements]: [string[], Measurement[]] = [[], []];
    for await (const event of measureCase(SMALL, contenders, createHostPool(), LONG)) {
      if (event.kind === 'notice') notices.push(event.text);
      if (event.kind === 'measured') measurements.push(event.measurement);
    }
    expect(measurements.map(processesOf)).toEqual([[0], [0]]);
    expect(notices).toHaveLength(8);
    expect(notices[0]).toMatch(/^scalar-flash gave no sample in process 2 of the case \(it is gone\)/);
  });

  it('runs each kernel without a pause afterwards where that is asked for, ceilings aside', async () => {
    const at = await mockTarget('rate=1e9');
    const [kernel, ceiling] = contendersOn(at, at) as [Contender, Contender];
    const { measurements, spentSeconds } = await measure(
      SMALL,
      [kernel, { ...ceiling, ceiling: true }],
      createHostPool(),
      { ...OPTIONS, sustainSeconds: 0.5 },
    );
    expect(measurements).toHaveLength(1);
    const [m] = measurements;
    if (m?.state !== 'measured') throw new Error('not measured');
    expect(m.sustained?.burst).toBeCloseTo(0.001, 12);
    expect(m.sustained?.sustained).toBeCloseTo(0.001, 12);
    expect(m.sustained?.clocks).toBeUndefined();
    // Its samples are the ones of the rounds only.
    expect(m.samples).toHaveLength(6);
    expect(spentSeconds).toBeLessThan(OPTIONS.budgetSeconds);
  });

  it('keeps the samples of a kernel that fails while it runs without a pause, and says so', async () => {
    let [left, measured] = [5, 0];
    const at = await mockTarget('rate=1e9', (host) => ({
      ...host,
      run: async (id) => {
        if (measured === 6) left -= 1;
        if (left === 0) throw new Error('too hot');
        return host.run(id);
      },
    }));
    const notices: string[] = [];
    let measurement: Measurement | undefined;
    const events = measureCase(SMALL, contendersOn(at), createHostPool(), {
      ...OPTIONS,
      samples: 6,
      sustainSeconds: 60,
    });
    for await (const event of events) {
      if (event.kind === 'sample') measured += 1;
      if (event.kind === 'notice') notices.push(event.text);
      if (event.kind === 'measured') measurement = event.measurement;
    }
    expect(notices).toEqual([
      expect.stringMatching(/^scalar-flash: it ran without a pause for .* only \(too hot\)\.$/),
    ]);
    expect(measurement).toMatchObject({ state: 'measured', sustained: { burst: expect.closeTo(0.001, 9) } });
    expect(measurement?.state === 'measured' && measurement.samples.length).toBe(6);
  });

  it('prepares the others again after one has brought their host down', async () => {
    let dead = false;
    let runs = 0;
    const at = await mockTarget('rate=1e9', (host, count) => ({
      ...host,
      environment: () => (dead && count === 1 ? Promise.reject(new Error('gone')) : host.environment()),
      run: (id) => {
        runs += 1;
        // The host dies in the tenth run, whoever's it is.
        if (count === 1 && runs === 10) dead = true;
        return dead && count === 1 ? Promise.reject(new Error('gone')) : host.run(id);
      },
    }));
    const { measurements } = await measure(SMALL, contendersOn(at, at), createHostPool(), { ...OPTIONS, samples: 8 });
    expect(measurements.map(({ state }) => state).sort()).toEqual(['failed', 'measured']);
    const survivor = measurements.find((m) => m.state === 'measured');
    expect(survivor?.state === 'measured' && survivor.samples.length).toBe(8);
    expect(at.opened).toBe(2);
  });

  it('divides paired rounds by the baseline', async () => {
    const { ratios } = await measure(
      SMALL,
      contendersOn(await mockTarget('rate=3e9'), await mockTarget('rate=1e9')),
      createHostPool(),
      {
        ...OPTIONS,
        baseline: 'scalar-naive',
      },
    );
    expect(ratios).toHaveLength(1);
    expect(ratios[0]?.kernel).toBe('scalar-flash');
    expect(ratios[0]?.ratio).toBeCloseTo(3, 9);
  });

  it('divides the kernels of a target by its ceiling, which has no record of its own', async () => {
    const [kernel] = contendersOn(await mockTarget('rate=3e9')) as [Contender];
    // A host that runs the kernel at 3 GFLOP/s and whatever was prepared second, the ceiling, at 4.
    const shared = await mockTarget('rate=3e9', (host) => {
      const ceilings = new Set<number>();
      return {
        ...host,
        prepare: async (request) => {
          const prepared = await host.prepare(request);
          if (request.data.kind === 'none') ceilings.add(prepared.id);
          return prepared;
        },
        run: async (id) => {
          const sample = await host.run(id);
          return ceilings.has(id) ? { ...sample, seconds: sample.seconds * 0.75 } : sample;
        },
      };
    });
    const { measurements } = await measure(
      SMALL,
      [
        { ...kernel, target: shared },
        { ...kernel, target: shared, ceiling: true },
      ],
      createHostPool(),
      OPTIONS,
    );
    expect(measurements).toHaveLength(1);
    const ceiling = measurements[0]?.state === 'measured' ? measurements[0].ceiling : undefined;
    expect(ceiling?.share).toBeCloseTo(0.75, 9);
    expect(ceiling?.tflops).toBeCloseTo(0.004, 9);
    expect(ceiling?.roof).toBe('compute');
  });

  it.each([
    [8, 2, 'memory', 0.5],
    [2, 8, 'compute', 0.5],
  ] as const)(
    'takes the lower of two limits: arithmetic at %d GFLOPS, memory at %d',
    async (adds, reads, roof, share) => {
      const [kernel] = contendersOn(await mockTarget('rate=1e9')) as [Contender];
      const rates = new Map<number, number>();
      // What is prepared without data are the limits, in the order of the contenders.
      const shared = await mockTarget('rate=1e9', (host) => ({
        ...host,
        prepare: async (request) => {
          const prepared = await host.prepare(request);
          if (request.data.kind === 'none') rates.set(prepared.id, rates.size === 0 ? adds : reads);
          return prepared;
        },
        run: async (id) => {
          const sample = await host.run(id);
          return { ...sample, seconds: sample.seconds / (rates.get(id) ?? 1) };
        },
      }));
      const { measurements } = await measure(
        SMALL,
        [
          { ...kernel, target: shared },
          { ...kernel, target: shared, ceiling: true },
          { ...kernel, target: shared, ceiling: true, bytesPerFlop: 0.25 },
        ],
        createHostPool(),
        { ...OPTIONS, full: true, samples: 6 },
      );
      const ceiling = measurements[0]?.state === 'measured' ? measurements[0].ceiling : undefined;
      expect(ceiling?.roof).toBe(roof);
      expect(ceiling?.share).toBeCloseTo(share, 9);
      expect(ceiling?.tflops).toBeCloseTo(0.002, 9);
      expect(ceiling?.other?.tflops).toBeCloseTo(0.008, 9);
      if (roof === 'memory') expect(ceiling?.gigabytesPerSecond).toBeCloseTo(0.5, 9);
      else expect(ceiling?.gigabytesPerSecond).toBeUndefined();
    },
  );
});
