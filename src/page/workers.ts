/**
 * Starts the page's workers, also for the workers that ask for one: Firefox 153 at times never returns from `new Worker` in a
 * worker (after 4 to 220 of them, in eight pages of eight; never in the window, in 2,000), so only the window starts any.
 */

import { threadNotStarted, workerNotStarted } from '../messages.ts';

const CREATE = {
  run: () => new Worker(new URL('./run-worker.ts', import.meta.url), { type: 'module' }),
  host: () => new Worker(new URL('./host-worker.ts', import.meta.url), { type: 'module' }),
  thread: () => new Worker(new URL('./thread-worker.ts', import.meta.url), { type: 'module' }),
};
type WorkerName = keyof typeof CREATE;

/** A worker, as whoever asked for it sees it. */
export interface StartedWorker {
  /** Messages to it and from it. */
  port: MessagePort;
  /** Ends it at once, with the workers that it asked for. */
  end(): void;
}

/** Starts a worker; `failed` is called with the message of an error that it does not catch, or why it could not be started. */
export type StartWorker = (name: WorkerName, failed: (message: string) => void) => StartedWorker;

/** What a worker says to the window by its own channel: a worker to start, or one of those to end. */
export type ToWindow = { start: WorkerName; number: number; port: MessagePort } | { end: number };
/** What the window says to a worker: its port, first of all, and later that a worker which it asked for failed. */
export type FromWindow = { port: MessagePort } | { failed: number; message: string };

/** Starts a worker from the window. */
export const startWorker: StartWorker = (name, failed) => {
  const { port1, port2 } = new MessageChannel();
  return { port: port1, end: create(name, port2, failed) };
};

/** Starts a worker at the other end of `port`. Returns how to end it. */
function create(name: WorkerName, port: MessagePort, failed: (message: string) => void): () => void {
  const worker = CREATE[name]();
  const ends = new Map<number, () => void>();
  const say = (message: FromWindow, transfer: Transferable[] = []) => worker.postMessage(message, transfer);
  worker.onerror = (event) => failed(event.message || (name === 'thread' ? threadNotStarted : workerNotStarted));
  worker.onmessage = ({ data }: MessageEvent<ToWindow>) => {
    if ('start' in data) {
      const { start, number } = data;
      const fail = (message: string) => say({ failed: number, message });
      ends.set(number, create(start, data.port, fail));
      return;
    }
    ends.get(data.end)?.();
    ends.delete(data.end);
  };
  say({ port }, [port]);
  return () => {
    worker.terminate();
    for (const end of ends.values()) end();
  };
}
