/** Runs one WebAssembly thread in a worker of the page. */

import { instantiateWasm, type WasmThreadJob } from '../host/cpu/wasm-instance.ts';
import { serveThread } from '../host/cpu/work-thread.ts';

addEventListener(
  'message',
  (event: MessageEvent<WasmThreadJob>) => serveThread(event.data, instantiateWasm, () => postMessage('ready')),
  { once: true },
);
