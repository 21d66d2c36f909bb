/** A backend in a browser as a place, however its workers are started: by the page itself or through a connection to it. */

import type { Backend } from '../../kernels/kernel.ts';
import { noPeersInBrowser } from '../messages.ts';
import { type KillableHost, openPlace, type Place, unavailablePlace } from './target.ts';
import { type HostRole, type WebgpuOptions, wasmRole } from './role.ts';
import { chooseVariant, type WasmVariant } from './cpu/wasm-variants.ts';

export interface BrowserPlaceOptions {
  /** The browser and its version. */
  browser: string;
  threads: number;
  /** Null: chosen by a probe. */
  variant: WasmVariant | null;
  webgpu: WebgpuOptions;
}

export async function openBrowserPlace(
  backend: Backend,
  open: (role: HostRole) => Promise<KillableHost>,
  { browser, threads, variant, webgpu }: BrowserPlaceOptions,
): Promise<Place> {
  if (backend === 'peers') return unavailablePlace('browser', noPeersInBrowser);
  const place = await openBackend();
  if (place.environment !== null) place.environment.device.browser = browser;
  return place;

  async function openBackend(): Promise<Place> {
    if (backend === 'webgpu') return openPlace('browser', null, () => open({ backend, options: webgpu }));
    if (backend !== 'wasm') return openPlace('browser', null, () => open({ backend: 'scalar' }));
    const choice =
      variant === null
        ? // A browser has been given its flags or not: whatever is faster is right.
          await chooseVariant({ open: (name) => open(wasmRole(name, 1)), revectorizer: true, worthwhile: 1 })
        : { variant, reason: 'asked for' };
    const opened = await openPlace('browser', choice.variant, () => open(wasmRole(choice.variant, threads)));
    if (opened.environment !== null) {
      Object.assign(opened.environment.device, { variant: choice.variant, variantReason: choice.reason });
    }
    return opened;
  }
}
