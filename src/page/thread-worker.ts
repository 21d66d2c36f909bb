/** Runs one WebAssembly thread in a worker of the page. */

import { instantiateWasm, type WasmThreadJob } from '../host/cpu/wasm-instance.ts';
import { serveThread } from '../host/cpu/work-thread.ts';
import { ownPort } from './in-worker.ts';

void ownPort.then((port) => {
  port.onmessage = (event: MessageEvent<WasmThreadJob>) =>
    serveThread(event.data, instantiateWasm, () => port.postMessage('ready'));
});
