/** Messages that may come onto the page name its controls there, never options of the command line. */

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import * as messages from '../src/messages.ts';
import { inPageWords, LABELS } from '../src/page/words.ts';

const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8');

/** Messages that name an option which is no control of the page: only the command line, Node or its server say them. */
const ELSEWHERE: (keyof typeof messages)[] = [
  ...['seeHelp', 'badMockOption', 'noKernelOfBackend', 'badChartExtension'],
  ...['noBackendForKernel', 'backendHasNo', 'refusals', 'noFreePort', 'noMatchingAdapter', 'noBrowser'],
  ...['noSuchBrowser', 'connectFailed', 'playwrightMissing', 'webgpuUnavailable', 'peersMissing', 'noPeersInBrowser'],
  ...['nothingMeasured', 'omittedColumns', 'configurationUsed', 'configurationUnusable', 'configurationsElsewhere'],
  ...['settingsUnknown', 'searchContinues'],
] as (keyof typeof messages)[];

describe('on the page', () => {
  // Each message as it stands in the source, placeholders included.
  const sources = read('../src/messages.ts').split(/^(?=export (?:const|function|class) )/m);
  const named = sources.map((text) => [/^export (?:const|function|class) (\w+)/.exec(text)?.[1] ?? '', text] as const);

  it('no message names an option, those apart that are never shown there', () => {
    const withOption = named.filter(([, text]) => /(?<![\w-])--[a-z]/.test(inPageWords(text))).map(([name]) => name);
    expect(withOption.toSorted()).toEqual(ELSEWHERE.toSorted());
  });

  it('they are sentences about controls', () => {
    const { caveats, nothingToDraw } = messages;
    expect(inPageWords(caveats.notConverged)).toBe('still noisy (> 2 %); “Budget” gives it more time');
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
