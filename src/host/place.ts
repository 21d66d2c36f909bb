/** A place where kernels can run: how to open a host there and what it is. */

import type { Environment, Host } from './host.ts';

/** One pair of backend and engine flags; a child process in Node. */
export interface Place {
  /** Where: "node" or "mock". */
  host: string;
  variant: string | null;
  /** Why nothing can run here; otherwise null. */
  unavailable: string | null;
  environment: Environment | null;
  /** Index of the device in the run's context. */
  device: number | null;
  /** Opens a fresh host. */
  open(): Promise<Host>;
  /** Ends the host at once, so that whatever it is doing fails. */
  kill(host: Host): void;
}
