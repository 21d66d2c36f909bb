/** A host in a worker of the page that dies, loses its device or does not open: its calls fail, each with the reason. */

import { afterEach, expect, it, vi } from 'vitest';
import { type HostReply, openWorkerHost } from '../../src/page/worker-host.ts';
import type { StartWorker } from '../../src/page/workers.ts';

/** The worker that was started last; the test plays its side. */
let last: { sent: unknown[]; ended: boolean; fail(message: string): void; reply(data: HostReply): void };

const start: StartWorker = (name, fail) => {
  expect(name).toBe('host');
  const { port1, port2 } = new MessageChannel();
  const sent: unknown[] = [];
  port1.postMessage = (message: unknown) => void sent.push(message);
  last = { sent, ended: false, fail, reply: (data) => port1.onmessage?.(new MessageEvent('message', { data })) };
  const started = last;
  return {
    port: port1,
    end() {
      started.ended = true;
      port1.close();
      port2.close();
    },
  };
};

const ROLE = { backend: 'scalar' } as const;
const messageOf = (promise: Promise<unknown>) => promise.then(String, (error: Error) => error.message);

afterEach(() => {
  vi.useRealTimers();
});

async function opened() {
  const opening = openWorkerHost(ROLE, start);
  expect(last.sent).toEqual([ROLE]);
  last.reply({ ready: true });
  return { host: await opening, worker: last };
}

it('fails what is pending and what comes later where the worker ends in an error', async () => {
  const { host, worker } = await opened();
  const running = messageOf(host.run(1));
  worker.fail('out of memory');
  expect(await running).toBe('out of memory');
  expect(await messageOf(host.environment())).toBe('out of memory');
  expect(worker.ended).toBe(true);
});

it('fails with the reason where the device is gone', async () => {
  const { host, worker } = await opened();
  const running = messageOf(host.run(1));
  worker.reply({ gone: 'the WebGPU device was lost: unknown' });
  expect(await running).toBe('the WebGPU device was lost: unknown');
  expect(worker.ended).toBe(true);
});

it('is ended where it does not open within two minutes, or cannot be started', async () => {
  vi.useFakeTimers();
  const opening = messageOf(openWorkerHost(ROLE, start));
  await vi.advanceTimersByTimeAsync(121_000);
  expect(await opening).toMatch(/^it did not open within 120 s/);
  expect(last.ended).toBe(true);
  const failing = messageOf(openWorkerHost(ROLE, start));
  last.fail('the worker could not be started');
  expect(await failing).toBe('the worker could not be started');
  expect(last.ended).toBe(true);
});
