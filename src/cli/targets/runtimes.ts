/** The programs that a command's kernels run in: this Node, browsers here or elsewhere, or a mock. */

import type { Engine } from '../../../kernels/kernel.ts';
import { openBrowserTarget } from '../../host/browser-target.ts';
import { parseMockOptions } from '../../host/mock.ts';
import { loadPlaywright } from '../../host/node/browser-launch.ts';
import { openBrowser } from '../../host/node/browser-session.ts';
import { mockTarget, nodeTarget } from '../../host/node/targets.ts';
import type { GpuSettings } from '../../host/role.ts';
import type { Target } from '../../host/target.ts';
import { type KernelVariant, wasmVariantOf } from '../../host/variants.ts';
import { connectFailed, messageOf } from '../../messages.ts';
import { withoutPaths } from '../../record/context.ts';

/** Where to run, and how devices are opened there. */
export interface RuntimeRequest {
  /** "node", "browser", both with a comma between them, or "mock:OPTIONS". */
  host: string;
  /** The browser to launch; null for the one that is found. */
  browser: string | null;
  /** Playwright servers to connect to instead of launching. */
  connect: string[];
  variant: KernelVariant | null;
  /** 'off': no machine code of ours is run. */
  native?: 'auto' | 'off';
  adapter: string | null;
  allowSoftware: boolean;
  threads: number | null;
  limits: Record<string, number>;
  /** What an experiment changes on a GPU. */
  settings?: GpuSettings | undefined;
}

/** One machine and program that can run several backends. */
export interface Runtime {
  /** Opens the target of an engine; one that cannot be opened says why. */
  target(engine: Engine): Promise<Target>;
  close(): Promise<void>;
}

/**
 * The runtimes of a request, in its order. A browser that cannot be opened is a runtime whose targets say why. Throws UsageError
 * where a browser is asked for and what drives it is not installed.
 */
export async function openRuntimes(request: RuntimeRequest): Promise<Runtime[]> {
  const { host, threads, variant, native, adapter, allowSoftware, limits, settings } = request;
  if (host.startsWith('mock')) {
    const options = parseMockOptions(host.split(':')[1] ?? '');
    return [{ target: (engine) => mockTarget(engine, options), close: async () => {} }];
  }
  const names = new Set(host.split(','));
  if (names.has('browser')) await loadPlaywright();
  const runtimes: Runtime[] = [];
  for (const name of names) {
    if (name === 'node') {
      const options = {
        threads,
        variant,
        ...(native && { native }),
        webgpu: { adapter, allowSoftware, limits, settings },
      };
      runtimes.push({ target: (engine) => nodeTarget(engine, options), close: async () => {} });
    } else {
      runtimes.push(...(await browserRuntimes(request)));
    }
  }
  return runtimes;
}

/** A runtime for each server to connect to, or for one launched browser; they share the page's server, which ends with the last of them. */
async function browserRuntimes(request: RuntimeRequest): Promise<Runtime[]> {
  const endpoints = request.connect.length > 0 ? request.connect : [null];
  // Only a browser needs the page and its server.
  const [{ pageFolder }, { servePage }] = await Promise.all([
    import('../../server/page-files.ts'),
    import('../../server/page-server.ts'),
  ]);
  const server = await servePage({ page: await pageFolder(), results: null, port: 0 });
  let open = endpoints.length;
  const closeOne = async () => {
    open -= 1;
    if (open === 0) await server.close();
  };
  const runtimes: Runtime[] = [];
  for (const [index, endpoint] of endpoints.entries()) {
    const { browser: executable, variant, adapter, allowSoftware, limits, settings } = request;
    const webgpu = { adapter, allowSoftware, limits, settings };
    try {
      const session = await openBrowser({ executable, endpoint, url: server.url, allowSoftware });
      const number = endpoints.length > 1 ? index + 1 : null;
      const threads = Math.min(request.threads ?? session.threads, session.threads);
      const options = {
        ...{ browser: session.name, cpu: session.cpu, number, threads, webgpu },
        variant: wasmVariantOf(variant),
      };
      runtimes.push({
        target: (engine) => openBrowserTarget(engine, session.open, options),
        close: () => session.close().finally(closeOne),
      });
    } catch (error) {
      const why = messageOf(error);
      // A record does not say where a machine is.
      const reason = endpoint === null ? why : connectFailed(index + 1, withoutAddresses(why, endpoint));
      runtimes.push({ target: async () => ({ state: 'unavailable', host: 'browser', reason }), close: closeOne });
    }
  }
  return runtimes;
}

/** What went wrong, without the address of a machine or paths on it. */
function withoutAddresses(why: string, endpoint: string): string {
  const there = why.replaceAll(endpoint, 'there').replaceAll(new URL(endpoint).host, 'there');
  return withoutPaths(there);
}
