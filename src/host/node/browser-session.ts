/** Runs hosts in a real browser: launches one, or connects to a Playwright server elsewhere, and calls the hosts of the page (src/host/page-bridge.ts). */

import { cpus } from 'node:os';
import { basename } from 'node:path';
import type { Browser, BrowserType, Page } from 'playwright-core';
import { browserFailed, childDied, messageOf, playwrightMissing } from '../../messages.ts';
import { decodeResponse, encodeRequest } from '../json-channel.ts';
import { connect } from '../protocol.ts';
import type { HostRole } from '../role.ts';
import type { KillableHost } from '../target.ts';
import { findBrowser } from './browser-files.ts';
import { REVECTORIZE } from './flags.ts';

export interface BrowserOptions {
  /** The browser to launch, or null for the one that is found. */
  executable: string | null;
  /** A Playwright server to connect to instead, ws://HOST:PORT/PATH. */
  endpoint: string | null;
  /** Where the page is served on this machine. */
  url: string;
  allowSoftware: boolean;
}

export interface BrowserSession {
  /** For example "Chromium 153.0.7258.5". */
  name: string;
  /** Name of the CPU where it is this machine's, else null. */
  cpu: string | null;
  threads: number;
  /** Opens a host in a worker of the page; in a new page where the old one is gone. */
  open(role: HostRole): Promise<KillableHost>;
  close(): Promise<void>;
}

/** Both spellings of V8's revectoriser, since Chromium passes over the one that it does not know. */
const JS_FLAGS = [...REVECTORIZE, '--wasm-tiering-budget=10000'].join(' ');

function launchArguments(allowSoftware: boolean): string[] {
  return [
    '--enable-unsafe-webgpu',
    // Timestamps otherwise come in steps of 65.5 microseconds.
    '--enable-webgpu-developer-features',
    `--js-flags=${JS_FLAGS}`,
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-background-timer-throttling',
    '--disable-renderer-backgrounding',
    '--no-first-run',
    ...(process.platform === 'linux' && !allowSoftware ? ['--enable-features=Vulkan'] : []),
    ...(allowSoftware ? ['--use-webgpu-adapter=swiftshader', '--enable-unsafe-swiftshader'] : []),
  ];
}

async function loadPlaywright(): Promise<BrowserType> {
  try {
    return (await import('playwright-core')).chromium;
  } catch (error) {
    throw new Error(playwrightMissing(firstLine(error)));
  }
}

const firstLine = (error: unknown) =>
  messageOf(error)
    .split('\n')
    .find((line) => line.trim() !== '') ?? '';

async function start(options: BrowserOptions): Promise<Browser> {
  const chromium = await loadPlaywright();
  const args = launchArguments(options.allowSoftware);
  if (options.endpoint !== null) {
    try {
      return await chromium.connect(options.endpoint, {
        // The page reaches the server of this machine, and nothing else of it.
        exposeNetwork: '<loopback>',
        // A server that launches its browsers on demand takes the flags from here.
        headers: { 'x-playwright-launch-options': JSON.stringify({ args }) },
      });
    } catch (error) {
      throw new Error(firstLine(error).replace(/^browserType\.connect: /, ''));
    }
  }
  const { executablePath, env } = await findBrowser(options.executable);
  try {
    return await chromium.launch({
      executablePath,
      args,
      env: { ...process.env, ...env } as Record<string, string>,
      // A sandbox cannot be had as root.
      chromiumSandbox: process.getuid?.() !== 0,
      headless: true,
      // The command line decides what an interrupt means.
      handleSIGINT: false,
      handleSIGTERM: false,
      handleSIGHUP: false,
    });
  } catch (error) {
    throw new Error(browserFailed(basename(executablePath), firstLine(error)));
  }
}

/** Opens a browser with the page in it. Throws with the reason where there is none. */
export async function openBrowser(options: BrowserOptions): Promise<BrowserSession> {
  const browser = await start(options);
  let current: Page | undefined;
  const page = async (): Promise<Page> => {
    if (current !== undefined && !current.isClosed()) return current;
    const context = await browser.newContext();
    const opened = await context.newPage();
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

/** A host in the page, as if it were here. Errors of the page, of its worker and of the connection become errors of its calls. */
async function openPageHost(page: Page, role: HostRole): Promise<KillableHost> {
  const id = await page
    .evaluate((wanted) => globalThis.attnbench.open(wanted), role)
    .catch((error: unknown) => {
      // "page.evaluate: Error: the reason"
      throw new Error(firstLine(error).replace(/^page\.evaluate: (Error: )?/, ''));
    });
  const connection = connect((request) => {
    page
      .evaluate(([host, message]) => globalThis.attnbench.call(host, message), [id, encodeRequest(request)] as const)
      .then(
        (response) => connection.receive(decodeResponse(response)),
        (error: unknown) => connection.fail(new Error(childDied(firstLine(error)))),
      );
  });
  page.once('close', () => connection.fail(new Error(childDied('the page was closed'))));
  const kill = () => {
    connection.fail(new Error('the host was stopped'));
    // A page that does not answer any more is closed; the next host gets a new one.
    const answered = page.evaluate((host) => globalThis.attnbench.kill(host), id);
    const late = setTimeout(() => void page.close().catch(() => {}), 2000);
    answered.catch(() => {}).finally(() => clearTimeout(late));
    return answered.catch(() => {});
  };
  return { ...connection.host, kill: () => void kill(), close: async () => void (await kill()) };
}
