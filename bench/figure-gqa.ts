/**
 * The AVO paper's GQA figure: 32 query heads over 4 and over 8 KV heads, head dimension 128, 32k tokens, both masks.
 */

import type { Suite } from '../src/problem/cases.ts';
import { expand, presetAxes } from '../src/problem/sweep.ts';

/** The suite of `bench suite figure-gqa`. */
export const figureGqa: Suite = {
  name: 'figure-gqa',
  summary: 'GQA as in the AVO paper: 32 query heads over 4 and 8 KV heads, 32k tokens, 4k to 32k, both masks',
  workloads: expand({ ...presetAxes('gqa'), kvHeads: [4, 8] }),
  budgetSeconds: 240,
};
