/** Hosts by need: what a contender runs on, opened once, shared by contenders with the same needs, opened again after a crash. */

import type { Kernel } from '../../kernels/kernel.ts';
import type { Host } from './contract.ts';
import type { Place } from './target.ts';

/** A kernel on a place to run it. Contenders with the same `place` share one host. */
export interface Contender {
  kernel: Kernel;
  place: Place;
  /** True for a limit of the device: it runs in the same rounds, and the kernels of its place are divided by it. */
  ceiling?: boolean;
}

/** A host that is open, with a number that grows each time it had to be opened again. */
export interface Lease {
  host: Host;
  epoch: number;
}

export interface Source {
  lease(place: Place): Promise<Lease>;
  /** To be called after a failure: tests the host and forgets it where it is gone. */
  check(place: Place): Promise<void>;
  kill(place: Place): void;
  close(): Promise<void>;
}

export function createSource(): Source {
  const open = new Map<Place, Lease>();
  const epochs = new Map<Place, number>();
  return {
    async lease(place) {
      const existing = open.get(place);
      if (existing !== undefined) return existing;
      const epoch = (epochs.get(place) ?? 0) + 1;
      epochs.set(place, epoch);
      const lease = { host: await place.open(), epoch };
      open.set(place, lease);
      return lease;
    },
    async check(place) {
      const lease = open.get(place);
      if (lease === undefined) return;
      try {
        await lease.host.environment();
      } catch {
        // It does not answer: whoever needs it next gets a new one.
        open.delete(place);
      }
    },
    kill(place) {
      const lease = open.get(place);
      if (lease !== undefined) place.kill(lease.host);
    },
    async close() {
      await Promise.all([...open.values()].map(({ host }) => host.close()));
      open.clear();
    },
  };
}
