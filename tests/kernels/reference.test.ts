/** The oracle against answers known without it: everything else is checked against the oracle. */

import { describe, expect, it } from 'vitest';
import { referenceRow } from '../../kernels/reference.ts';
import type { RowTerms } from '../../src/problem/scores.ts';

const row = (values: number[]) => Float32Array.from(values);

describe('reference', () => {
  it('weighs keys by their softmax: logits 0 and ln 3 give weights 1/4 and 3/4', () => {
    const { output } = referenceRow(
      row([Math.log(3), 0]),
      row([0, 5, 1, 7]),
      row([8, 0, 4, 16]),
      { low: 0, high: 2 },
      1,
    );
    expect(output[0]).toBeCloseTo(8 / 4 + (3 * 4) / 4, 6);
    expect(output[1]).toBeCloseTo((3 * 16) / 4, 6);
  });

  it('applies the scale to the logits', () => {
    const q = row([2 * Math.log(3), 0]);
    const { output, maxLogit } = referenceRow(q, row([0, 0, 1, 0]), row([0, 0, 4, 0]), { low: 0, high: 2 }, 0.5);
    expect(output[0]).toBeCloseTo(3, 6);
    expect(maxLogit).toBeCloseTo(Math.log(3), 6);
  });

  it('averages V where all keys are alike', () => {
    const { output, magnitude } = referenceRow(
      row([3, 1]),
      row([1, 2, 1, 2, 1, 2]),
      row([1, -6, 2, 6, 6, 6]),
      { low: 0, high: 3 },
      1,
    );
    expect([...output]).toEqual([3, 2]);
    expect([...magnitude]).toEqual([expect.closeTo(3, 12), expect.closeTo(6, 12)]);
  });

  it('says how far errors of single weights move the output', () => {
    // Weights 1/4 and 3/4, values 4 and 8 with mean 7: terms of 3/4 each; in the other dim the values are equal.
    const q = row([Math.log(3), 0]);
    const { weightSpread, keys } = referenceRow(q, row([0, 0, 1, 0]), row([4, 5, 8, 5]), { low: 0, high: 2 }, 1);
    expect(weightSpread[0]).toBeCloseTo(Math.sqrt(2) * 0.75, 6);
    expect(weightSpread[1]).toBeCloseTo(0, 6);
    expect(keys).toBe(2);
  });

  it('sees only the keys of its range', () => {
    const v = row([1, 1, 2, 2, 4, 4, 100, 100]);
    expect([...referenceRow(row([0, 0]), new Float32Array(8), v, { low: 1, high: 3 }, 1).output]).toEqual([3, 3]);
  });

  it('gives zeros to a row that sees nothing', () => {
    const none = referenceRow(row([1, 1]), row([1, 1]), row([9, 9]), { low: 0, high: 0 }, 1);
    expect(none).toEqual({
      output: new Float64Array(2),
      ...{ maxLogit: 0, magnitude: new Float64Array(2), weightSpread: new Float64Array(2), keys: 0 },
    });
  });

  it('survives logits beyond the range of exp', () => {
    const { output } = referenceRow(
      row([60000, 0]),
      row([60000, 0, -60000, 0]),
      row([5, 6, 7, 8]),
      { low: 0, high: 2 },
      1,
    );
    expect([...output]).toEqual([5, 6]);
  });
});

/** Two keys whose logits are 0 and `second`, and whose values are 8, 0 and 4, 16. */
const twoKeys = (second: number, terms: Partial<RowTerms>, scale = 1) =>
  referenceRow(row([second, 0]), row([0, 5, 1, 7]), row([8, 0, 4, 16]), { low: 0, high: 2 }, scale, terms);
const QUARTERS = [expect.closeTo(8 / 4 + (3 * 4) / 4, 6), expect.closeTo((3 * 16) / 4, 6)];

describe('scores', () => {
  it('caps the scaled logit: s = ln((2 + ln 3) / (2 - ln 3)) becomes 2 tanh(s / 2) = ln 3', () => {
    const logit = 2 * Math.atanh(Math.log(3) / 2);
    expect(logit).toBeCloseTo(Math.log((2 + Math.log(3)) / (2 - Math.log(3))), 12);
    expect([...twoKeys(2 * logit, { softcap: 2 }, 0.5).output]).toEqual(QUARTERS);
    // Far beyond the cap all logits are the cap: e^1 beside e^0.
    const share = Math.E / (Math.E + 1);
    const { output, maxLogit } = twoKeys(1e6, { softcap: 1 });
    expect(output[1]).toBeCloseTo(16 * share, 6);
    expect(maxLogit).toBe(1);
  });

  it('counts the sink in the denominator alone: logits 0, ln 3 and a sink of ln 4 give weights 1/8 and 3/8', () => {
    const { output, magnitude, weightSpread } = twoKeys(Math.log(3), { sink: Math.log(4) });
    expect([...output]).toEqual([expect.closeTo(8 / 8 + 12 / 8, 6), expect.closeTo(48 / 8, 6)]);
    expect([...magnitude]).toEqual([...output]);
    // sqrt of (1/8 (8 - 2.5))^2 + (3/8 (4 - 2.5))^2.
    expect(weightSpread[0]).toBeCloseTo(Math.hypot(5.5 / 8, (3 * 1.5) / 8), 6);
    // A sink far above all logits takes all the weight, one far below none.
    expect([...twoKeys(Math.log(3), { sink: 300 }).output]).toEqual([expect.closeTo(0, 12), expect.closeTo(0, 12)]);
    expect([...twoKeys(Math.log(3), { sink: -300 }).output]).toEqual(QUARTERS);
  });

  it('takes a logit beside a sink to be as large as its terms: 3 x 4 and 4 x -3 give 0 and 12 sqrt(2)', () => {
    const alone = (terms: Partial<RowTerms>) =>
      referenceRow(row([3, 4]), row([4, -3]), row([1, 1]), { low: 0, high: 1 }, 0.5, terms).maxLogit;
    expect(alone({})).toBe(0);
    expect(alone({ sink: 1 })).toBeCloseTo(6 * Math.SQRT2, 12);
    // The slope of the cap at a score of 0 is 1.
    expect(alone({ sink: 1, softcap: 2 })).toBeCloseTo(6 * Math.SQRT2, 12);
  });

  it('takes slope times distance from logits, on both sides of the position', () => {
    const alike = (position: number, keys: number) =>
      referenceRow(row([0]), new Float32Array(keys), row([1, 0, 0].slice(0, keys)), { low: 0, high: keys }, 1, {
        alibi: { slope: Math.log(3), position },
      }).output[0];
    // Weights 1/3 and 1; then 1/3, 1 and 1/3.
    expect(alike(1, 2)).toBeCloseTo(1 / 4, 12);
    expect(alike(1, 3)).toBeCloseTo(1 / 5, 12);
  });

  it('adds the mask after the cap, and does not see what it hides', () => {
    expect([...twoKeys(0, { bias: row([0, Math.log(3)]), softcap: 0.5 }).output]).toEqual(QUARTERS);
    const hidden = twoKeys(7, { bias: row([0, Number.NEGATIVE_INFINITY]) });
    expect([...hidden.output]).toEqual([8, 0]);
    expect(hidden.keys).toBe(1);
    const none = twoKeys(7, { bias: new Float32Array(2).fill(Number.NEGATIVE_INFINITY), sink: 1 });
    expect([[...none.output], none.keys]).toEqual([[0, 0], 0]);
  });
});
