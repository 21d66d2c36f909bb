/** Mock targets whose hosts a test can change. */

import { findKernel } from '../../kernels/index.ts';
import type { Host } from '../../src/host/contract.ts';
import { createMockHost, parseMockOptions } from '../../src/host/mock.ts';
import type { Contender } from '../../src/host/pool.ts';
import type { Target } from '../../src/host/target.ts';

/** A target of mock hosts with these options; `opened` counts them, `change` may put another in the place of each. */
export async function mockTarget(
  mock: string,
  change: (host: Host, count: number) => Host = (host) => host,
): Promise<Target & { opened: number }> {
  const make = () => createMockHost('scalar', parseMockOptions(mock));
  const result: Target & { opened: number } = {
    ...{ host: 'mock', variant: null, unavailable: null, opened: 0 },
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

/** scalar-flash and scalar-naive in turn, one on each target. */
export function contendersOn(...targets: Target[]): Contender[] {
  const kernels = [findKernel('scalar-flash'), findKernel('scalar-naive')];
  return targets.map((target, index) => ({ kernel: kernels[index % 2] as Contender['kernel'], target }));
}
