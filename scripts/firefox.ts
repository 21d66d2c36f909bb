/**
 * The page in Firefox, worked by its own controls: measures a small workload, prints what came of it and all that the console
 * said, and keeps a picture. Exit code 1 if a case was not measured and verified or the console told an error, 2 if there is no
 * Firefox.
 */

import { accessSync, constants, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import puppeteer, { type Page } from 'puppeteer-core';
import { KERNELS } from '../kernels/index.ts';
import { parseRunFile } from '../src/compare/run-file.ts';
import { formatTable } from '../src/report/table.ts';
import { pageFolder } from '../src/server/page-files.ts';
import { servePage } from '../src/server/page-server.ts';

const { values: options } = parseArgs({
  options: {
    kernel: { type: 'string', default: 'wgsl-flash,wgsl-naive,wasm-flash' },
    seq: { type: 'string', default: '256' },
    heads: { type: 'string', default: '2' },
    'head-dim': { type: 'string', default: '64' },
    budget: { type: 'string', default: '60' },
    screenshot: { type: 'string', default: join(tmpdir(), 'attnbench-firefox.png') },
  },
});

/** The program that the variable FIREFOX names, else the first on PATH, else where macOS keeps it. */
function findFirefox(): string | undefined {
  const asked = process.env['FIREFOX'];
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const onPath = folders.flatMap((folder) =>
    ['firefox', 'firefox-esr', 'firefox.exe'].map((name) => join(folder, name)),
  );
  const candidates = asked === undefined ? [...onPath, '/Applications/Firefox.app/Contents/MacOS/firefox'] : [asked];
  return candidates.find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** A property of an element. */
async function property(page: Page, selector: string, name: string): Promise<unknown> {
  // Not waitForSelector: asked twice a second for minutes, it stops to answer.
  using found = await page.$(selector);
  using value = await found?.getProperty(name);
  return value?.jsonValue();
}
const textOf = async (page: Page, id: string) => String(await property(page, `#${id}`, 'textContent')).trim();

/** Fills in the form: one workload under both masks, the kernels asked for, a software adapter if there is no other. */
async function fillForm(page: Page): Promise<void> {
  const { seq, heads, budget } = options;
  const fields = { seq, batch: '1', heads, 'kv-heads': heads, 'head-dim': options['head-dim'], budget };
  for (const [id, value] of Object.entries(fields)) await page.locator(`#${id}`).fill(value);
  await page.locator('#allow-software').click();
  // The page ticks kernels by itself once it knows which can run here; before that a click would be taken back.
  await page.waitForSelector('#devices[aria-busy=false]');
  const wanted = options.kernel.split(',');
  for (const name of wanted) await page.waitForSelector(`input[name=kernel][value=${name}]:enabled`);
  for (const { name } of KERNELS) {
    const box = `input[name=kernel][value=${name}]`;
    const ticked = await property(page, box, 'checked');
    // The page lists only kernels that run in a browser.
    if (ticked !== undefined && ticked !== wanted.includes(name)) await page.locator(box).click();
  }
}

/** Waits for the end of the run and passes on to stderr what the page says meanwhile. Returns its last words. */
async function untilEnded(page: Page): Promise<string> {
  for (let before = ''; ; await sleep(500)) {
    const status = await textOf(page, 'status');
    const step = status.replace(/ · .*/, '');
    if (step !== before && !step.includes(', sample ')) process.stderr.write(`  ${step}\n`);
    before = step;
    if (/^(Done|Stopped)/.test(status)) return status;
    const problem = await textOf(page, 'problem');
    if (problem !== '' && (await property(page, '#run', 'disabled')) === false) return problem;
  }
}

async function main(): Promise<number> {
  const executablePath = findFirefox();
  if (executablePath === undefined) {
    process.stderr.write('No Firefox was found on PATH; name one in the environment variable FIREFOX.\n');
    return 2;
  }
  const results = mkdtempSync(join(tmpdir(), 'attnbench-firefox-'));
  const server = await servePage({ page: await pageFolder(), results, port: 0 });
  const browser = await puppeteer.launch({
    browser: 'firefox',
    executablePath,
    headless: true,
    extraPrefsFirefox: { 'dom.webgpu.enabled': true, 'gfx.webgpu.ignore-blocklist': true },
  });
  try {
    const page = await browser.newPage();
    // On a busy machine a driver that emulates a GPU keeps the page from answering for longer than the usual half minute.
    page.setDefaultTimeout(180_000);
    const said: string[] = [];
    page.on('console', (message) => said.push(`${message.type()}: ${message.text()}`));
    // Violations of the page's policy come this way too.
    page.on('pageerror', (error) => said.push(`error: ${error instanceof Error ? error.message : String(error)}`));
    await page.setViewport({ width: 1280, height: 1600 });
    await page.goto(server.url, { waitUntil: 'load' });
    await fillForm(page);
    process.stdout.write(`${await browser.version()}: ${await textOf(page, 'command')}\n\n`);
    await page.locator('#run').click();
    const outcome = await untilEnded(page);
    await page.screenshot({ path: options.screenshot, fullPage: true });
    process.stdout.write(`${await property(page, '#devices', 'innerText')}\n\n`);
    for (const name of readdirSync(results)) {
      process.stdout.write(`${formatTable(parseRunFile(readFileSync(join(results, name), 'utf8'), name, 'avo'))}\n`);
    }
    const console = said.length === 0 ? 'nothing' : said.map((line) => `\n  ${line}`).join('');
    process.stdout.write(`${outcome}\nThe console said: ${console}\nPicture: ${options.screenshot}\n`);
    const [, measured, all] = /^Done: (\d+) of (\d+)/.exec(outcome) ?? [];
    return measured !== undefined && measured === all && !said.some((line) => line.startsWith('error')) ? 0 : 1;
  } finally {
    await browser.close();
    await server.close();
    rmSync(results, { recursive: true });
  }
}

process.exitCode = await main();
