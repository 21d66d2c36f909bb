/** How published figures were timed: each source of bursts is named, and no figure is called one without a source. */

import { describe, expect, it } from 'vitest';
import timing from '../../results/published/timing.json' with { type: 'json' };
import { publishedFigures } from '../../src/compare/published-figures.ts';
import { isBurst, timingOf } from '../../src/compare/published-timing.ts';

describe('timingOf', () => {
  const figures = publishedFigures('all');

  it('calls the figures of the AVO and FA4 papers bursts, and says by which script', () => {
    const papers = figures.filter(({ source }) => /^(AVO|FA4) /.test(source));
    expect(papers).toHaveLength(144);
    for (const figure of papers) {
      expect(isBurst(figure)).toBe(true);
      expect(timingOf(figure)?.from).toContain('benchmark_attn.py');
    }
  });

  it('tells how GB200 and GB300 were timed, one pass at a time', () => {
    const own = figures.filter(({ device }) => /^GB[23]00$/.test(device));
    expect(own.length).toBeGreaterThan(0);
    for (const figure of own) expect(timingOf(figure)?.how).toMatch(/^one pass at a time/);
  });

  it('does not know how the FA3 paper timed', () => {
    const [figure] = figures.filter(({ source }) => source.startsWith('FA3'));
    expect(figure === undefined ? undefined : timingOf(figure)).toBeNull();
  });

  it('has no row without figures', () => {
    for (const { sources } of timing) {
      for (const prefix of sources.split('|')) {
        expect(
          figures.some(({ source }) => source.startsWith(prefix)),
          prefix,
        ).toBe(true);
      }
    }
  });
});
