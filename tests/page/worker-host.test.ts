/** A host in a worker of the page that dies, loses its device or does not open: its calls fail, each with the reason. */

import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { type HostReply, openWorkerHost } from '../../src/page/worker-host.ts';

/** A worker that never does anything by itself, of which the test plays the other side. */
class SilentWorker {
  static last: SilentWorker;
  onmessage: (event: { data: HostReply }) => void = () => {};
  onerror: (event: { message: string }) => void = () => {};
  sent: unknown[] = [];
  terminated = false;
  constructor() {
    SilentWorker.last = this;
  }
  postMessage(message: unknown) {
    this.sent.push(message);
  }
  terminate() {
    this.terminated = true;
  }
}

const ROLE = { backend: 'scalar' } as const;
const messageOf = (promise: Promise<unknown>) => promise.then(String, (error: Error) => error.message);

beforeEach(() => {
  vi.stubGlobal('Worker', SilentWorker);
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

async function opened() {
  const opening = openWorkerHost(ROLE);
  expect(SilentWorker.last.sent).toEqual([ROLE]);
  SilentWorker.last.onmessage({ data: { ready: true } });
  return { host: await opening, worker: SilentWorker.last };
}

it('fails what is pending and what comes later where the worker ends in an error', async () => {
  const { host, worker } = await opened();
  const running = messageOf(host.run(1));
  worker.onerror({ message: 'out of memory' });
  expect(await running).toBe('out of memory');
  expect(await messageOf(host.environment())).toBe('out of memory');
  expect(worker.terminated).toBe(true);
});

it('fails with the reason where the device is gone', async () => {
  const { host, worker } = await opened();
  const running = messageOf(host.run(1));
  worker.onmessage({ data: { gone: 'the WebGPU device was lost: unknown' } });
  expect(await running).toBe('the WebGPU device was lost: unknown');
  expect(worker.terminated).toBe(true);
});

it('is ended where it does not open within two minutes, or cannot be started', async () => {
  vi.useFakeTimers();
  const opening = messageOf(openWorkerHost(ROLE));
  await vi.advanceTimersByTimeAsync(121_000);
  expect(await opening).toMatch(/^it did not open within 120 s/);
  expect(SilentWorker.last.terminated).toBe(true);
  const failing = messageOf(openWorkerHost(ROLE));
  SilentWorker.last.onerror({ message: '' });
  expect(await failing).toMatch(/worker/);
});
