/** What the command line finds in the page: hosts by number, called with plain JSON. Used by src/host/node/browser-session.ts alone. */

import { decodeRequest, encodeResponse } from '../host/json-channel.ts';
import { answer, type Request, type Response } from '../host/protocol.ts';
import type { HostRole } from '../host/role.ts';
import type { KillableHost } from '../host/target.ts';
import { openWorkerHost } from './worker-host.ts';

const hosts = new Map<number, KillableHost>();
let count = 0;

const bridge = {
  isolated: crossOriginIsolated,
  threads: navigator.hardwareConcurrency,
  /** The number of a new host. Throws with the reason where it cannot be opened. */
  async open(role: HostRole): Promise<number> {
    const host = await openWorkerHost(role);
    count += 1;
    hosts.set(count, host);
    return count;
  },
  async call(id: number, request: Request): Promise<Response> {
    const host = hosts.get(id);
    if (host === undefined) return { call: request.call, ok: false, message: `the page has no host ${id}` };
    return encodeResponse(await answer(host, decodeRequest(request)));
  },
  kill(id: number): void {
    hosts.get(id)?.kill();
    hosts.delete(id);
  },
};

export type Bridge = typeof bridge;
Object.assign(globalThis, { attnbench: bridge });
