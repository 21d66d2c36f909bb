/** A mock target on a clock of its own, on which only what it says takes time. */

import { vi } from 'vitest';
import type { KillableHost } from '../../src/host/target.ts';
import { mockTarget } from './targets.ts';

/** A clock in place of performance.now until `restore`, and a target that moves it: by its runs, and by `prepareSeconds`. */
export async function clockedTarget(mock: string, prepareSeconds = 0, change = (host: KillableHost) => host) {
  const clock = { seconds: 0, restore: () => spy.mockRestore() };
  const spy = vi.spyOn(performance, 'now').mockImplementation(() => clock.seconds * 1000);
  const target = await mockTarget(mock, (host) =>
    change({
      ...host,
      async prepare(request) {
        clock.seconds += prepareSeconds;
        return { ...(await host.prepare(request)), prepareSeconds };
      },
      async run(id) {
        const sample = await host.run(id);
        clock.seconds += sample.seconds;
        return sample;
      },
    }),
  );
  return { target, clock };
}
