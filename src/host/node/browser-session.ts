/** A browser with the page of hosts in it, which opens hosts there as if they were here. */

import { cpus } from 'node:os';
import type { Page } from 'playwright-core';
import type { HostRole } from '../role.ts';
import type { KillableHost } from '../target.ts';
import { type BrowserOptions, startBrowser } from './browser-launch.ts';
import { openPageHost } from './page-host.ts';

/** A browser that is open, and the hosts that can be opened in it. */
export interface BrowserSession {
  /** For example "Chromium 153.0.7258.5". */
  name: string;
  /** Name of the CPU where it is this machine's, else null. */
  cpu: string | null;
  /** Threads that a run may use: 1 where the page may not share memory. */
  threads: number;
  /** Opens a host in a worker of the page; in a new page where the old one is gone. */
  open(role: HostRole): Promise<KillableHost>;
  close(): Promise<void>;
}

/** Opens a browser with the page that this machine serves at `url`. Throws with the reason where there is none. */
export async function openBrowser(options: BrowserOptions & { url: string }): Promise<BrowserSession> {
  const browser = await startBrowser(options);
  let current: Page | undefined;
  const page = async (): Promise<Page> => {
    if (current !== undefined && !current.isClosed()) return current;
    const context = await browser.newContext();
    const opened = await context.newPage();
    // Closing may fail after a crash; the page counts as closed either way.
    opened.on('crash', () => void opened.close().catch(() => {}));
    await opened.goto(new URL('hosts.html', options.url).href);
    // A function, not text: the page's policy forbids evaluating text.
    await opened.waitForFunction(() => 'attnbench' in globalThis);
    current = opened;
    return opened;
  };
  try {
    const first = await page();
    const { isolated, threads } = await first.evaluate(() => {
      const { attnbench } = globalThis;
      return { isolated: attnbench.isolated, threads: attnbench.threads };
    });
    return {
      name: `Chromium ${browser.version()}`,
      cpu: options.endpoint === null ? (cpus()[0]?.model.trim() ?? null) : null,
      threads: isolated ? threads : 1,
      open: async (role) => openPageHost(await page(), role),
      close: () => browser.close(),
    };
  } catch (error) {
    await browser.close();
    throw error;
  }
}
