/** Texts of other commands than runs: none is wider than the terminal that it is for. */

import { describe, expect, it } from 'vitest';
import { CLAIMS } from '../../src/compare/claims.ts';
import { modelB200 } from '../../src/model/b200.ts';
import { whatIf } from '../../src/model/what-if.ts';
import { formatModel } from '../../src/report/b200-text.ts';
import { formatBursts } from '../../src/report/bursts-text.ts';
import { formatClaims } from '../../src/report/claims-text.ts';
import { fitText, formatColumns, wrapText } from '../../src/report/columns.ts';
import { formatEvolution } from '../../src/report/evolution-text.ts';
import { formatPublished } from '../../src/report/published-text.ts';
import { formatTimeline } from '../../src/report/timeline-text.ts';
import { formatVersions } from '../../src/report/versions-text.ts';
import { formatWhatIf } from '../../src/report/what-if-text.ts';

describe.each([100, 80])('at %i columns', (width) => {
  it.each<[string, () => string]>([
    ['the model of B200', () => formatModel(modelB200(), null, width)],
    ['a changed chip', () => formatWhatIf(whatIf({ units: 160 }), width)],
    ['the timeline', () => formatTimeline(width)],
    ['the published figures of all sources', () => formatPublished('all', width)],
    ['the claims', () => formatClaims(width)],
    ['the evolution', () => formatEvolution(width)],
    ['the bursts', () => formatBursts(width)],
    ['the versions', () => formatVersions(width)],
  ])('%s fits', (_, text) => {
    expect(
      text()
        .split('\n')
        .filter((line) => line.length > width),
    ).toEqual([]);
  });
});

describe('broken text', () => {
  it('keeps every word of a claim', () => {
    const words = (text: string) => text.split(/\s+/).join(' ');
    for (const { here } of CLAIMS) expect(words(formatClaims(60))).toContain(words(here));
  });

  it('goes on where its text begins, and keeps a number beside its unit', () => {
    expect(fitText('- one two three four', 12)).toBe('- one two\n  three four');
    expect(fitText('  name      one two three', 18)).toBe('  name      one\n         two three');
    expect(wrapText('it reaches 92 % of 41.1 GFLOPS', 14)).toEqual(['it reaches', '92 % of', '41.1 GFLOPS']);
    expect(wrapText('averylongwordthatdoesnotfit', 10)).toEqual(['averylongw', 'ordthatdoe', 'snotfit']);
  });

  it('breaks a table between words while any column has room, and cuts words only then', () => {
    const rows = [['a-name-of-18-chars', 'another-of-17-char', 'some words that are many', '+12.5 % [-3.1, +40.2]']];
    const heads = ['with it', 'without it', 'workload', 'gain here [95 %]'];
    expect(formatColumns(heads, rows, 66)).toContain('a-name-of-18-chars  another-of-17-char  ');
    expect(formatColumns(heads, rows, 50)).not.toContain('a-name-of-18-chars');
    for (const width of [66, 50])
      for (const line of formatColumns(heads, rows, width).split('\n')) expect(line.length).toBeLessThanOrEqual(width);
  });

  it('breaks the text of the widest column, under heads that stay heads', () => {
    expect(formatColumns(['n', 'text'], [['12', 'some words that are too many for it']], 24)).toBe(
      ' n  text\n12  some words that are\n    too many for it\n',
    );
  });
});
