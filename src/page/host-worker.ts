/** Runs one host in a worker of the page, driven by messages. Its counterpart in Node is src/host/node/child.ts. */

import type { Host } from '../host/contract.ts';
import { createScalarHost } from '../host/cpu/scalar-host.ts';
import { createWasmHost } from '../host/cpu/wasm-host.ts';
import type { WasmThreadJob } from '../host/cpu/wasm-instance.ts';
import { openDevice } from '../host/gpu/open-device.ts';
import { SUBMISSION_SECONDS } from '../host/gpu/submissions.ts';
import { answer, type Request } from '../host/protocol.ts';
import type { HostRole, WebgpuOptions } from '../host/role.ts';
import {
  deviceLost,
  messageOf,
  noAdapterAtAll,
  noHardwareAdapter,
  noMatchingAdapter,
  noWebgpuInBrowser,
} from '../messages.ts';
import { findAdapter } from './adapter.ts';
import { ownPort, startWorker } from './in-worker.ts';
import type { HostReply } from './worker-host.ts';

const CPU_NAME = 'CPU of this browser';
/** Browsers report memory in coarse steps up to 8 GiB; if one does not, half of that is assumed. */
const GIB = 2 ** 30;
const memoryBytes = Math.floor(((navigator as { deviceMemory?: number }).deviceMemory ?? 4) * GIB * 0.8);

// The page terminates this worker; nothing here ends by itself.
void ownPort.then((port) => {
  const reply = (message: HostReply) => port.postMessage(message);
  port.onmessage = (event: MessageEvent<HostRole>) => {
    void createHost(event.data, (reason) => reply({ gone: reason })).then(
      (host) => {
        port.onmessage = (next: MessageEvent<Request>) => void answer(host, next.data).then(reply);
        reply({ ready: true });
      },
      (error: unknown) => reply({ ready: false, message: messageOf(error) }),
    );
  };
});

async function createHost(role: HostRole, gone: (reason: string) => void): Promise<Host> {
  switch (role.backend) {
    case 'scalar':
      return createScalarHost(CPU_NAME, memoryBytes);
    case 'wasm':
      return createWasmHost({
        ...role,
        deviceName: CPU_NAME,
        memoryBytes,
        sharedMemory: crossOriginIsolated,
        startThread,
      });
    case 'webgpu':
      return openGpu(role.options, role.untimed ?? false, gone);
    default:
      return role satisfies never;
  }
}

async function startThread(job: WasmThreadJob): Promise<{ stop(): Promise<void> }> {
  const serving = Promise.withResolvers<void>();
  const worker = startWorker('thread', (message) => serving.reject(new Error(message)));
  worker.port.onmessage = () => serving.resolve();
  worker.port.postMessage(job);
  await serving.promise;
  return { stop: async () => worker.end() };
}

async function openGpu(options: WebgpuOptions, untimed: boolean, gone: (reason: string) => void): Promise<Host> {
  if (navigator.gpu === undefined) throw new Error(noWebgpuInBrowser);
  const { adapter, description } = await findAdapter(options.allowSoftware);
  if (adapter === null) throw new Error(options.allowSoftware ? noAdapterAtAll : noHardwareAdapter([]));
  if (description.software && !options.allowSoftware) throw new Error(noHardwareAdapter([description.name]));
  if (options.adapter !== null && !description.name.toLowerCase().includes(options.adapter.toLowerCase())) {
    throw new Error(noMatchingAdapter(options.adapter, [description.name]));
  }
  const { host } = await openDevice(adapter, {
    limits: options.limits,
    submissionSeconds: options.settings?.submissionSeconds ?? SUBMISSION_SECONDS.watched,
    memoryBytes,
    untimed,
    onLost: (reason) => gone(deviceLost(reason)),
  });
  return host;
}
