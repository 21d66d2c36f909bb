/** The oracle against answers known without it: everything else is checked against the oracle. */

import { describe, expect, it } from 'vitest';
import { referenceRow } from '../../kernels/reference.ts';

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
