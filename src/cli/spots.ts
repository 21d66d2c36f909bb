/** Where a run's kernels run: in this Node, in browsers here or elsewhere, or in a mock. */

import type { Backend } from '../../kernels/kernel.ts';
import { parseMockOptions } from '../host/mock.ts';
import { type BrowserSession, openBrowser } from '../host/node/browser.ts';
import { mockPlace, nodePlace } from '../host/node/places.ts';
import { openPlace, type Place, unavailablePlace } from '../host/place.ts';
import { wasmRole } from '../host/role.ts';
import { chooseVariant, type WasmVariant } from '../host/variants.ts';
import { badChoice, noPeersInBrowser, UsageError } from '../messages.ts';
import { choose } from './nearest.ts';
import { pageFolder } from './page-files.ts';
import { servePage } from './page-server.ts';

export interface SpotRequest {
  /** "node", "browser", both with a comma between them, or "mock:OPTIONS". */
  host: string;
  /** The browser to launch; null for the one that is found. */
  browser: string | null;
  /** Playwright servers to connect to instead of launching. */
  connect: string[];
  variant: WasmVariant | null;
  adapter: string | null;
  allowSoftware: boolean;
  threads: number | null;
  limits: Record<string, number>;
}

/** One machine and program that can run several backends. */
export interface Spot {
  place(backend: Backend): Promise<Place>;
  close(): Promise<void>;
}

const HOSTS = ['node', 'browser'] as const;

/** Throws UsageError for a host that is not known. */
export function checkHost(host: string, connect: readonly string[]): void {
  if (host.startsWith('mock:') || host === 'mock') {
    parseMockOptions(host.split(':')[1] ?? '');
    return;
  }
  for (const name of host.split(',')) choose('--host', name, HOSTS);
  for (const endpoint of connect) {
    if (!/^wss?:\/\/[^/]/.test(endpoint)) {
      throw new UsageError(badChoice('--connect', endpoint, 'ws://HOST:PORT/', ['the address of a Playwright server']));
    }
  }
}

/** The spots of a request, in its order. A browser that cannot be opened is a spot whose places say why. */
export async function openSpots(request: SpotRequest): Promise<Spot[]> {
  const { host, threads, variant, adapter, allowSoftware, limits } = request;
  if (host.startsWith('mock')) {
    const options = parseMockOptions(host.split(':')[1] ?? '');
    return [{ place: (backend) => mockPlace(backend, options), close: async () => {} }];
  }
  const spots: Spot[] = [];
  for (const name of new Set(host.split(','))) {
    if (name === 'node') {
      const options = { threads, variant, webgpu: { adapter, allowSoftware, limits } };
      spots.push({ place: (backend) => nodePlace(backend, options), close: async () => {} });
    } else {
      spots.push(...(await browserSpots(request)));
    }
  }
  return spots;
}

/** A spot for each server to connect to, or for one launched browser; they share the page's server, which ends with the last of them. */
async function browserSpots(request: SpotRequest): Promise<Spot[]> {
  const endpoints = request.connect.length > 0 ? request.connect : [null];
  const server = await servePage({ page: await pageFolder(), results: null, port: 0 });
  let open = endpoints.length;
  const closeOne = async () => {
    open -= 1;
    if (open === 0) await server.close();
  };
  const spots: Spot[] = [];
  for (const [index, endpoint] of endpoints.entries()) {
    const { browser: executable, allowSoftware } = request;
    try {
      const session = await openBrowser({ executable, endpoint, url: server.url, allowSoftware });
      const number = endpoints.length > 1 ? index + 1 : null;
      spots.push({
        place: (backend) => browserPlace(session, backend, request, number),
        close: async () => {
          await session.close();
          await closeOne();
        },
      });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      spots.push({ place: async () => unavailablePlace('browser', reason), close: closeOne });
    }
  }
  return spots;
}

/** A backend in a browser. `number` tells browsers apart where there are several. */
async function browserPlace(
  session: BrowserSession,
  backend: Backend,
  { variant, adapter, allowSoftware, limits, threads: wanted }: SpotRequest,
  number: number | null,
): Promise<Place> {
  const threads = Math.min(wanted ?? session.threads, session.threads);
  const place = await (async () => {
    switch (backend) {
      case 'peers':
        return unavailablePlace('browser', noPeersInBrowser);
      case 'scalar':
        return openPlace('browser', null, () => session.open({ backend }));
      case 'webgpu':
        return openPlace('browser', null, () => session.open({ backend, options: { adapter, allowSoftware, limits } }));
      case 'wasm': {
        const choice =
          variant === null
            ? await chooseVariant((name) => session.open(wasmRole(name, 1)), true)
            : { variant, reason: 'asked for' };
        const opened = await openPlace('browser', choice.variant, () =>
          session.open(wasmRole(choice.variant, threads)),
        );
        if (opened.environment !== null) {
          Object.assign(opened.environment.device, { variant: choice.variant, variantReason: choice.reason });
        }
        return opened;
      }
      default:
        return backend satisfies never;
    }
  })();
  if (place.environment !== null) {
    const { device } = place.environment;
    device.browser = session.name;
    if (backend !== 'webgpu' && session.cpu !== null) device.name = session.cpu;
    if (number !== null) device.name += `, browser ${number}`;
  }
  return place;
}
