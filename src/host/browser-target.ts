/** A backend in a browser as a place, however its workers are started: by the page itself or through a connection to it. */

import type { Backend } from '../../kernels/kernel.ts';
import { noPeersInBrowser } from '../messages.ts';
import { chooseVariant, type WasmVariant } from './cpu/wasm-variants.ts';
import { type HostRole, type WebgpuOptions, wasmRole } from './role.ts';
import { type KillableHost, openTarget, type Target, unavailableTarget } from './target.ts';

export interface BrowserTargetOptions {
  /** The browser and its version. */
  browser: string;
  threads: number;
  /** Null: chosen by a probe. */
  variant: WasmVariant | null;
  webgpu: WebgpuOptions;
}

export async function openBrowserTarget(
  backend: Backend,
  open: (role: HostRole) => Promise<KillableHost>,
  { browser, threads, variant, webgpu }: BrowserTargetOptions,
): Promise<Target> {
  if (backend === 'peers') return unavailableTarget('browser', noPeersInBrowser);
  const target = await openBackend();
  if (target.environment !== null) target.environment.device.browser = browser;
  return target;

  async function openBackend(): Promise<Target> {
    if (backend === 'webgpu') return openTarget('browser', null, () => open({ backend, options: webgpu }));
    if (backend !== 'wasm') return openTarget('browser', null, () => open({ backend: 'scalar' }));
    const choice =
      variant === null
        ? // A browser has been given its flags or not: whatever is faster is right.
          await chooseVariant({ open: (name) => open(wasmRole(name, 1)), revectorizer: true, worthwhile: 1 })
        : { variant, reason: 'asked for' };
    const opened = await openTarget('browser', choice.variant, () => open(wasmRole(choice.variant, threads)));
    if (opened.environment !== null) {
      Object.assign(opened.environment.device, { variant: choice.variant, variantReason: choice.reason });
    }
    return opened;
  }
}
