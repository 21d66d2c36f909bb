/** Numbers as people read them, and text that cannot break the format it is put in. */

import { describe, expect, it } from 'vitest';
import {
  counted,
  formatDuration,
  formatFaster,
  formatNumber,
  formatRate,
  formatRateInterval,
  formatRateSpread,
  formatRateWithin,
  formatRatio,
} from '../../src/format.ts';
import { formatCsv } from '../../src/report/formats.ts';
import { formatMarkdown } from '../../src/report/markdown.ts';
import { formatTable } from '../../src/report/table.ts';
import { measured, runOf, skipped } from '../runs.ts';

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
      '1668 TFLOPS',
      '12.3 TFLOPS',
      '183 GFLOPS',
      '361 MFLOPS',
    ]);
  });

  it('says a ratio as the same factor everywhere, with its relative error', () => {
    expect(formatRatio(9123.4, 91.2)).toBe('9,100x ± 1 %');
    expect(formatRatio(4.2345, 0.031)).toBe('4.2x ± 0.73 %');
    expect(formatRatio(15234, null)).toBe('15,000x');
    expect(formatRatio(1.0456, null)).toBe('1.05x');
  });
});

describe('numbers with what surrounds them', () => {
  it.each([
    [0.12631, 0.0004, '126.3 ± 0.4 GFLOPS'],
    [0.12631, 0.00004, '126.3 ± 0.1 GFLOPS'],
    [0.0000984, 0.000003, '98.4 ± 3.0 MFLOPS'],
    [1668, 18.6, '1668 ± 19 TFLOPS'],
    [0.0000004, 0, '400 ± 0 kFLOPS'],
  ])('writes %f TFLOPS within %f in one unit', (rate, half, text) => {
    expect(formatRateWithin(rate, half)).toBe(text);
  });

  it.each([
    [0.187, 0.181, 0.195, '187 ± 7 GFLOPS'],
    [0.00197, 0.00043, 0.0168, '1.97 [0.43, 17] GFLOPS'],
    [1.2, 0.8, 2.1, '1.20 [0.8, 2.1] TFLOPS'],
  ])('writes the interval of %f TFLOPS as half of it, or where that is wide both bounds', (rate, low, high, text) => {
    expect(formatRateInterval(rate, low, high)).toBe(text);
  });

  it('writes a spread in the unit of the median', () => {
    expect(formatRateSpread(0.9, 0.8, 1.2)).toBe('900 (800-1200) GFLOPS');
  });

  it.each([
    [40e-9, '40.0 ns'],
    [65.5e-6, '65.5 µs'],
    [0.0123, '12.3 ms'],
    [70.2, '70.2 s'],
    [67.1685, '67.2 s'],
    [750, '12.5 min'],
    [89_400, '25 h'],
    [3_300_000, '38 days'],
  ])('writes %f s in the unit that fits', (seconds, text) => {
    expect(formatDuration(seconds)).toBe(text);
  });

  it('says a paired ratio as faster or slower, its interval turned with it', () => {
    expect(formatFaster(1.61, 1.58, 1.64)).toBe('1.61x faster [1.58, 1.64]');
    expect(formatFaster(0.517, 0.5, 0.52)).toBe('1.93x slower [1.92, 2.00]');
    expect(formatFaster(2)).toBe('2.00x faster');
  });

  it('counts in the singular and the plural', () => {
    expect([counted(1, 'head'), counted(2, 'head'), counted(2000, 'case')]).toEqual([
      '1 head',
      '2 heads',
      '2,000 cases',
    ]);
  });
});

const RUN = runOf([skipped('a | pipe, a "quote" and\na line <b>', { seqQuery: 1024 })]);

describe('formats', () => {
  it('tell why a case has no number', () => {
    expect(formatTable(RUN)).toContain('Skipped: wasm-flash (1k full, 1 head, d 32): a | pipe');
  });

  it('escape what would break them', () => {
    expect(formatMarkdown(RUN)).toContain('a \\| pipe, a "quote" and a line &lt;b>');
    expect(formatCsv(RUN)).toContain('"a | pipe, a ""quote"" and\na line <b>"');
    expect(formatCsv(runOf([measured({ softcap: 50 })]))).toMatch(/,softcap,sinks,alibi\r\n.*,50,false,false\r\n$/);
    const [header = '', line = ''] = formatCsv(runOf([skipped('none')])).split('\r\n');
    expect(line.split(',')).toHaveLength(header.split(',').length);
  });
});
