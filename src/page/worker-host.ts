/** Starts a host in a worker and talks to it. If the device is lost or the worker ends, only its calls fail. */

import { connect, type Response } from '../host/protocol.ts';
import type { HostRole } from '../host/role.ts';
import type { KillableHost } from '../host/target.ts';
import { guarded, OPEN_LIMIT_S } from '../host/watchdog.ts';
import { hostClosed, hostStopped, openHung } from '../messages.ts';
import type { StartWorker } from './workers.ts';

/** What a host worker says: whether its host could be opened, then responses, or that its device is gone. */
export type HostReply = { ready: true } | { ready: false; message: string } | { gone: string } | Response;

/** Opens a host in a worker of its own, which `start` starts. Throws with the worker's reason if that fails. */
export async function openWorkerHost(role: HostRole, start: StartWorker): Promise<KillableHost> {
  const opened = Promise.withResolvers<void>();
  const worker = start('host', (message) => fail(message));
  const connection = connect((request) => worker.port.postMessage(request));
  const end = (reason: string) => {
    worker.end();
    connection.fail(new Error(reason));
  };
  const fail = (message: string) => {
    end(message);
    opened.reject(new Error(message));
  };
  worker.port.onmessage = ({ data }: MessageEvent<HostReply>) => {
    if ('gone' in data) fail(data.gone);
    else if ('call' in data) connection.receive(data);
    else if (data.ready) opened.resolve();
    else fail(data.message);
  };
  worker.port.postMessage(role);
  await guarded(
    OPEN_LIMIT_S,
    openHung,
    () => end(hostStopped),
    () => opened.promise,
  );
  return {
    ...connection.host,
    kill: () => end(hostStopped),
    close: async () => end(hostClosed),
  };
}
