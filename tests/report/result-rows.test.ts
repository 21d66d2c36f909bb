/** Numbers as people read them, and text that cannot break the format it is put in. */

import { describe, expect, it } from 'vitest';
import { formatNumber, formatRate, formatRatio } from '../../src/format.ts';
import { formatCsv } from '../../src/report/formats.ts';
import { formatMarkdown } from '../../src/report/markdown.ts';
import { formatTable } from '../../src/report/table.ts';
import { runOf, skipped } from '../runs.ts';

describe('numbers', () => {
  it.each([
    [1667.6, '1670'],
    [0.1234, '0.123'],
    [12.345, '12.3'],
    [0.0000993, '0.0000993'],
    [0, '0'],
  ])('writes %f with three digits', (value, text) => {
    expect(formatNumber(value)).toBe(text);
  });

  it('says rates in the unit that fits', () => {
    expect([1668, 12.3, 0.183, 0.000361].map(formatRate)).toEqual([
      '1.67 PFLOPS',
      '12.3 TFLOPS',
      '183 GFLOPS',
      '361 MFLOPS',
    ]);
  });

  it('rounds a ratio to its error', () => {
    expect(formatRatio(9123.4, 91.2)).toBe('9,120x ± 90');
    expect(formatRatio(4.2345, 0.031)).toBe('4.23x ± 0.03');
    expect(formatRatio(15234, null)).toBe('15,000x');
  });
});

const RUN = runOf([skipped('a | pipe, a "quote" and\na line <b>', { seqQuery: 1024 })]);

describe('formats', () => {
  it('tell why a case has no number', () => {
    expect(formatTable(RUN)).toContain('skipped: wasm-flash, 1k full, 1 head, d 32: a | pipe');
  });

  it('escape what would break them', () => {
    expect(formatMarkdown(RUN)).toContain('a \\| pipe, a "quote" and a line &lt;b>');
    expect(formatCsv(RUN)).toContain('"a | pipe, a ""quote"" and\na line <b>"');
    const [header = '', line = ''] = formatCsv(runOf([skipped('none')])).split('\r\n');
    expect(line.split(',')).toHaveLength(header.split(',').length);
  });
});
