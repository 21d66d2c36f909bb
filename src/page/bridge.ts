/** The page's side of src/host/page-bridge.ts: opens hosts in workers for the command line that drives this page. */

import { decodeRequest, encodeResponse } from '../host/json-channel.ts';
import type { PageBridge } from '../host/page-bridge.ts';
import { answer } from '../host/protocol.ts';
import type { KillableHost } from '../host/target.ts';
import { openWorkerHost } from './worker-host.ts';
import { startWorker } from './workers.ts';

const hosts = new Map<number, KillableHost>();
let count = 0;

const bridge: PageBridge = {
  isolated: crossOriginIsolated,
  threads: navigator.hardwareConcurrency,
  async open(role) {
    const host = await openWorkerHost(role, startWorker);
    count += 1;
    hosts.set(count, host);
    return count;
  },
  async call(id, request) {
    const host = hosts.get(id);
    if (host === undefined) return { call: request.call, ok: false, message: `the page has no host ${id}` };
    return encodeResponse(await answer(host, decodeRequest(request)));
  },
  kill(id) {
    hosts.get(id)?.kill();
    hosts.delete(id);
  },
};

globalThis.attnbench = bridge;
