/** The answers that ONNX's operator Attention gave to a table of cases: the table is still that one, and the oracle agrees. */

import { describe, expect, it } from 'vitest';
import { digest, readAnswers } from '../../scripts/conformance/answers.ts';
import { caseTensors, conformanceCases, inputsHash } from '../../scripts/conformance/cases.ts';
import { F32, oracleOutput, prepareCase, worstKept } from '../../scripts/conformance/check.ts';

const { cases } = readAnswers();

describe('conformance', () => {
  it('keeps the answer to every case of the table, and has each kind of case in it', () => {
    expect(cases.map((answer) => answer.case)).toEqual(conformanceCases());
    const count = (has: (c: (typeof cases)[number]['case']) => boolean) => cases.filter((one) => has(one.case)).length;
    expect(cases.length).toBeGreaterThanOrEqual(120);
    const kinds = [
      count(({ layout }) => layout === '3d'),
      count(({ layout }) => layout === '4d'),
      count(({ queryHeads, kvHeads }) => queryHeads > kvHeads),
      count(({ causal }) => causal === 'attribute'),
      count(({ causal, seqQuery, seqKv }) => causal === 'mask' && seqQuery !== seqKv),
      count(({ window }) => window !== null),
      count(({ scale }) => scale !== null),
      count(({ softcap }) => softcap !== null),
      count(({ softcap, mask }) => softcap !== null && mask !== null),
      count(({ mask }) => mask?.kind === 'boolean'),
      count(({ mask }) => mask?.kind === 'additive'),
      count(({ headDim, headDimV }) => headDim !== headDimV),
    ];
    expect(Math.min(...kinds)).toBeGreaterThan(9);
  });

  it('the oracle gives the answers, from the tensors that were answered', () => {
    for (const answer of cases) {
      const tensors = caseTensors(answer.case);
      expect(inputsHash(tensors)).toBe(answer.inputs);
      const prepared = prepareCase(answer.case, tensors);
      expect(worstKept(prepared, oracleOutput(prepared), answer, F32)).toBeLessThan(1);
    }
  });

  it('finds an answer that is off in one row, and one that is off a little everywhere', () => {
    const answer = cases.find((one) => one.case.seqQuery > 30) as (typeof cases)[number];
    const prepared = prepareCase(answer.case, caseTensors(answer.case));
    const right = oracleOutput(prepared);
    const dims = answer.case.headDimV;
    const oneRow = right.map((value, index) => (Math.floor(index / dims) === 5 ? value * 1.5 : value));
    const scaled = right.map((value) => value * 1.001);
    for (const output of [oneRow, scaled]) expect(worstKept(prepared, output, answer, F32)).toBeGreaterThan(1);
    expect(digest(answer.case, right)).not.toEqual(digest(answer.case, oneRow));
  });
});
