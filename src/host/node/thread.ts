/** The file that a WebAssembly worker thread runs. */

import { parentPort, workerData } from 'node:worker_threads';
import { serveThread, type ThreadJob } from '../cpu/wasm-thread.ts';

serveThread(workerData as ThreadJob, () => parentPort?.postMessage('ready'));
