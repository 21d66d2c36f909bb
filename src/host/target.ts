/** A place where kernels can run: how to open a host there and what it is. */

import { messageOf } from '../messages.ts';
import type { Environment, Host } from './contract.ts';

/** A host that can be ended at once, whatever it is doing. */
export interface KillableHost extends Host {
  kill(): void;
}

/** One pair of backend and engine flags: a child process in Node, a worker in a browser. */
export interface Target {
  /** Where: "node", "browser" or "mock". */
  host: string;
  variant: string | null;
  /** Why nothing can run here; otherwise null. */
  unavailable: string | null;
  environment: Environment | null;
  /** Opens a fresh host. */
  open(): Promise<Host>;
  /** Ends the host at once, so that whatever it is doing fails. */
  kill(host: Host): void;
  /** Ends the host that told the environment, where nobody has opened it since: a child that waits keeps its parent alive. */
  close(): Promise<void>;
}

/** Opens once to learn the environment; that host is the first one handed out. Where it cannot be opened, the place says why. */
export async function openTarget(host: string, variant: string | null, open: () => Promise<Host>): Promise<Target> {
  let first: Host | undefined;
  try {
    first = await open();
    const environment = await first.environment();
    return {
      host,
      variant,
      unavailable: null,
      environment,
      async open() {
        const opened = first ?? (await open());
        first = undefined;
        return opened;
      },
      kill: (running) => (running as Partial<KillableHost>).kill?.(),
      async close() {
        await first?.close();
        first = undefined;
      },
    };
  } catch (error) {
    await first?.close();
    return unavailableTarget(host, messageOf(error));
  }
}

/** A place where nothing can run, with the reason. */
export function unavailableTarget(host: string, reason: string): Target {
  const never = () => Promise.reject(new Error(reason));
  const unavailable = { host, variant: null, unavailable: reason, environment: null };
  return { ...unavailable, open: never, kill() {}, async close() {} };
}
