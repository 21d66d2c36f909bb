/** Cross-origin isolation, which threads need: by headers of the server, or where it sends none by a service worker. */

import { messageOf } from '../messages.ts';
import { byId } from './dom.ts';

/** A reload is tried once in a tab. */
const TRIED = 'attnbench-isolation-tried';

/** True where the page reloads itself to become isolated; nothing should be started then. */
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
