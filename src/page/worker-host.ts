/** Starts a host in a worker and talks to it. If the device is lost or the worker ends, only its calls fail. */

import { connect, type Response } from '../host/protocol.ts';
import type { HostRole } from '../host/role.ts';
import type { KillableHost } from '../host/target.ts';
import { guarded, OPEN_LIMIT_S } from '../host/watchdog.ts';
import { hostClosed, hostStopped, openHung, workerNotStarted } from '../messages.ts';

/** What a host worker says: whether its host could be opened, then responses, or that its device is gone. */
export type HostReply = { ready: true } | { ready: false; message: string } | { gone: string } | Response;

/** Opens a host in a worker of its own. Throws with the worker's reason if that fails. */
export async function openWorkerHost(role: HostRole): Promise<KillableHost> {
  const worker = new Worker(new URL('./host-worker.ts', import.meta.url), { type: 'module' });
  const connection = connect((request) => worker.postMessage(request));
  const end = (reason: string) => {
    worker.terminate();
    connection.fail(new Error(reason));
  };
  const opened = new Promise<void>((resolve, reject) => {
    worker.onerror = (event) => {
      const message = event.message || workerNotStarted;
      end(message);
      reject(new Error(message));
    };
    worker.onmessage = ({ data }: MessageEvent<HostReply>) => {
      if ('gone' in data) end(data.gone);
      else if ('call' in data) connection.receive(data);
      else if (data.ready) resolve();
      else {
        end(data.message);
        reject(new Error(data.message));
      }
    };
    worker.postMessage(role);
  });
  await guarded(
    OPEN_LIMIT_S,
    openHung,
    () => end(hostStopped),
    () => opened,
  );
  return {
    ...connection.host,
    kill: () => end(hostStopped),
    close: async () => end(hostClosed),
  };
}
