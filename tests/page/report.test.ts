/** The report in a real browser: on a phone, on a screen and on paper no text lies on another and no page is wider than its window. */

import { execFileSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launch, noBrowserHere, openPage } from './browser.ts';

const file = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));

/** Pairs of texts of one chart whose boxes share more than a pixel or two. */
const overlaps = (page: Page) =>
  page.evaluate(() => {
    const found: string[] = [];
    for (const svg of document.querySelectorAll('.drawn svg')) {
      const texts = [...svg.querySelectorAll('text')].filter((text) => text.textContent.trim() !== '');
      const boxes = texts.map((text) => ({ text: text.textContent, box: text.getBoundingClientRect() }));
      for (const [index, a] of boxes.entries()) {
        for (const b of boxes.slice(index + 1)) {
          const width = Math.min(a.box.right, b.box.right) - Math.max(a.box.left, b.box.left);
          const height = Math.min(a.box.bottom, b.box.bottom) - Math.max(a.box.top, b.box.top);
          // Lines of text one below the other share the room of their ascents.
          if (width > 1 && height > 4) found.push(`${a.text} / ${b.text}`);
        }
      }
    }
    return found;
  });

/** Cells of tables in which a word goes on in a second line, at no space or hyphen. */
const brokenWords = (page: Page) =>
  page.evaluate(() => {
    const found: string[] = [];
    for (const cell of document.querySelectorAll('td, th')) {
      const { firstChild: node } = cell;
      if (node === null) continue;
      for (const { 0: word, index } of (node.textContent ?? '').matchAll(/[^\s-]{2,}/g)) {
        const range = document.createRange();
        range.setStart(node, index);
        range.setEnd(node, index + word.length);
        if (new Set([...range.getClientRects()].map(({ top }) => Math.round(top))).size > 1) found.push(word);
      }
    }
    return found;
  });

describe.skipIf(noBrowserHere)('the report', () => {
  let browser: Browser;
  const report = join(mkdtempSync(join(tmpdir(), 'attnbench-report-')), 'report.html');
  beforeAll(async () => {
    const runs = ['figure-mha', 'ablation'].map((name) => file(`results/examples/${name}.jsonl`));
    execFileSync(process.execPath, [file('src/cli/launch.js'), 'report', ...runs, '--output', report]);
    browser = await launch();
  });
  afterAll(() => browser?.close());

  it.each([
    [390, 'screen'],
    [1280, 'screen'],
    [703, 'print'],
  ] as const)('is readable %i pixels wide, on %s', async (width, media) => {
    const { page, complaints } = await openPage(browser);
    await page.setViewportSize({ width, height: 900 });
    await page.emulateMedia({ media });
    await page.goto(pathToFileURL(report).href);
    await page.waitForFunction(() => [...document.querySelectorAll('figure')].every((one) => one.matches('.ready')));
    expect(await page.locator('figure.ready').count()).toBeGreaterThan(10);
    expect(await overlaps(page)).toEqual([]);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
    if (media === 'print') expect(await brokenWords(page)).toEqual([]);
    expect(complaints).toEqual([]);
    await page.close();
  });
});
