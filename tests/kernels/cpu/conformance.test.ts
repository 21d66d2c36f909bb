/** CPU kernels beside what ONNX's operator Attention answered, on a part of the table; `npm run conformance` runs it whole. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findKernel } from '../../../kernels/index.ts';
import { readAnswers } from '../../../scripts/conformance/answers.ts';
import { caseTensors } from '../../../scripts/conformance/cases.ts';
import { kernelOutput, prepareCase, worstKept } from '../../../scripts/conformance/check.ts';
import type { Host } from '../../../src/host/contract.ts';
import { createScalarHost } from '../../../src/host/cpu/scalar-host.ts';
import { spawnWasm } from '../../../src/host/node/wasm-children.ts';

/** Of the table every so manieth: coprime to the turns that its options take. */
const EVERY = 11;

describe.each([
  { name: 'scalar-flash', open: async () => createScalarHost('this CPU', 2 ** 33) },
  { name: 'scalar-naive', open: async () => createScalarHost('this CPU', 2 ** 33) },
  { name: 'wasm-flash', open: () => spawnWasm('simd-relaxed', 2) },
])('$name', ({ name, open }) => {
  let host: Host;
  beforeAll(async () => {
    host = await open();
  });
  afterAll(() => host.close());

  it('agrees with the operator wherever it takes the case', async () => {
    const answers = readAnswers().cases.filter((_, index) => index % EVERY === 0);
    let taken = 0;
    for (const answer of answers) {
      const prepared = prepareCase(answer.case, caseTensors(answer.case));
      const result = await kernelOutput(host, findKernel(name), prepared);
      if ('refused' in result) continue;
      taken += 1;
      expect(worstKept(prepared, result.output, answer, result.rounding), `seed ${answer.case.seed}`).toBeLessThan(1);
    }
    expect(taken).toBeGreaterThan(name === 'wasm-flash' ? answers.length / 3 : answers.length - 1);
  });
});
