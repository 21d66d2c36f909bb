/** The report's figure 5: multi-head attention, 16 heads, head dimension 128, 32k tokens, 4k to 32k, both masks. */

import type { Suite } from '../src/problem/cases.ts';
import { expand, presetAxes } from '../src/problem/sweep.ts';

/** The suite of `bench suite figure-mha`. */
export const figureMha: Suite = {
  name: 'figure-mha',
  summary: 'MHA as in the AVO paper: 16 heads, head dimension 128, 32k tokens, 4k to 32k, both masks',
  workloads: expand(presetAxes('mha')),
  budgetSeconds: 120,
};
