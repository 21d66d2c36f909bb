/** The file that a worker thread runs: of WebAssembly or of machine code, by what it is given. */

import { parentPort, workerData } from 'node:worker_threads';
import { instantiateWasm } from '../cpu/wasm-instance.ts';
import { serveThread, type ThreadJob } from '../cpu/work-thread.ts';
import { instantiateX64, type MachineCode } from './x64/functions.ts';

const job = workerData as ThreadJob<WebAssembly.Module> | ThreadJob<MachineCode>;
const ready = () => parentPort?.postMessage('ready');
if (isMachineCode(job)) serveThread(job, instantiateX64, ready);
else serveThread(job, instantiateWasm, ready);

function isMachineCode(given: typeof job): given is ThreadJob<MachineCode> {
  return !(given.code instanceof WebAssembly.Module);
}
