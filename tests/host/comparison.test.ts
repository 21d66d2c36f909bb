/** The bound on errors: what rounding explains is right, what it does not is wrong, row by row. */

import { describe, expect, it } from 'vitest';
import { allowedErrors, compareRows, UNIT_ROUNDOFF } from '../../src/host/comparison.ts';
import { oracle } from '../../src/host/oracle.ts';
import { roundToBfloat16 } from '../../src/problem/bfloat16.ts';
import { roundToHalf } from '../../src/problem/half.ts';
import { workload } from '../workloads.ts';

const W = workload({ headDim: 64, seqQuery: 60, queryHeads: 2, kvHeads: 1, mask: 'causal' });
const DATA = { kind: 'normal', seed: 8 } as const;
const ROWS = Array.from({ length: 60 }, (_, row) => ({ batch: 0, queryHead: row % 2, row }));
const REFERENCES = oracle(W, DATA, ROWS);
const rounders = { f16: roundToHalf, bf16: roundToBfloat16 };
const WORST = { output: 'bf16', weights: 'bf16', independent: false, sides: 1 } as const;
const outputs = (round: (value: number) => number) =>
  REFERENCES.map(({ output }) => Float32Array.from(output, (value) => round(value)));

describe.each(['f16', 'bf16'] as const)('%s', (dtype) => {
  const rounding = { output: dtype, weights: dtype, independent: false, sides: 1 } as const;

  it('the oracle rounded to the type agrees', () => {
    expect(compareRows(W, REFERENCES, outputs(rounders[dtype]), { rounding })).toMatchOracle();
  });

  it('an output off by several roundings of its terms does not', () => {
    const wrong = outputs(rounders[dtype]);
    const terms = REFERENCES[7]?.magnitude[3] ?? 0;
    const row = wrong[7] as Float32Array;
    row[3] = (row[3] ?? 0) + 5 * UNIT_ROUNDOFF[dtype] * terms;
    expect(compareRows(W, REFERENCES, wrong, { rounding })).not.toMatchOracle();
  });

  it('in f32 it does not agree', () => {
    expect(compareRows(W, REFERENCES, outputs(rounders[dtype]))).not.toMatchOracle();
  });
});

describe('an output of f16 below its normal numbers', () => {
  it('may lose half a step of theirs, and no more', () => {
    const tiny = (factor: number) => (row: (typeof REFERENCES)[number]) => ({
      ...row,
      output: row.output.map((value) => value * factor),
      magnitude: row.magnitude.map((value) => value * factor),
    });
    const rounding = { output: 'f16', weights: 'f32', independent: true, sides: 1 } as const;
    for (const factor of [2 ** -14, 2 ** -40]) {
      const rows = REFERENCES.map(tiny(factor));
      const right = rows.map(({ output }) => Float32Array.from(output, roundToHalf));
      expect(compareRows(W, rows, right, { rounding })).toMatchOracle();
      const wrong = right.map((row) => row.map((value) => value + 2 ** -23));
      expect(compareRows(W, rows, wrong, { rounding })).not.toMatchOracle();
    }
  });
});

describe('the bound', () => {
  it('is of each row: a row of large logits allows the others nothing', () => {
    const huge = REFERENCES.map((row, index) => (index === 5 ? { ...row, maxLogit: 3e6 } : row));
    const wrong = outputs((value) => value);
    const row = wrong[9] as Float32Array;
    row[0] = (row[0] ?? 0) + 0.01;
    expect(compareRows(W, huge, wrong)).not.toMatchOracle();
  });

  it('follows the terms of each value: one large channel of v allows the others nothing', () => {
    const [reference] = REFERENCES;
    if (reference === undefined) throw new Error('no rows');
    const magnitude = Float64Array.from(reference.magnitude, (value, d) => (d === 0 ? 1000 * value : value));
    const allowed = allowedErrors(W, { ...reference, magnitude }, WORST);
    const plain = allowedErrors(W, reference, WORST);
    expect((allowed[0] ?? 0) / (plain[0] ?? 1)).toBeGreaterThan(100);
    expect((allowed[1] ?? 0) / (plain[1] ?? 1)).toBeLessThan(2);
  });

  it('is replaced by a tolerance that is given', () => {
    const off = REFERENCES.map(({ output }) => Float32Array.from(output, (value) => value * 1.001));
    expect(compareRows(W, REFERENCES, off)).not.toMatchOracle();
    expect(compareRows(W, REFERENCES, off, { tolerance: 0.01 })).toMatchOracle();
  });

  it('takes the same NaN in the same place for right, and one in another place for wrong', () => {
    const spoil = (list: Float64Array | Float32Array, d: number) => {
      const copy = Float64Array.from(list);
      copy[d] = Number.NaN;
      return copy;
    };
    const references = REFERENCES.map((row, i) => (i === 2 ? { ...row, output: spoil(row.output, 4) } : row));
    const same = outputs((value) => value).map((row, i) => (i === 2 ? Float32Array.from(spoil(row, 4)) : row));
    expect(compareRows(W, references, same)).toMatchOracle();
    const other = outputs((value) => value).map((row, i) => (i === 2 ? Float32Array.from(spoil(row, 5)) : row));
    expect(compareRows(W, references, other)).not.toMatchOracle();
  });
});
