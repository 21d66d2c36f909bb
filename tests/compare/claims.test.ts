/** The report's claims: every one of its table is there, and what is said of them follows from the figures and the model. */

import { describe, expect, it } from 'vitest';
import { CLAIMS } from '../../src/compare/claims.ts';
import { publishedFigures } from '../../src/compare/published-figures.ts';
import { modelB200 } from '../../src/model/b200.ts';
import { formatClaims } from '../../src/report/claims-text.ts';

/** The table of the report's claims: id and value, in its order; then what it says of Gemma 4. */
const TABLE: readonly [string, RegExp][] = [
  ['mha-peak', /^1668 TFLOPS$/],
  ['mha-vs-cudnn', /\+3\.5 %$/],
  ['mha-vs-fa4', /\+10\.5 %$/],
  ['gqa-vs-cudnn', /\+7\.0 %$/],
  ['gqa-vs-fa4', /\+9\.3 %$/],
  ['setting', /^seq 4k, 8k, 16k, 32k$/],
  ['search', /^7 days unattended, more than 500 directions explored, 40 kernel versions$/],
  ['gqa-effort', /^30 minutes$/],
  ['branchless', /^\+8\.1 %$/],
  ['overlap', /^no figure in the report; the paper: \+1\.1 % non-causal, \+0\.4 % causal$/],
  ['registers', /^\+2\.1 %$/],
  ['gemma-window', /^sliding-window/],
  ['gemma-alternation', /interleaved$/],
  ['gemma-kv-sharing', /^KV shared across layers$/],
];

const claim = (id: string) => CLAIMS.find((item) => item.id === id);

describe('claims of the report', () => {
  it("are those of its table, in its order, each with the report's words", () => {
    expect(CLAIMS.map(({ id }) => id)).toEqual(TABLE.map(([id]) => id));
    for (const [id, words] of TABLE) expect(claim(id)?.printed).toMatch(words);
  });

  it('have a configuration, a source, what can be said here, and a command', () => {
    for (const { id, where, source, here, state, command } of CLAIMS) {
      expect(['measured', 'modelled', 'quoted'], id).toContain(state);
      expect(command, id).toMatch(/^bench [a-z]/);
      for (const text of [where, source, here]) expect(text.length, id).toBeGreaterThan(10);
    }
  });

  it('are printed with every part', () => {
    const text = formatClaims().replaceAll(/\s+/g, ' ');
    for (const { id, printed, where, here, command, source } of CLAIMS) {
      for (const part of [`${id}: ${printed}`, where, here, command, source]) expect(text).toContain(part);
    }
  });

  it('give the value of a bound from the figures of its configuration', () => {
    const gain = (other: string, queryHeads: number, kvHeads: number) => {
      const rate = (library: string) =>
        publishedFigures('avo').find(
          ({ library: name, workload: w }) =>
            name === library &&
            w.mask === 'causal' &&
            w.seqKv === 4096 &&
            [queryHeads, kvHeads].join() === [w.queryHeads, w.kvHeads].join(),
        )?.tflops ?? Number.NaN;
      return 100 * (rate('AVO') / rate(other) - 1);
    };
    // Whole TFLOPS leave 0.1 points open.
    expect(Math.abs(gain('cuDNN', 16, 16) - (claim('mha-vs-cudnn')?.value ?? 0))).toBeLessThan(0.1);
    expect(Math.abs(gain('FA4', 16, 16) - (claim('mha-vs-fa4')?.value ?? 0))).toBeLessThan(0.1);
    expect(Math.abs(gain('cuDNN', 32, 8) - (claim('gqa-vs-cudnn')?.value ?? 0))).toBeLessThan(0.1);
    expect(Math.abs(gain('FA4', 32, 4) - (claim('gqa-vs-fa4')?.value ?? 0))).toBeLessThan(0.1);
  });

  it('say what the model gives where they are modelled', () => {
    const { points } = modelB200();
    const modelled = (other: string, kvHeads: number) => {
      const of = (library: string) =>
        points.find(
          ({ library: name, workload: w }) =>
            name === library && w.mask === 'causal' && w.seqKv === 4096 && w.kvHeads === kvHeads,
        )?.model ?? Number.NaN;
      return (100 * (of('AVO') / of(other) - 1)).toFixed(1);
    };
    expect(claim('gqa-vs-cudnn')?.here).toContain(`The model gives +${modelled('cuDNN', 8)} %`);
    expect(claim('gqa-vs-fa4')?.here).toContain(`The model gives +${modelled('FA4', 4)} %`);
  });
});
