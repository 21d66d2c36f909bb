/** A headless Chromium for tests: that of the development install, with software WebGPU. */

import { type Browser, type BrowserServer, chromium, type LaunchOptions, type Page } from 'playwright-core';
import { developmentBrowser } from '../../src/host/node/development.ts';

const found = await developmentBrowser();
/** Why there is none, where there is none. */
export const noBrowserHere = found === undefined;

const options: LaunchOptions = {
  executablePath: found?.executablePath ?? '',
  env: { ...process.env, ...found?.env } as Record<string, string>,
  chromiumSandbox: false,
  args: [
    '--enable-unsafe-webgpu',
    '--use-webgpu-adapter=swiftshader',
    '--enable-unsafe-swiftshader',
    '--disable-background-networking',
    '--disable-component-update',
    '--no-first-run',
  ],
};

export const launch = (): Promise<Browser> => chromium.launch(options);
/** A Playwright server on the loopback interface, as it would run on another machine. */
export const launchServer = (): Promise<BrowserServer> => chromium.launchServer({ ...options, host: '127.0.0.1' });

/** Chromium tells a violation of the policy by an event alone where the page catches the exception; Firefox tells it on the console. */
const TELL_VIOLATIONS = `addEventListener('securitypolicyviolation', ({ violatedDirective, sourceFile, lineNumber, columnNumber }) =>
  console.error(\`policy: \${violatedDirective} at \${sourceFile}:\${lineNumber}:\${columnNumber}\`), true);`;

/** A page that notes whatever it says on its console, errors and violations of its policy. */
export async function openPage(browser: Browser): Promise<{ page: Page; complaints: string[] }> {
  const page = await (await browser.newContext({ acceptDownloads: true })).newPage();
  // A shared machine may be slow: how long anything takes is no matter of these tests.
  page.setDefaultTimeout(150_000);
  await page.addInitScript(TELL_VIOLATIONS);
  const complaints: string[] = [];
  page.on('console', (message) => complaints.push(`${message.type()}: ${message.text()}`));
  page.on('pageerror', (error) => complaints.push(error.message));
  return { page, complaints };
}
