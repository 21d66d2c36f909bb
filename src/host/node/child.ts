/** The file that a child process runs: one host, driven by messages from the parent, idle between them. */

import { flushCompileCache } from 'node:module';
import { Worker } from 'node:worker_threads';
import type { InstructionSet } from '../../../kernels/device.ts';
import type { OrtBuild } from '../../../kernels/peers/ort-model.ts';
import { messageOf } from '../../messages.ts';
import type { Host } from '../contract.ts';
import { createScalarHost } from '../cpu/scalar-host.ts';
import { createWasmHost } from '../cpu/wasm-host.ts';
import type { ThreadJob } from '../cpu/work-thread.ts';
import { answer, type Request } from '../protocol.ts';
import type { HostRole, WebgpuOptions } from '../role.ts';
import { createDawnHost, listAdapters } from './dawn.ts';
import { createOrtCpuHost } from './ort-cpu-host.ts';
import { createOrtWebgpuHost } from './ort-webgpu-host.ts';
import { siblingUrl } from './sibling.ts';
import { createTfjsHost } from './tfjs-host.ts';
import { cpuName, spareMemoryBytes } from './this-machine.ts';

/** What the first message asks this child to be. */
export type ChildRole =
  | HostRole
  | { backend: 'native'; threads: number; set: InstructionSet | null }
  | { library: 'onnxruntime'; backend: OrtBuild; threads: number }
  | { library: 'onnxruntime'; backend: 'webgpu'; options: WebgpuOptions }
  | { library: 'tensorflow'; backend: 'wasm' }
  | { backend: 'adapters' };

/** What the child answers to it. */
export type ChildReady =
  | { ready: true; adapters?: Awaited<ReturnType<typeof listAdapters>> }
  | { ready: false; message: string };

// An interrupt goes to the whole process group; the parent decides when its children end.
process.on('SIGINT', () => {});
process.on('disconnect', () => process.exit(0));

process.once('message', (role: ChildRole) => {
  void start(role).then(
    (reply) => process.send?.(reply),
    (error: unknown) => process.send?.({ ready: false, message: messageOf(error) }),
  );
});

async function start(role: ChildRole): Promise<ChildReady> {
  if (role.backend === 'adapters') return { ready: true, adapters: await listAdapters() };
  // A child ends by a signal, and only an orderly exit would save what was compiled of these files.
  flushCompileCache();
  const host = await createHost(role);
  process.on('message', (request: Request) => {
    void answer(host, request).then((response) => process.send?.(response));
  });
  return { ready: true };
}

async function createHost(role: Exclude<ChildRole, { backend: 'adapters' }>): Promise<Host> {
  const deviceName = cpuName();
  const memoryBytes = spareMemoryBytes();
  if ('library' in role) {
    if (role.library === 'tensorflow') return createTfjsHost();
    return role.backend === 'webgpu' ? createOrtWebgpuHost(role.options) : createOrtCpuHost(role.backend, role.threads);
  }
  switch (role.backend) {
    case 'scalar':
      return createScalarHost(deviceName, memoryBytes);
    case 'wasm':
      return createWasmHost({
        ...role,
        deviceName,
        memoryBytes,
        sharedMemory: true,
        startThread,
      });
    case 'native': {
      // Its encoder is loaded only where it is used.
      const { createX64Host } = await import('./x64/x64-host.ts');
      return createX64Host({ ...role, deviceName, memoryBytes, startThread });
    }
    case 'webgpu':
      return createDawnHost(role.options, role.untimed ?? false);
    default:
      return role satisfies never;
  }
}

async function startThread(job: ThreadJob<unknown>): Promise<{ stop(): Promise<void> }> {
  const worker = new Worker(siblingUrl(import.meta.url, 'thread'), { workerData: job });
  await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
  return { stop: async () => void (await worker.terminate()) };
}
