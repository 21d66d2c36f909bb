/** A pool of hosts, one for each target: opened when it is first needed, shared, and opened again after a crash. */

import type { Kernel } from '../../kernels/kernel.ts';
import type { KillableHost, OpenTarget, Target } from './target.ts';

/** A kernel on a target. Contenders on the same target share one host. */
export interface Contender {
  kernel: Kernel;
  target: Target;
  /** True for a limit of the device: it runs in the same rounds, and the kernels that it limits are divided by it. */
  ceiling?: boolean;
  /** The contenders that a ceiling limits; where this is absent, all of its target. */
  limited?: ReadonlySet<Contender>;
  /** Of a ceiling that is a limit of memory: bytes for each FLOP of attention; undefined where it is one of arithmetic. */
  bytesPerFlop?: number | undefined;
  /** Of a ceiling: the clock of a core in Hz, where the clock probe found it. */
  coreHertz?: number | undefined;
  /** Of a ceiling: its rate on large work by itself, FLOP/s, where it was measured. */
  flopsAlone?: number | undefined;
}

/** A host that is open, with a number that grows each time it had to be opened again. */
export interface AcquiredHost {
  host: KillableHost;
  generation: number;
}

/** Hosts that are open, by target. */
export interface HostPool {
  /** The target's host, opened where it is not. Throws where it cannot be. */
  acquire(target: OpenTarget): Promise<AcquiredHost>;
  /** The target's host where it is open. */
  opened(target: OpenTarget): AcquiredHost | undefined;
  /** To be called after a failure: asks the host whether it still answers, and forgets it where it does not. */
  check(target: OpenTarget): Promise<void>;
  /** Closes the target's host where it is open; the next one to need it gets a new one. */
  renew(target: OpenTarget): Promise<void>;
  /** Ends the target's host at once, so that whatever it is doing fails. */
  kill(target: OpenTarget): void;
  close(): Promise<void>;
}

/** An empty pool. */
export function createHostPool(): HostPool {
  const open = new Map<OpenTarget, AcquiredHost>();
  const generations = new Map<OpenTarget, number>();
  return {
    async acquire(target) {
      const existing = open.get(target);
      if (existing !== undefined) return existing;
      const generation = (generations.get(target) ?? 0) + 1;
      generations.set(target, generation);
      const acquired = { host: await target.open(), generation };
      open.set(target, acquired);
      return acquired;
    },
    opened: (target) => open.get(target),
    async check(target) {
      const acquired = open.get(target);
      if (acquired === undefined) return;
      try {
        await acquired.host.environment();
      } catch {
        // It does not answer: the next one to need it gets a new one.
        open.delete(target);
      }
    },
    async renew(target) {
      const acquired = open.get(target);
      open.delete(target);
      await acquired?.host.close();
    },
    kill: (target) => open.get(target)?.host.kill(),
    async close() {
      await Promise.all([...open.values()].map(({ host }) => host.close()));
      open.clear();
    },
  };
}
