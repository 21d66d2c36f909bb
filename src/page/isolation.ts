/** Cross-origin isolation, which threads need: by the headers of the server, else by a service worker. */

import { isolationFailed, messageOf, pageIsolated, pageNotIsolated } from '../messages.ts';
import { byId } from './dom.ts';

/** Marks a tab that has tried a reload: one try is enough. */
const TRIED = 'attnbench-isolation-tried';

/** Makes the page isolated. True if it reloads for that: then nothing else should start. */
export async function becomeIsolated(): Promise<boolean> {
  const said = byId('isolation', HTMLElement);
  if (crossOriginIsolated) {
    sessionStorage.removeItem(TRIED);
    said.textContent = pageIsolated;
    return false;
  }
  said.textContent = pageNotIsolated;
  if (!('serviceWorker' in navigator) || sessionStorage.getItem(TRIED) !== null) return false;
  try {
    sessionStorage.setItem(TRIED, 'yes');
    await navigator.serviceWorker.register('./isolate.js');
    await navigator.serviceWorker.ready;
    location.reload();
    return true;
  } catch (error) {
    said.textContent = isolationFailed(messageOf(error));
    return false;
  }
}
