/** The file that a WebAssembly thread of the page runs. */

import { serveThread, type ThreadJob } from '../host/cpu/wasm-thread.ts';

addEventListener('message', (event: MessageEvent<ThreadJob>) => serveThread(event.data, () => postMessage('ready')), {
  once: true,
});
