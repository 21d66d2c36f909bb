/** The measuring loop on mock hosts: order of rounds, budget, failures, crashes and hangs of a host. */

import { describe, expect, it } from 'vitest';
import { KERNELS } from '../../kernels/index.ts';
import type { Host } from '../../src/host/contract.ts';
import { createMockHost, parseMockOptions } from '../../src/host/mock.ts';
import { type Contender, createHostPool } from '../../src/host/pool.ts';
import type { Target } from '../../src/host/target.ts';
import { type CaseOptions, measureCase } from '../../src/measure/case.ts';
import { flops } from '../../src/problem/flops.ts';
import { workload } from '../workloads.ts';

const OPTIONS: CaseOptions = {
  data: { kind: 'normal', seed: 1 },
  seed: 1,
  full: false,
  budgetSeconds: 5,
  samples: null,
  baseline: null,
  signal: { aborted: false },
  onProgress: () => {},
};
const SMALL = workload({ seqQuery: 64, queryHeads: 2, kvHeads: 2 });

/** A place whose hosts can be changed by a test; `opened` counts them. */
async function target(
  mock: string,
  change: (host: Host, count: number) => Host = (host) => host,
): Promise<Target & { opened: number }> {
  const make = () => createMockHost('scalar', parseMockOptions(mock));
  const result: Target & { opened: number } = {
    ...{ host: 'mock', variant: null, unavailable: null, device: 0, opened: 0 },
    environment: await make().environment(),
    async open() {
      result.opened += 1;
      return change(make(), result.opened);
    },
    kill() {},
    async close() {},
  };
  return result;
}

function contenders(...targets: Target[]): Contender[] {
  const scalar = KERNELS.filter(({ backend }) => backend === 'scalar');
  return targets.map((at, i) => ({ kernel: scalar[i % 2] as Contender['kernel'], target: at }));
}

describe('a case', () => {
  it('alternates the order of its contenders round by round', async () => {
    const order: string[] = [];
    const onProgress = (message: string) => {
      if (message.includes('sample')) order.push(message.split(',')[0] ?? '');
    };
    const at = await target('rate=1e9');
    await measureCase(SMALL, contenders(at, at), createHostPool(), { ...OPTIONS, samples: 4, onProgress });
    const [a, b] = ['scalar-flash', 'scalar-naive'];
    expect(order).toEqual([a, b, b, a, a, b, b, a]);
  });

  it('stops when every contender has settled', async () => {
    const at = await target('rate=1e9');
    const { measurements } = await measureCase(SMALL, contenders(at), createHostPool(), OPTIONS);
    const [m] = measurements;
    expect(m?.state === 'measured' && m.converged && m.samples.length).toBe(6);
  });

  it('takes one verified sample even without any budget, and says that it has not settled', async () => {
    const at = await target('rate=1e9,jitter=0.2');
    const { measurements } = await measureCase(SMALL, contenders(at, at), createHostPool(), {
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
    const at = await target('rate=1e6');
    const run = async (full: boolean) => {
      const { measurements } = await measureCase(long, contenders(at), createHostPool(), {
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

  it('prepares the others again after one has brought their host down', async () => {
    let dead = false;
    let runs = 0;
    const at = await target('rate=1e9', (host, count) => ({
      ...host,
      environment: () => (dead && count === 1 ? Promise.reject(new Error('gone')) : host.environment()),
      run: (id) => {
        runs += 1;
        // The host dies in the tenth run, whoever's it is.
        if (count === 1 && runs === 10) dead = true;
        return dead && count === 1 ? Promise.reject(new Error('gone')) : host.run(id);
      },
    }));
    const { measurements } = await measureCase(SMALL, contenders(at, at), createHostPool(), { ...OPTIONS, samples: 8 });
    expect(measurements.map(({ state }) => state).sort()).toEqual(['failed', 'measured']);
    const survivor = measurements.find((m) => m.state === 'measured');
    expect(survivor?.state === 'measured' && survivor.samples.length).toBe(8);
    expect(at.opened).toBe(2);
  });

  it('divides paired rounds by the baseline', async () => {
    const { ratios } = await measureCase(
      SMALL,
      contenders(await target('rate=3e9'), await target('rate=1e9')),
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
    const [kernelTarget] = [await target('rate=3e9')];
    const kernel = contenders(kernelTarget)[0] as Contender;
    // A host that runs the kernel at 3 GFLOP/s and whatever was prepared second, the ceiling, at 4.
    const shared = await target('rate=3e9', (host) => {
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
    const { measurements } = await measureCase(
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
  });
});
