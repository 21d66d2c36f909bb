/** Hosts by need: what a contender runs on, opened once, shared by contenders with the same needs, opened again after a crash. */

import type { Kernel } from '../../kernels/kernel.ts';
import type { Host } from './contract.ts';
import type { Target } from './target.ts';

/** A kernel on a place to run it. Contenders with the same `place` share one host. */
export interface Contender {
  kernel: Kernel;
  target: Target;
  /** True for a limit of the device: it runs in the same rounds, and the kernels of its place are divided by it. */
  ceiling?: boolean;
}

/** A host that is open, with a number that grows each time it had to be opened again. */
export interface AcquiredHost {
  host: Host;
  generation: number;
}

export interface HostPool {
  acquire(target: Target): Promise<AcquiredHost>;
  /** To be called after a failure: tests the host and forgets it where it is gone. */
  check(target: Target): Promise<void>;
  kill(target: Target): void;
  close(): Promise<void>;
}

export function createHostPool(): HostPool {
  const open = new Map<Target, AcquiredHost>();
  const generations = new Map<Target, number>();
  return {
    async acquire(target) {
      const existing = open.get(target);
      if (existing !== undefined) return existing;
      const generation = (generations.get(target) ?? 0) + 1;
      generations.set(target, generation);
      const acquire = { host: await target.open(), generation };
      open.set(target, acquire);
      return acquire;
    },
    async check(target) {
      const acquire = open.get(target);
      if (acquire === undefined) return;
      try {
        await acquire.host.environment();
      } catch {
        // It does not answer: whoever needs it next gets a new one.
        open.delete(target);
      }
    },
    kill(target) {
      const acquire = open.get(target);
      if (acquire !== undefined) target.kill(acquire.host);
    },
    async close() {
      await Promise.all([...open.values()].map(({ host }) => host.close()));
      open.clear();
    },
  };
}
