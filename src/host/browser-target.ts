/** A kernel's target in a browser, however its workers are started: by the page itself or through a connection to it. */

import type { Engine } from '../../kernels/kernel.ts';
import { noMachineCodeInBrowser, noPeersInBrowser } from '../messages.ts';
import { chooseVariant, type VariantChoice, type WasmVariant } from './cpu/wasm-variants.ts';
import { type HostRole, type WebgpuOptions, wasmRole } from './role.ts';
import { type KillableHost, openTarget, type Target } from './target.ts';

/** A browser, and how its targets are opened. */
export interface BrowserTargetOptions {
  /** The browser and its version. */
  browser: string;
  /** The name of its CPU, if that is known: a browser does not say. */
  cpu: string | null;
  /** Its number, where there are several browsers. */
  number: number | null;
  threads: number;
  /** A name that was asked for, or what a probe chose before; null: chosen by a probe now. */
  variant: WasmVariant | VariantChoice | null;
  webgpu: WebgpuOptions;
}

/** Opens the target of an engine; `open` starts a host in the browser. Other libraries have no host there. */
export async function openBrowserTarget(
  { backend, library }: Engine,
  open: (role: HostRole) => Promise<KillableHost>,
  { browser, cpu, number, threads, variant, webgpu }: BrowserTargetOptions,
): Promise<Target> {
  const host = 'browser';
  if (library !== undefined) return { state: 'unavailable', host, reason: noPeersInBrowser };
  if (backend === 'native') return { state: 'unavailable', host, reason: noMachineCodeInBrowser };
  const suffix = number === null ? '' : `, browser ${number}`;
  const common = { host, browser };
  if (backend === 'webgpu') {
    const nameOf = ({ name }: { name: string }) => `${name}${suffix}`;
    return openTarget({ ...common, nameOf, open: () => open({ backend, options: webgpu }) });
  }
  const nameOf = ({ name }: { name: string }) => `${cpu ?? name}${suffix}`;
  if (backend === 'scalar') return openTarget({ ...common, nameOf, open: () => open({ backend }) });
  const choice =
    variant === null
      ? await chooseBrowserVariant(open)
      : typeof variant === 'string'
        ? { variant, reason: 'asked for' }
        : variant;
  return openTarget({ ...common, nameOf, variant: choice, open: () => open(wasmRole(choice.variant, threads)) });
}

/** Chooses by a probe. A browser already has its flags or not: whichever is faster is right. */
export function chooseBrowserVariant(open: (role: HostRole) => Promise<KillableHost>): Promise<VariantChoice> {
  return chooseVariant({ open: (name) => open(wasmRole(name, 1)), revectorizer: true, worthwhile: 1 });
}
