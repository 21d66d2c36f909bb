/** What the page of hosts offers to the command line that drives it: hosts by number, called with plain JSON. */

import type { Request, Response } from './protocol.ts';
import type { HostRole } from './role.ts';

/** The functions that src/page/bridge.ts puts into the page and src/host/node/page-host.ts calls there. */
export interface PageBridge {
  /** Whether the page may share memory, and so run threads. */
  isolated: boolean;
  threads: number;
  /** Opens a host and returns its number. Throws with the reason where it cannot be opened. */
  open(role: HostRole): Promise<number>;
  call(id: number, request: Request): Promise<Response>;
  kill(id: number): void;
}

declare global {
  /** In the page of hosts only. */
  var attnbench: PageBridge;
}
