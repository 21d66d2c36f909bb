/** Where a run's kernels run: in this Node, in browsers here or elsewhere, or in a mock. */

import type { Backend, Kernel } from '../../kernels/kernel.ts';
import { openBrowserTarget } from '../host/browser-target.ts';
import type { WasmVariant } from '../host/cpu/wasm-variants.ts';
import { parseMockOptions } from '../host/mock.ts';
import { type BrowserSession, openBrowser } from '../host/node/browser-session.ts';
import { mockTarget, nodeTarget } from '../host/node/targets.ts';
import { type Target, unavailableTarget } from '../host/target.ts';
import { connectFailed, messageOf } from '../messages.ts';
import { pageFolder } from '../server/page-files.ts';
import { servePage } from '../server/page-server.ts';

export interface RuntimeRequest {
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
export interface Runtime {
  /** `device` where the kernels need another than the backend's own. */
  target(backend: Backend, device?: Kernel['target']): Promise<Target>;
  close(): Promise<void>;
}

/** The runtimes of a request, in its order. A browser that cannot be opened is a runtime whose places say why. */
export async function openRuntimes(request: RuntimeRequest): Promise<Runtime[]> {
  const { host, threads, variant, adapter, allowSoftware, limits } = request;
  if (host.startsWith('mock')) {
    const options = parseMockOptions(host.split(':')[1] ?? '');
    return [{ target: (backend) => mockTarget(backend, options), close: async () => {} }];
  }
  const runtimes: Runtime[] = [];
  for (const name of new Set(host.split(','))) {
    if (name === 'node') {
      const options = { threads, variant, webgpu: { adapter, allowSoftware, limits } };
      runtimes.push({ target: (backend, device) => nodeTarget(backend, options, device), close: async () => {} });
    } else {
      runtimes.push(...(await browserRuntimes(request)));
    }
  }
  return runtimes;
}

/** A runtime for each server to connect to, or for one launched browser; they share the page's server, which ends with the last of them. */
async function browserRuntimes(request: RuntimeRequest): Promise<Runtime[]> {
  const endpoints = request.connect.length > 0 ? request.connect : [null];
  const server = await servePage({ page: await pageFolder(), results: null, port: 0 });
  let open = endpoints.length;
  const closeOne = async () => {
    open -= 1;
    if (open === 0) await server.close();
  };
  const runtimes: Runtime[] = [];
  for (const [index, endpoint] of endpoints.entries()) {
    const { browser: executable, allowSoftware } = request;
    try {
      const session = await openBrowser({ executable, endpoint, url: server.url, allowSoftware });
      const number = endpoints.length > 1 ? index + 1 : null;
      runtimes.push({
        target: (backend) => browserTarget(session, backend, request, number),
        close: async () => {
          await session.close();
          await closeOne();
        },
      });
    } catch (error) {
      const why = messageOf(error);
      // A record does not say where a machine is.
      const reason = endpoint === null ? why : connectFailed(index + 1, withoutAddresses(why, endpoint));
      runtimes.push({ target: async () => unavailableTarget('browser', reason), close: closeOne });
    }
  }
  return runtimes;
}

/** What went wrong, without the address of a machine or paths on it. */
function withoutAddresses(why: string, endpoint: string): string {
  const there = why.replaceAll(endpoint, 'there').replaceAll(new URL(endpoint).host, 'there');
  return there.replaceAll(/(?:[A-Za-z]:)?(?:[\\/][^\\/\s]+){2,}/g, (path) => path.split(/[\\/]/).at(-1) ?? '');
}

/** A backend in a browser. `number` tells browsers apart where there are several. */
async function browserTarget(
  session: BrowserSession,
  backend: Backend,
  { variant, adapter, allowSoftware, limits, threads }: RuntimeRequest,
  number: number | null,
): Promise<Target> {
  const target = await openBrowserTarget(backend, session.open, {
    browser: session.name,
    threads: Math.min(threads ?? session.threads, session.threads),
    variant,
    webgpu: { adapter, allowSoftware, limits },
  });
  if (target.environment !== null) {
    const { device } = target.environment;
    if (backend !== 'webgpu' && session.cpu !== null) device.name = session.cpu;
    if (number !== null) device.name += `, browser ${number}`;
  }
  return target;
}
