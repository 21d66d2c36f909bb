/** What a worker of the page has of the window that started it: a port to whoever asked for it, and workers of its own. */

import type { FromWindow, StartWorker, ToWindow } from './workers.ts';

const failures = new Map<number, (message: string) => void>();
let count = 0;

/** The port to whoever asked for this worker. */
export const ownPort = new Promise<MessagePort>((resolve) => {
  addEventListener('message', ({ data }: MessageEvent<FromWindow>) => {
    if ('port' in data) resolve(data.port);
    else failures.get(data.failed)?.(data.message);
  });
});

/** Asks the window for a worker. */
export const startWorker: StartWorker = (name, failed) => {
  const { port1, port2 } = new MessageChannel();
  count += 1;
  const number = count;
  const say = (message: ToWindow, transfer: Transferable[] = []) => postMessage(message, { transfer });
  failures.set(number, failed);
  say({ start: name, number, port: port2 }, [port2]);
  return {
    port: port1,
    end() {
      failures.delete(number);
      say({ end: number });
    },
  };
};
