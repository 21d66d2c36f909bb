/** Run files that no run of ours left: torn, steering a terminal, of impossible size, with names of JavaScript's own. */

import { describe, expect, it } from 'vitest';
import { allCharts } from '../../src/chart/all.ts';
import { renderSvg } from '../../src/chart/render.ts';
import { parseRunFile } from '../../src/compare/run-file.ts';
import type { RunDocument } from '../../src/record/measurement.ts';
import { formatJsonLines } from '../../src/report/formats.ts';
import { formatTable } from '../../src/report/table.ts';
import { measured, runOf } from '../runs.ts';

const RUN = runOf([measured({ seqQuery: 512 }), measured({ seqQuery: 1024 })]);
const journal = (run: RunDocument = RUN) => formatJsonLines(run);
const read = (text: string, notice?: (line: string) => void) => parseRunFile(text, 'x.jsonl', 'avo', notice);

describe('a run file', () => {
  it('is read without a last line that was not written whole, and says so', () => {
    const notices: string[] = [];
    const torn = journal().slice(0, -30);
    expect(read(torn, (line) => notices.push(line)).measurements).toHaveLength(1);
    expect(notices).toEqual(["'x.jsonl': line 3, the last, was not written whole and is left out."]);
    // A line in the middle is another matter, and so is a last line that was ended.
    expect(() => read(journal().replace('{"kernel"', '{kernel'))).toThrow('line 2 is not JSON');
    expect(() => read(`${torn}\n`)).toThrow('line 3 is not JSON');
  });

  it('that is refused has one message: no notice of a torn line before it', () => {
    const notices: string[] = [];
    const torn = journal().replace('"schema":"attnbench/1"', '"schema":"other"').slice(0, -30);
    expect(() => read(torn, (line) => notices.push(line))).toThrow('does not name the schema');
    expect(notices).toEqual([]);
  });

  it.each([
    ['alone', '['.repeat(100_000) + ']'.repeat(100_000)],
    ['in a field', journal().replace('"label":null', `"label":${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`)],
    ['as a line of its own', `${journal()}${'['.repeat(100_000)}${']'.repeat(100_000)}\n`],
  ])('nested too deeply %s is refused', (_, text) => {
    expect(() => read(text)).toThrow('nested deeper than 50 levels');
  });

  it('of another version may name a model that is not known here', () => {
    const { measurements, context } = RUN;
    const run = read(
      journal({ ...RUN, context: { ...context, models: ['of-tomorrow', 'constructor'] }, measurements }),
    );
    expect(formatTable(run)).not.toContain('whole models');
  });

  it('is told what is missing or too large in words of JSON', () => {
    expect(() => read(journal().replace(/"backend":"[a-z]+",/, ''))).toThrow(/: Invalid [^;]*(?<!undefined);/);
    expect(() => read(journal().replace(/"seconds":[\d.e-]+/, '"seconds":1e999'))).toThrow(
      'expected number, received one that is too large',
    );
    expect(() => read(journal().replace(/"samples":\[.*?\],/, ''))).toThrow('expected array, received nothing');
  });

  it('may begin with a byte order mark', () => {
    expect(read(`\ufeff${journal()}`).measurements).toHaveLength(2);
  });

  it('steers no terminal: control characters stand as their codes', () => {
    const [first] = RUN.measurements;
    const evil = { ...first, kernel: 'evil\u001b]0;pwned\u0007\u001b[2J\u202e' } as (typeof RUN.measurements)[number];
    const text = formatTable(read(journal(runOf([evil]))));
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
    expect(text).toContain('evil\\u001b]0;pwned');
  });

  it.each(['seqQuery', 'seqKv', 'batch', 'queryHeads', 'window'] as const)(
    'refuses an impossible %s at once',
    (name) => {
      const text = journal().replace(new RegExp(`"${name}":(\\d+|null)`), `"${name}":1099511627776`);
      expect(() => read(text)).toThrow(`workload.${name}`);
    },
  );

  it('refuses heads that make no groups', () => {
    const text = journal().replace(/"queryHeads":\d+,"kvHeads":\d+/, '"queryHeads":3,"kvHeads":2');
    expect(() => read(text)).toThrow('workload.kvHeads: the query heads are no multiple of it');
  });

  it.each([1e-300, 1e300, 0, -1])('refuses a rate of %d', (median) => {
    const text = journal().replace(/"tflops":\{"median":[\d.e-]+/, `"tflops":{"median":${median}`);
    expect(() => read(text)).toThrow('tflops.median');
  });

  it.each(['constructor', '__proto__', 'toString'])('draws every chart of a kernel called %s', async (kernel) => {
    const strange = (m: (typeof RUN.measurements)[number]) => ({ ...m, kernel });
    const run = read(journal(runOf(RUN.measurements.map(strange))));
    for (const { draw } of allCharts(run, 'avo', [], null)) {
      expect(await renderSvg(draw('wide'))).toMatch(/^<svg/);
    }
  });
});
