/** The page in a real browser: it measures, stops, saves, opens what it saved, and works as static files. */

import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import type { Browser, Page } from 'playwright-core';
import sirv from 'sirv';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { documentSchema, type RunDocument } from '../../src/record/measurement.ts';
import { copyPage, pageFolder } from '../../src/server/page-files.ts';
import { type PageServer, servePage } from '../../src/server/page-server.ts';
import { launch, noBrowserHere, openPage } from './browser.ts';

const folder = mkdtempSync(join(tmpdir(), 'attnbench-page-'));
const results = join(folder, 'runs');
const status = (page: Page) => page.textContent('#status');
const ended = (page: Page) => textMatches(page, 'status', /^(Done|Stopped)/);

/** Waits until the text of an element fits, or with `wanted` false until it does not. */
const textMatches = (page: Page, id: string, pattern: RegExp, wanted = true) =>
  page.waitForFunction(
    ([name, expression, expected]) => expression.test(document.getElementById(name)?.textContent ?? '') === expected,
    [id, pattern, wanted] as const,
  );
/** How many charts of a run the page has, those included of which a sentence says why they cannot be drawn. */
const CHARTS = 7;
/** Waits until all charts of a run are there. */
const drawn = (page: Page) =>
  page.waitForFunction((count) => document.querySelectorAll('#charts figure').length === count, CHARTS);

/** Options of the command line that the page names, the command itself and sources apart. */
const optionsNamed = (page: Page) =>
  page.evaluate(() => {
    const body = document.body.cloneNode(true) as HTMLElement;
    for (const part of body.querySelectorAll('#command, #source, script')) part.remove();
    return body.textContent.match(/.{0,40}--[a-z].{0,40}/g) ?? [];
  });

/** Allows software adapters, and waits until one is open. */
async function allowSoftware(page: Page): Promise<void> {
  await page.check('#allow-software');
  await textMatches(page, 'devices', /swiftshader.*\(software: a CPU emulates the GPU\)/i);
}

const box = (page: Page, kernel: string) => page.locator(`input[value=${kernel}]`);

async function fill(page: Page, values: Record<string, string>): Promise<void> {
  for (const [id, value] of Object.entries(values)) await page.fill(`#${id}`, value);
}

describe.skipIf(noBrowserHere)('the page', () => {
  let browser: Browser;
  let server: PageServer;
  beforeAll(async () => {
    browser = await launch();
    server = await servePage({ page: await pageFolder(), results, port: 0 });
  });
  afterAll(async () => {
    await browser.close();
    await server.close();
  });

  it('measures with WGSL and WebAssembly, saves, and opens what it saved from the file, the link and the server', async () => {
    const { page, complaints } = await openPage(browser);
    await page.goto(server.url);
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
    await allowSoftware(page);
    // Its tests are elsewhere, and a software adapter takes seconds to compile each.
    await page.uncheck('input[value=wgsl-rows]');
    await fill(page, { seq: '512', heads: '2', batch: '1', budget: '6' });
    expect(await page.textContent('#command')).toBe(
      'npx bench mha --seq 512 --batch 1 --heads 2 --budget 6 --kernel wgsl-flash,wgsl-naive,wasm-flash --allow-software --host browser',
    );
    await page.click('#run');
    await ended(page);
    expect(await status(page)).toMatch(/^Done: 6 of 6 cases measured and verified\. Kept by the server as page-/);
    expect(await page.locator('#table tbody tr').count()).toBe(6);
    expect(await page.locator('#charts figure').count()).toBe(CHARTS);
    expect(await page.textContent('#charts figure[aria-label="Chart: scaling"]')).toMatch(/^Throughput against length/);
    expect(await page.locator('#charts svg').count()).toBeGreaterThan(0);
    expect(await page.textContent('#notes')).toContain('“');
    expect(await optionsNamed(page)).toEqual([]);

    const [download] = await Promise.all([page.waitForEvent('download'), page.click('#save-json')]);
    const file = join(folder, 'saved.json');
    await download.saveAs(file);
    const run: RunDocument = documentSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
    expect(run.measurements.map(({ kernel, host, state }) => `${kernel} ${host} ${state}`)).toEqual(
      ['wgsl-flash', 'wgsl-naive', 'wasm-flash', 'wgsl-flash', 'wgsl-naive', 'wasm-flash'].map(
        (kernel) => `${kernel} browser measured`,
      ),
    );
    expect(run.context.devices.every(({ browser: name }) => /^Chrom\w+ \d/.test(name ?? ''))).toBe(true);
    const [png] = await Promise.all([page.waitForEvent('download'), page.click('#save-png')]);
    await png.saveAs(join(folder, 'chart.png'));
    expect(readFileSync(join(folder, 'chart.png')).subarray(1, 4).toString()).toBe('PNG');

    await page.click('#share');
    await page.waitForFunction(() => location.hash.startsWith('#run='));
    const link = page.url();
    const table = await page.textContent('#table');

    // The file, dropped on a fresh page.
    await page.goto(server.url);
    expect(await page.isHidden('#results')).toBe(true);
    const transfer = await page.evaluateHandle(
      (text) => {
        const data = new DataTransfer();
        data.items.add(new File([text], 'saved.json', { type: 'application/json' }));
        return data;
      },
      readFileSync(file, 'utf8'),
    );
    await page.dispatchEvent('body', 'drop', { dataTransfer: transfer });
    await drawn(page);
    expect(await page.textContent('#table')).toBe(table);
    // The same again is compared with itself.
    await page.setInputFiles('#file', file);
    await page.waitForSelector('#comparison tbody tr');
    expect(await page.locator('#comparison tbody tr').count()).toBe(6);
    expect(await page.textContent('#comparison tbody tr')).toMatch(/1\.00x faster( \[[\d.]+, [\d.]+\])?(same|unclear)/);

    // The link, in another page.
    const other = await openPage(browser);
    await other.page.goto(link);
    await drawn(other.page);
    expect(await other.page.textContent('#table')).toBe(table);

    // The server kept it as a journal.
    const [name = ''] = readdirSync(results);
    await other.page.goto(server.url);
    await other.page.click(`#runs button:has-text("${name}")`);
    await drawn(other.page);
    expect(await other.page.textContent('#table')).toBe(table);
    expect([...complaints, ...other.complaints]).toEqual([]);
  }, 300_000);

  it('stops when asked, stays responsive, and keeps what was measured', async () => {
    const { page, complaints } = await openPage(browser);
    await page.goto(server.url);
    await fill(page, { seq: '256,512,1k', heads: '1', batch: '1', budget: '60' });
    for (const name of ['wgsl-flash', 'wgsl-rows', 'wgsl-naive']) await page.uncheck(`input[value=${name}]`);
    await page.click('#run');
    await page.waitForSelector('#table tbody tr');
    // The tab itself is idle: its timers come while a worker measures.
    await page.evaluate(async () => {
      for (let i = 0; i < 10; i += 1) await new Promise((resolve) => setTimeout(resolve, 10));
    });
    expect(await status(page)).not.toMatch(/^(Done|Stopped)/);
    await page.click('#stop');
    await ended(page);
    expect(await status(page)).toMatch(/^Stopped: \d of \d cases measured and verified/);
    expect(await page.locator('#table tbody tr').count()).toBeGreaterThan(0);
    expect(complaints).toEqual([]);
  }, 300_000);

  it('says in one line what it cannot read: a field, a file, a damaged link', async () => {
    const { page, complaints } = await openPage(browser);
    await page.goto(server.url);
    const wrong = [
      ['seq', 'banana', "Query tokens: 'banana' is not a size; write for example 32k, 4k,8k or 1k-32k*2"],
      [
        'head-dim',
        '600',
        "“Head dimension”: '600' is not a number that can be used here; write a whole number from 1 to 576",
      ],
      ['kv-heads', '3', /^“Query heads” 16 “KV heads” 3: .*; nearest: “Query heads” 15 or 18$/],
      ['budget', '0', "Budget: '0' is not a number that can be used here; write a number from 0.1 to 1000000"],
    ] as const;
    for (const [id, text, message] of wrong) {
      const before = await page.inputValue(`#${id}`);
      await page.fill(`#${id}`, text);
      // Not by the button: there the browser itself refuses what no number is.
      await page.evaluate(() =>
        document.getElementById('form')?.dispatchEvent(new SubmitEvent('submit', { cancelable: true })),
      );
      expect(await page.textContent('#problem')).toMatch(message);
      await page.fill(`#${id}`, before);
    }
    await page.setInputFiles('#file', {
      name: 'no.json',
      mimeType: 'application/json',
      buffer: Buffer.from('{"a":1}'),
    });
    await page.waitForSelector('#opened:not(:empty)');
    expect(await optionsNamed(page)).toEqual([]);
    expect(await page.textContent('#opened')).toMatch(/^'no\.json' is not the record of a run/);
    await page.goto(`${server.url}#run=damaged`);
    await textMatches(page, 'opened', /does not hold/);
    // More than a run may have, in a link of some kilobytes.
    await page.evaluate(() => {
      (document.getElementById('opened') as HTMLElement).textContent = '';
    });
    const bomb = deflateRawSync(Buffer.alloc(2 ** 26)).toString('base64url');
    await page.evaluate((fragment) => {
      location.hash = fragment;
    }, `#run=${bomb}`);
    await textMatches(page, 'opened', /does not hold/);
    expect(complaints).toEqual([]);
  });

  it('disables kernels that cannot run, with the reason, and measures the rest', async () => {
    const { page } = await openPage(browser);
    await page.goto(server.url);
    await textMatches(page, 'devices', /“Software adapter”/);
    for (const name of ['wgsl-flash', 'wgsl-rows', 'wgsl-naive']) {
      expect(await box(page, name).isDisabled()).toBe(true);
      expect(await box(page, name).isChecked()).toBe(false);
    }
    expect(await page.locator('#cannot-run li').allTextContents()).toEqual([
      expect.stringMatching(/^Cannot run here: wgsl-flash, wgsl-rows, wgsl-naive: .*“Software adapter”/),
    ]);
    expect(await page.textContent('#command')).toContain('--kernel wasm-flash ');

    // What the workload forbids is told as well, and taken back.
    await page.selectOption('#dtype', 'f16');
    expect(await box(page, 'wasm-flash').isDisabled()).toBe(true);
    expect(await page.textContent('#cannot-run')).toMatch(/wasm-flash.*this kernel takes f32.*“Type in memory” f32/);
    await page.selectOption('#dtype', 'f32');
    expect(await box(page, 'wasm-flash').isChecked()).toBe(true);

    await fill(page, { seq: '64', heads: '1', batch: '1', budget: '1' });
    await page.click('#run');
    await ended(page);
    expect(await status(page)).toMatch(/^Done: 2 of 2 cases measured/);
    expect(await optionsNamed(page)).toEqual([]);

    // On a phone the table goes on, and that is told.
    const hint = page.locator('#results .hint');
    await page.setViewportSize({ width: 390, height: 844 });
    await hint.waitFor({ state: 'visible' });
    await page.setViewportSize({ width: 1280, height: 900 });
    await hint.waitFor({ state: 'hidden' });

    await allowSoftware(page);
    expect(await box(page, 'wgsl-flash').isChecked()).toBe(true);
    expect(await page.locator('#cannot-run li').count()).toBe(0);
  }, 300_000);

  it('has a quick preset that is one small workload, and a command that follows', async () => {
    const { page } = await openPage(browser);
    await page.goto(server.url);
    await page.selectOption('#preset', { label: 'quick: 1k, 2 heads, batch 1' });
    expect(await page.inputValue('#batch')).toBe('1');
    expect(await page.textContent('#command')).toMatch(/mha --seq 1k --batch 1 --heads 2 --budget 4 /);
    await page.selectOption('#preset', { index: 0 });
    expect(await page.inputValue('#batch')).toBe('');
    expect(await page.textContent('#command')).toMatch(/mha --seq 32k --heads 16 --budget 20 /);
    await page.fill('#seq-kv', '1k');
    expect(await page.inputValue('#preset')).toBe('');
  });

  it('tells a lost device, and measures the next point on a new one', async () => {
    const { page } = await openPage(browser);
    await page.goto(server.url);
    await allowSoftware(page);
    await fill(page, { seq: '256,512', heads: '2', batch: '1', budget: '12' });
    for (const name of ['wgsl-flash', 'wgsl-rows', 'wasm-flash']) await page.uncheck(`input[value=${name}]`);
    await page.click('#run');
    await textMatches(page, 'status', /wgsl-naive, sample/);
    // What a driver does when it gives up.
    await (await browser.newBrowserCDPSession()).send('Browser.crashGpuProcess');
    await ended(page);
    expect(await page.textContent('#notes')).toMatch(/Failed: wgsl-naive.*(lost|device|GPU)/);
    expect(await page.locator('#table tbody tr').count()).toBeGreaterThan(0);
  }, 300_000);

  it('shows the source of a kernel for the workload of the form', async () => {
    const { page } = await openPage(browser);
    await page.goto(server.url);
    await page.selectOption('#source-kernel', 'wasm-flash');
    await page.fill('#head-dim', '64');
    expect(await page.textContent('#source')).toMatch(/Flash attention.*head dimension 64/);
  });

  it('works as static files on a host that sends no headers, isolated by its service worker', async () => {
    const out = join(folder, 'static');
    await copyPage(out);
    const files = sirv(out);
    const host = createServer((request, response) =>
      files(request, response, () => void response.writeHead(404).end()),
    );
    await new Promise<void>((resolve) => host.listen(0, '127.0.0.1', resolve));
    try {
      const { page } = await openPage(browser);
      await page.goto(`http://127.0.0.1:${(host.address() as AddressInfo).port}/`);
      await page.waitForFunction(() => crossOriginIsolated);
      await textMatches(page, 'isolation', /all threads/);
      await textMatches(page, 'devices', /wasm.*\d+ thread/);
    } finally {
      host.closeAllConnections();
      host.close();
    }
  });
});
