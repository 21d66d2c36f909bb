/** Cross-origin isolation, which threads need: by the headers of the server, else by a service worker. */

import { messageOf } from '../messages.ts';
import { byId } from './dom.ts';

/** Marks a tab that has tried a reload: one try is enough. */
const TRIED = 'attnbench-isolation-tried';

/** Makes the page isolated. True if it reloads for that: then nothing else should start. */
export async function becomeIsolated(): Promise<boolean> {
  const said = byId('isolation', HTMLElement);
  if (crossOriginIsolated) {
    sessionStorage.removeItem(TRIED);
    said.textContent = 'This page is isolated from other origins, so WebAssembly runs on all threads.';
    return false;
  }
  const single = 'This page is not isolated from other origins: the browser gives it one thread.';
  said.textContent = single;
  if (!('serviceWorker' in navigator) || sessionStorage.getItem(TRIED) !== null) return false;
  try {
    sessionStorage.setItem(TRIED, 'yes');
    await navigator.serviceWorker.register('./isolate.js');
    await navigator.serviceWorker.ready;
    location.reload();
    return true;
  } catch (error) {
    said.textContent = `${single} A service worker could not change that (${messageOf(error)}).`;
    return false;
  }
}
