/** The report's words: the answer of every kind of run, its sections, and pages that no name can break. */

import { describe, expect, it } from 'vitest';
import { comparePublished } from '../../src/compare/comparisons.ts';
import { parseRunFile } from '../../src/compare/run-file.ts';
import type { RunDocument } from '../../src/record/measurement.ts';
import { formatBars } from '../../src/report/bars.ts';
import { answer } from '../../src/report/finding.ts';
import { reportHtml } from '../../src/report/html.ts';
import { formatMarkdown, reportMarkdown } from '../../src/report/markdown.ts';
import { sections } from '../../src/report/sections.ts';
import { sustainedLines } from '../../src/report/sustained-text.ts';
import { formatTable } from '../../src/report/table.ts';
import { HOSTILE, measured, runOf, skipped } from '../runs.ts';

const compared = (run: RunDocument): RunDocument => ({
  ...run,
  comparisons: comparePublished(run.measurements, run.context, 'avo'),
});
const MHA = { batch: 1, queryHeads: 16, kvHeads: 16, headDim: 128, seqQuery: 32768 };

describe('answer', () => {
  it('begins with the finding, and calls a burst a burst, beside the specification only', () => {
    expect(answer(compared(runOf([measured(MHA)])))).toBe(
      "MHA at 32k runs 17,000 times slower here (wasm-flash, f32, 2 threads, 100 GFLOPS) than AVO's published 1668 TFLOPS " +
        'on a B200 (BF16, burst). It reaches 80 % of the peak of WebAssembly measured here. AVO, in bursts of some ' +
        "milliseconds, reaches 74 % of a B200's specification, 70 % of what that gives at its highest clock.",
    );
  });

  it('names memory where that is the limit', () => {
    const m = measured({ seqQuery: 1, seqKv: 4096, headDim: 64 });
    const ceiling = {
      name: 'wasm-memory-reads',
      tflops: 0.125,
      share: 0.8,
      roof: 'memory',
      gigabytesPerSecond: 25,
    } as const;
    const text = answer(compared(runOf([{ ...m, ceiling }])));
    expect(text).toContain('It reaches 80 % of the memory reads measured here (25.0 GB/s).');
  });

  it('names the limit of each row where rows differ in it, and of none where arithmetic limits all', () => {
    const m = measured({ seqQuery: 1, seqKv: 4096, headDim: 64 });
    const ceiling = { name: 'wasm-multiply-add-6x4', tflops: 0.125, share: 0.7, roof: 'compute' } as const;
    const memory = { ...ceiling, name: 'wasm-memory-reads', roof: 'memory', gigabytesPerSecond: 25 } as const;
    const both = formatTable(
      compared(
        runOf([
          { ...m, ceiling },
          { ...measured({ seqQuery: 1, seqKv: 8192, headDim: 64 }), ceiling: memory },
        ]),
      ),
    );
    expect(both).toContain('70 % compute');
    expect(both).toContain('70 % memory');
    expect(formatTable(compared(runOf([{ ...m, ceiling }])))).not.toContain('compute');
  });

  it('says nothing of a B200 where no figure is exact', () => {
    expect(answer(compared(runOf([measured({ seqQuery: 100, headDim: 64 })])))).toMatch(
      /^MHA at 100 \(head dimension 64\) runs at 100 GFLOPS here .*It reaches 80 % of the peak of WebAssembly measured here\.$/,
    );
  });
});

describe('sections', () => {
  it('hold results, environment, method and sources, and the points without a number', () => {
    const titles = sections(compared(runOf([measured(MHA), skipped('no device')]))).map(({ title }) => title);
    expect(titles).toEqual(['Results', 'Cases without a number', 'Environment', 'How it was measured', 'Sources']);
  });

  it('say that nothing matches where nothing does', () => {
    const found = sections(runOf([skipped('no device')])).find(({ title }) => title === 'Sources');
    expect(found?.lines?.[0]).toBe('No published figure is set beside this run.');
  });
});

describe('a kernel that ran without a pause', () => {
  const clocks = [4e9, 3.9e9, 3e9].map((hertz, index) => ({ at: index, hertz }));
  const samples = [0, 1].map((at) => ({ at, seconds: 1, flops: 1e11, clock: 'wall' as const }));
  const sustained = { seconds: 60.4, restSeconds: 5, samples, burst: 0.2, sustained: 0.18, clocks };
  const run = compared(runOf([{ ...measured(MHA), sustained }, measured({ ...MHA, mask: 'causal' })]));
  const line = 'wasm-flash, 32k full, 16 heads, d 128: burst 200 GFLOPS, sustained 180 GFLOPS over 60 s (-10.0 %)';

  it('has a line in every text, and what the words mean', () => {
    expect(sustainedLines(run)).toEqual([line]);
    const table = formatTable(run).replaceAll(/\s+/g, ' ');
    expect(table).toContain(line);
    expect(table).toContain('Published figures are bursts.');
    expect(formatMarkdown(run)).toContain('burst 200 GFLOPS, sustained 180 GFLOPS');
    expect(sections(run).find(({ title }) => title === 'Burst and sustained')?.lines?.[0]).toBe(line);
  });

  it('tells the clock of a core where the second half has a reading too', () => {
    const late = [...clocks, { at: 40, hertz: 3.5e9 }];
    const read = compared(runOf([{ ...measured(MHA), sustained: { ...sustained, clocks: late } }]));
    expect(sustainedLines(read)).toEqual([
      `${line}; a core's clock 4.00 GHz in the first second, 3.50 GHz in the second half`,
    ]);
  });

  it('has none where nothing ran so', () => {
    expect(sustainedLines(runOf([measured(MHA)]))).toEqual([]);
  });
});

describe('pages', () => {
  const run = compared(runOf([measured(MHA)], HOSTILE));
  const parts = { closing: [], scripts: ['const a = "</script>";'], themes: { light: {}, dark: {} } };
  const chart = {
    name: HOSTILE,
    heading: HOSTILE,
    wide: { title: HOSTILE },
    narrow: { title: HOSTILE },
    svg: '<svg></svg>',
  };

  it('show hostile names as text', () => {
    const page = { name: HOSTILE, answer: HOSTILE, charts: [chart], sections: sections(run) };
    const html = reportHtml([page, page], parts);
    // Two blocks of data, one library, one program of our own: no tag came from a name.
    expect(html.match(/<script/g)).toHaveLength(4);
    expect(html.match(/<img/g)).toBeNull();
    expect(html).toContain('&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;');
    const data = /<script type="application\/json" id="charts">(.*?)<\/script>/s.exec(html)?.[1] ?? '';
    expect((JSON.parse(data) as { wide: { title: string } }[])[0]?.wide.title).toBe(HOSTILE);
  });

  it('name no address outside themselves', () => {
    const html = reportHtml([{ name: 'a', answer: 'b', charts: [], sections: sections(run) }], parts);
    expect(/(src|href)="(?!data:)/.test(html)).toBe(false);
  });

  it('in Markdown escape what would end a cell', () => {
    const text = reportMarkdown({
      name: 'a|b',
      answer: '<b>',
      pictures: [{ heading: 'x', file: 'a b.png' }],
      sections: [],
    });
    expect(text).toBe('# a\\|b\n\n**&lt;b>**\n\n## x\n\n![x](a%20b.png)\n');
  });
});

describe('bars in a terminal', () => {
  it('put published figures first and print every value', () => {
    const text = formatBars(compared(runOf([measured(MHA)])));
    const names = text.split('\n').flatMap((line) => /^ {2}(\S+)/.exec(line)?.[1] ?? []);
    expect(names).toEqual(['AVO', 'cuDNN', 'FA4', 'wasm-flash']);
    expect(text).toMatch(/AVO on B200 +█{44} 1668 TFLOPS/);
    expect(text).toMatch(/wasm-flash +█+[^█ ]? 100 GFLOPS/);
  });

  it('say where there is nothing', () => {
    expect(formatBars(runOf([skipped('no')]))).toBe('Nothing was measured, so there is nothing to draw.\n');
  });
});

describe('parseRunFile', () => {
  const run = runOf([measured(MHA)]);
  const journal = [{ schema: run.schema, context: run.context }, ...run.measurements]
    .map((line) => JSON.stringify(line))
    .join('\n');

  it.each([
    ['a journal', journal],
    ['a document', JSON.stringify(run, null, 2)],
    ['a document on one line', JSON.stringify(run)],
  ])('reads %s and compares it anew', (_, text) => {
    const found = parseRunFile(text, 'run', 'avo');
    expect(found.measurements).toEqual(run.measurements);
    expect(found.comparisons).toHaveLength(3);
  });

  it('reads a journal that holds its context only', () => {
    expect(parseRunFile(journal.split('\n')[0] ?? '', 'run', 'avo').measurements).toEqual([]);
  });

  it('pairs an ablation with its kernel sample by sample', () => {
    const varied = { ...measured(MHA), kernel: 'wasm-flash-phases' };
    const half = { ...varied, samples: varied.samples.map((s) => ({ ...s, seconds: s.seconds * 2 })) };
    const lines = [{ schema: run.schema, context: run.context }, measured(MHA), half];
    const found = parseRunFile(lines.map((line) => JSON.stringify(line)).join('\n'), 'run', 'avo');
    expect(found.ratios).toMatchObject([{ kernel: 'wasm-flash-phases', baseline: 'wasm-flash', ratio: 0.5, low: 0.5 }]);
  });

  it.each([
    ['', 'it is empty'],
    ['not json', 'line 1 is not JSON'],
    [`${journal}\n{"broken\n`, 'line 3 is not JSON'],
    ['{"schema":"other/1"}', 'schema'],
    ['[1, 2]', 'schema'],
    ['null', 'schema'],
    [journal.replace('"measured"', '"meassured"'), 'measurements.0'],
  ])('answers %j in one line', (text, reason) => {
    expect(() => parseRunFile(text, 'x.jsonl', 'avo')).toThrow(`'x.jsonl' is not the record of a run: `);
    expect(() => parseRunFile(text, 'x.jsonl', 'avo')).toThrow(reason);
  });
});
