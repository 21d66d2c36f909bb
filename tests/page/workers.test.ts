/** Workers that the window starts for workers: whoever asked gets their port and their errors, and they end with it. */

import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { type FromWindow, startWorker, type ToWindow } from '../../src/page/workers.ts';

/** A worker of which the test plays the other side. */
class SilentWorker {
  static all: SilentWorker[] = [];
  onmessage: (event: { data: ToWindow }) => void = () => {};
  onerror: (event: { message: string }) => void = () => {};
  sent: FromWindow[] = [];
  terminated = false;
  url: URL;
  constructor(url: URL) {
    this.url = url;
    SilentWorker.all.push(this);
  }
  postMessage(message: FromWindow) {
    this.sent.push(message);
  }
  terminate() {
    this.terminated = true;
  }
}

const ports: MessagePort[] = [];
const port = () => {
  const { port1, port2 } = new MessageChannel();
  ports.push(port1, port2);
  return port2;
};
const worker = (index: number) => SilentWorker.all[index] as SilentWorker;

beforeEach(() => {
  SilentWorker.all = [];
  vi.stubGlobal('Worker', SilentWorker);
});
afterEach(() => {
  vi.unstubAllGlobals();
  for (const open of ports.splice(0)) open.close();
});

it('gives a worker its port, and tells whoever asked for it why it failed', () => {
  const failed = vi.fn();
  ports.push(startWorker('run', failed).port);
  expect(worker(0).url.href).toMatch(/run-worker/);
  expect(worker(0).sent).toEqual([{ port: expect.any(MessagePort) }]);
  const own = port();
  worker(0).onmessage({ data: { start: 'host', number: 7, port: own } });
  expect(worker(1).url.href).toMatch(/host-worker/);
  expect(worker(1).sent).toEqual([{ port: own }]);
  worker(1).onerror({ message: 'out of memory' });
  expect(worker(0).sent.at(-1)).toEqual({ failed: 7, message: 'out of memory' });
  worker(0).onerror({ message: '' });
  expect(failed).toHaveBeenCalledWith('the worker could not be started; reload the page');
});

it('ends a worker with all that it had asked for', () => {
  const { port: own, end } = startWorker('run', () => {});
  ports.push(own);
  worker(0).onmessage({ data: { start: 'host', number: 1, port: port() } });
  worker(1).onmessage({ data: { start: 'thread', number: 1, port: port() } });
  worker(1).onmessage({ data: { start: 'thread', number: 2, port: port() } });
  worker(1).onmessage({ data: { end: 2 } });
  expect(SilentWorker.all.map(({ terminated }) => terminated)).toEqual([false, false, false, true]);
  worker(0).onmessage({ data: { end: 1 } });
  expect(SilentWorker.all.map(({ terminated }) => terminated)).toEqual([false, true, true, true]);
  end();
  expect(worker(0).terminated).toBe(true);
});
