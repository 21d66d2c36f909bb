/** What is kept of the operator's answers: the case, a hash of its inputs, some values and a checksum of all. */

import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { type ConformanceCase, draws } from './cases.ts';

/** Where they are kept. */
export const ANSWERS = new URL('../../results/conformance.json', import.meta.url);

const caseSchema = z.object({
  seed: z.number(),
  layout: z.enum(['3d', '4d']),
  batch: z.number(),
  queryHeads: z.number(),
  kvHeads: z.number(),
  headDim: z.number(),
  headDimV: z.number(),
  seqQuery: z.number(),
  seqKv: z.number(),
  causal: z.enum(['attribute', 'mask']).nullable(),
  window: z.number().nullable(),
  scale: z.number().nullable(),
  softcap: z.number().nullable(),
  mask: z.object({ kind: z.enum(['boolean', 'additive']), eachBatch: z.boolean(), eachHead: z.boolean() }).nullable(),
});

const answersSchema = z.object({
  operator: z.string(),
  runtime: z.string(),
  cases: z.array(
    z.object({
      case: caseSchema,
      inputs: z.string().describe('hash of the tensors'),
      values: z.array(z.number()).describe('elements of the output, at places drawn from the seed'),
      checksum: z.number().describe('sum of all elements, each with a sign drawn from the seed'),
    }),
  ),
});

/** The file. */
export type Answers = z.infer<typeof answersSchema>;
/** What is kept of one case. */
export type Answer = Answers['cases'][number];

/** Reads the file. Throws where it is damaged. */
export const readAnswers = (): Answers => answersSchema.parse(JSON.parse(readFileSync(ANSWERS, 'utf8')));

/** Elements of an output that are kept. */
const KEPT = 12;

/** The places of the elements that are kept, in an output of `length` elements. */
export function keptPlaces(c: ConformanceCase, length: number): number[] {
  const draw = draws(c.seed ^ 0x2545f491);
  return Array.from({ length: KEPT }, () => draw(length));
}

/** 1 or -1 for every element of an output. */
export function signs(c: ConformanceCase, length: number): Int8Array {
  const draw = draws(c.seed ^ 0x6c078965);
  return Int8Array.from({ length }, () => 2 * draw(2) - 1);
}

/** What is kept of an output [batch, seqQuery, queryHeads, headDimV]. */
export function digest(c: ConformanceCase, output: Float32Array): Pick<Answer, 'values' | 'checksum'> {
  const sign = signs(c, output.length);
  const checksum = output.reduce((sum, value, index) => sum + value * (sign[index] as number), 0);
  const round = (value: number) => Number(value.toPrecision(8));
  return {
    values: keptPlaces(c, output.length).map((place) => round(output[place] as number)),
    checksum: round(checksum),
  };
}
