/** Starts a Chromium by Playwright, here or behind a Playwright server, with the flags that measuring needs. */

import { basename } from 'node:path';
import type { Browser, BrowserType } from 'playwright-core';
import { browserFailed, firstLineOf, playwrightMissing, UsageError, whyNotLoaded } from '../../messages.ts';
import { findBrowser } from './browser-files.ts';
import { REVECTORIZE } from './flags.ts';

/** Which browser, and how it is started. */
export interface BrowserOptions {
  /** The browser to launch, or null for the one that is found. */
  executable: string | null;
  /** A Playwright server to connect to instead, ws://HOST:PORT/PATH. */
  endpoint: string | null;
  allowSoftware: boolean;
}

/** Both spellings of V8's revectoriser, since Chromium passes over the one that it does not know. */
const JS_FLAGS = [...REVECTORIZE, '--wasm-tiering-budget=10000'].join(' ');

function launchArguments(allowSoftware: boolean): string[] {
  return [
    '--enable-unsafe-webgpu',
    // Timestamps otherwise come in steps of 65.5 microseconds.
    '--enable-webgpu-developer-features',
    // NVIDIA's Vulkan drivers otherwise get neither shader-f16 nor matrices of f16.
    '--enable-dawn-features=vulkan_enable_f16_on_nvidia',
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

/** Loads Playwright, an optional package. Throws UsageError where it is not installed. */
export async function loadPlaywright(): Promise<BrowserType> {
  try {
    return (await import('playwright-core')).chromium;
  } catch (error) {
    throw new UsageError(playwrightMissing(whyNotLoaded('playwright-core', error)));
  }
}

/**
 * Launches a browser of this machine, or connects to a Playwright server. Throws with the reason, or the next step,
 * where neither is there.
 */
export async function startBrowser(options: BrowserOptions): Promise<Browser> {
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
      throw new Error(firstLineOf(error).replace(/^browserType\.connect: /, ''));
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
    throw new Error(browserFailed(basename(executablePath), firstLineOf(error)));
  }
}
