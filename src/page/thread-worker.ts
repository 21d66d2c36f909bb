/** Runs one WebAssembly thread in a worker of the page. */

import { serveThread, type ThreadJob } from '../host/cpu/wasm-thread.ts';

addEventListener('message', (event: MessageEvent<ThreadJob>) => serveThread(event.data, () => postMessage('ready')), {
  once: true,
});
