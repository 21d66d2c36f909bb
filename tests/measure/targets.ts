/** Mock targets whose hosts a test can change. */

import { findKernel } from '../../kernels/index.ts';
import { createMockHost, parseMockOptions } from '../../src/host/mock.ts';
import type { Contender } from '../../src/host/pool.ts';
import type { KillableHost, OpenTarget, Target } from '../../src/host/target.ts';

/** A target of mock hosts with these options; `opened` counts them, `change` may put another in the place of each. */
export async function mockTarget(
  mock: string,
  change: (host: KillableHost, count: number) => KillableHost = (host) => host,
): Promise<OpenTarget & { opened: number }> {
  const make = () => createMockHost({ backend: 'scalar' }, parseMockOptions(mock));
  const result: OpenTarget & { opened: number } = {
    ...{ state: 'open', host: 'mock', openSeconds: 0, opened: 0 },
    environment: await make().environment(),
    async open() {
      result.opened += 1;
      return change(make(), result.opened);
    },
    async close() {},
  };
  return result;
}

/** scalar-flash and scalar-naive in turn, one on each target. */
export function contendersOn(...targets: Target[]): Contender[] {
  const kernels = [findKernel('scalar-flash'), findKernel('scalar-naive')];
  return targets.map((target, index) => ({ kernel: kernels[index % 2] as Contender['kernel'], target }));
}
