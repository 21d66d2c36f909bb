/**
 * Conformance: every kernel beside ONNX's operator Attention, as onnxruntime-node computes it, over a table of cases.
 *
 * What is kept of its answers is in results/conformance.json; where ONNX Runtime is installed (npm run peers) it answers
 * anew, and every element is compared. --write keeps these answers, --kernel a,b runs only those, --without a,b all but
 * those, --no-run none. Exit code 1 where something differs by more than rounding explains, where a case failed, and where
 * the target of a kernel cannot be opened that is not left out by name.
 */

import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { BF16_ONLY, EXPERIMENTAL, KERNELS } from '../kernels/index.ts';
import { messageOf } from '../src/messages.ts';
import { ANSWERS, type Answers, digest, readAnswers } from './conformance/answers.ts';
import { caseTensors, conformanceCases, inputsHash } from './conformance/cases.ts';
import { F32, oracleOutput, type PreparedCase, prepareCase, worstError, worstKept } from './conformance/check.ts';
import { openOperator } from './conformance/operator.ts';
import { formatTallies, isWrong, type Tally, tallyKernel, tallyOutputs, targetHere } from './conformance/tally.ts';

const { values: options } = parseArgs({
  options: {
    write: { type: 'boolean', default: false },
    kernel: { type: 'string' },
    without: { type: 'string' },
    'no-run': { type: 'boolean', default: false },
  },
});

const own = [...KERNELS, ...EXPERIMENTAL, ...BF16_ONLY].filter(({ library }) => library === undefined);
const named = options.kernel?.split(',') ?? own.map(({ name }) => name);
const without = options.without?.split(',') ?? [];
const unknown = [...named, ...without].find((name) => !own.some((kernel) => kernel.name === name));
if (unknown !== undefined) {
  const names = own.map(({ name }) => name).join(', ');
  process.stderr.write(`no kernel of this project is called '${unknown}'; choose of ${names}\n`);
  process.exit(2);
}

/** The operator, or undefined where it is not installed; then only what is kept is compared with. */
function operatorHere(): ReturnType<typeof openOperator> | undefined {
  try {
    return openOperator();
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n`);
    return undefined;
  }
}

const cases = conformanceCases();
const operator = operatorHere();
if (operator === undefined && options.write) {
  process.stderr.write('--write needs the operator\n');
  process.exit(2);
}

const prepared: PreparedCase[] = [];
const live: Float32Array[] = [];
const kept: Answers['cases'] = [];
for (const c of cases) {
  const tensors = caseTensors(c);
  prepared.push(prepareCase(c, tensors));
  if (operator === undefined) continue;
  const output = await operator.answer(c, tensors);
  live.push(output);
  kept.push({ case: c, inputs: inputsHash(tensors), ...digest(c, output) });
}
if (options.write && operator !== undefined) {
  const lines = kept.map((answer) => `    ${JSON.stringify(answer)}`).join(',\n');
  const head = { operator: 'Attention, ONNX opset 23', runtime: `onnxruntime-node ${operator.version}, CPU` };
  const [first, ...rest] = JSON.stringify({ ...head, cases: [] }, null, 2).split('"cases": []');
  writeFileSync(ANSWERS, `${first}"cases": [\n${lines}\n  ]${rest.join('')}\n`);
}

const answers = readAnswers();
/** The output of a kernel beside the operator: all of it where it is here, else what is kept. */
const compare = (index: number, output: Float32Array, rounding = F32): number => {
  const one = prepared[index] as PreparedCase;
  const answer = answers.cases[index];
  if (answer === undefined) return Number.POSITIVE_INFINITY;
  const beside = live[index];
  return Math.max(
    worstKept(one, output, answer, rounding),
    beside === undefined ? 0 : worstError(one, output, beside, rounding),
  );
};

process.stdout.write(
  `${answers.operator} on ${answers.runtime}: ${answers.cases.length} answers kept, ${live.length} given anew\n`,
);
const tallies: Tally[] = [
  tallyOutputs('the oracle', prepared, (index) => compare(index, oracleOutput(prepared[index] as PreparedCase))),
];
const chosen = options['no-run'] ? [] : own.filter(({ name }) => named.includes(name) && !without.includes(name));
for (const kernel of chosen) tallies.push(await tallyKernel(kernel, await targetHere(kernel), prepared, compare));
process.stdout.write(`\n${formatTallies(tallies)}`);
for (const name of without) process.stdout.write(`${name}: left out by name\n`);
process.exitCode = tallies.some(isWrong) ? 1 : 0;
