/** Messages that may come onto the page name its controls there, never options of the command line. */

import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import * as messages from '../src/messages.ts';
import { inPageWords, LABELS } from '../src/page/words.ts';

const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8');

const IMPORT = /^(?:import|export) (?!type )([^;]*?) from '(\.[^']+)';/gm;
const ENTRIES = ['main', 'run-worker', 'host-worker', 'thread-worker'].map((name) => `../src/page/${name}.ts`);

/** Messages that modules of the page import, found by following imports from where the page begins. */
function messagesOfPage(): Set<string> {
  const found = new Set<string>();
  const seen = new Set<string>();
  const follow = (url: URL) => {
    if (seen.has(url.href) || !url.href.endsWith('.ts')) return;
    seen.add(url.href);
    const text = readFileSync(url, 'utf8');
    for (const [, names = '', from = ''] of text.matchAll(IMPORT)) {
      const target = new URL(from, url);
      if (!/\/src\/messages(\.ts$|\/)/.test(target.pathname)) follow(target);
      else for (const [name] of names.matchAll(/\w+/g)) found.add(name);
    }
  };
  for (const entry of ENTRIES) follow(new URL(entry, import.meta.url));
  return found;
}

/** Of those, what only the command line says: it alone names an adapter, runs native peers, and says how to measure something. */
const ELSEWHERE = ['noMatchingAdapter', 'noPeersInBrowser', 'nothingMeasured'];

describe('on the page', () => {
  // Each message as it stands in the source, placeholders included.
  const folder = fileURLToPath(new URL('../src/messages/', import.meta.url));
  const sources = globSync(`${folder}*.ts`).flatMap((file) =>
    readFileSync(file, 'utf8').split(/^(?=export (?:const|function|class) )/m),
  );
  const named = sources.map((text) => [/^export (?:const|function|class) (\w+)/.exec(text)?.[1] ?? '', text] as const);

  it('no message names an option', () => {
    const onPage = messagesOfPage();
    expect(onPage).toContain('caveats');
    const withOption = named.flatMap(([name, text]) =>
      onPage.has(name) && /(?<![\w-])--[a-z]/.test(inPageWords(text)) ? [name] : [],
    );
    expect(withOption.toSorted()).toEqual(ELSEWHERE);
  });

  it('they are sentences about controls', () => {
    const { caveats, nothingToDraw } = messages;
    expect(inPageWords(caveats.notConverged)).toBe('still noisy (> 2 %); “Budget” gives it more time');
    expect(inPageWords(caveats.fewProcesses(1))).toMatch(/; a run of 3 processes in Node or more “Budget” gives one$/);
    expect(inPageWords(caveats.coverage)).toContain('“Whole workloads” runs it all');
    expect(inPageWords(messages.noHardwareAdapter([]))).toContain('“Software adapter” looks for a software one');
    expect(inPageWords(messages.noAdapterAtAll)).toMatch(/or choose wasm-flash$/);
    expect(inPageWords(messages.badGroup(3, 2, [2, 4]))).toMatch(/^“Query heads” 3 “KV heads” 2: /);
    expect(inPageWords(messages.prepareHung(60))).toContain('a shorter “Query tokens” or another kernel');
    expect(inPageWords(nothingToDraw.scaling)).toContain('“Query tokens” 4k-32k*2');
    expect(inPageWords('onnx --seq-kvs -- --seqs')).toBe('onnx --seq-kvs -- --seqs');
  });

  it('controls are called what the page calls them', () => {
    const html = read('../src/page/index.html');
    for (const [id, label] of Object.entries(LABELS)) {
      const control = `<(?:input|select) id="${id}"[^>]*>`;
      expect(html).toMatch(new RegExp(`<label>${label} ${control}|<label class="check">${control} ${label} <`));
    }
  });
});
