/** The schema of a workload in the record, and of the numbers that all of the record is made of. */

import { z } from 'zod';

/** Rates, times and ratios: no machine comes near these bounds, and within them no arithmetic on them overflows. */
export const positive = z.number().min(1e-30).max(1e30);
/** Numbers of either sign, as far from overflow as these. */
export const finite = z.number().min(-1e30).max(1e30);
/** Rates, times and errors that may be nothing at all. */
export const amount = z.number().min(0).max(1e30);
/** More tokens, heads or samples than any run has; sums and products of them stay exact. */
export const count = z
  .number()
  .int()
  .positive()
  .max(2 ** 24);

/** The workload of a measurement or a figure. */
export const workloadSchema = z
  .object({
    batch: count,
    queryHeads: count,
    kvHeads: count,
    headDim: count,
    headDimV: count.optional().describe('head dimension of v and o; absent: headDim'),
    seqQuery: count,
    seqKv: count,
    mask: z.enum(['full', 'causal']),
    window: count.nullable().describe('sliding window in tokens, or null'),
    dtype: z.enum(['f32', 'f16', 'bf16']),
    scale: finite.describe('factor on q k^T'),
    softcap: positive
      .nullable()
      .optional()
      .describe('C of s = C tanh(s / C), after the scale and before the mask; null or absent: none'),
    sinks: z
      .boolean()
      .optional()
      .describe('a logit of each query head joins the sum of the weights and has no value; absent: none'),
    alibi: z
      .boolean()
      .optional()
      .describe('slope of the query head times the distance of query and key is taken from the scores; absent: not'),
    maskTensor: z.boolean().optional().describe('a tensor of a file is added to the scores; absent: none'),
  })
  .refine(({ queryHeads, kvHeads }) => queryHeads % kvHeads === 0, {
    path: ['kvHeads'],
    error: 'the query heads are no multiple of it',
  });
