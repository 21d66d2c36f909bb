/** The AVO paper's three techniques: their gains on B200 and in the kernels here, and why these differ. */

import { knownKernel } from '../../kernels/index.ts';
import type { Backend, Kernel } from '../../kernels/kernel.ts';
import rows from '../../results/published/ablation-gains.json' with { type: 'json' };
import type { Mask, Workload } from '../problem/workload.ts';
import type { RunDocument } from '../record/measurement.ts';

/** The techniques of the paper's ablation: 'branchless', 'overlap' and 'registers'. */
export type Technique = NonNullable<Kernel['ablation']>['technique'];

/** What a technique gained on B200. */
export interface PublishedGain {
  technique: Technique;
  name: string;
  /** Gain of the geometric mean of throughput over 4k to 32k on B200, percent, by mask. */
  full: number;
  causal: number;
  versions: string;
  /** The versions of AVO's kernel without the technique and with it. */
  before: number;
  after: number;
  source: string;
}

/** The paper's ablation, in its order. */
export const PUBLISHED_GAINS = rows as readonly PublishedGain[];

/** One technique in one kernel at one workload: its gain in percent with the 95 % interval. */
export interface AblationGain {
  technique: Technique;
  name: string;
  backend: Backend;
  /** The kernel with the technique and the one without it. */
  on: string;
  off: string;
  workload: Workload;
  gain: number;
  low: number | null;
  high: number | null;
  published: number;
}

/** The gains in a run's paired ratios; empty if no ablation ran. */
export function ablationGains(run: RunDocument): AblationGain[] {
  return run.ratios.flatMap((ratio): AblationGain[] => {
    const kernel = knownKernel(ratio.kernel);
    if (kernel?.ablation?.of !== ratio.baseline) return [];
    const { technique, change } = kernel.ablation;
    const published = publishedGain(technique);
    const added = change === 'adds';
    const percent = (value: number | undefined) =>
      value === undefined ? null : 100 * ((added ? value : 1 / value) - 1);
    const [a, b] = [percent(ratio.low), percent(ratio.high)];
    return [
      {
        technique,
        name: published.name,
        backend: kernel.backend,
        on: added ? kernel.name : ratio.baseline,
        off: added ? ratio.baseline : kernel.name,
        workload: ratio.workload,
        gain: percent(ratio.ratio) ?? 0,
        low: a === null || b === null ? null : Math.min(a, b),
        high: a === null || b === null ? null : Math.max(a, b),
        published: published[ratio.workload.mask],
      },
    ];
  });
}

/** The published gain of a technique. Throws RangeError if the table has none. */
export function publishedGain(technique: Technique): PublishedGain {
  const found = PUBLISHED_GAINS.find((row) => row.technique === technique);
  if (found === undefined) throw new RangeError(`no published gain for '${technique}'`);
  return found;
}

/** The published gain of a technique under a mask, percent. Throws RangeError if the table has none. */
export function gainOf(technique: Technique, mask: Mask): number {
  return publishedGain(technique)[mask];
}

/** Why a technique may gain more or less here than on B200, by backend. */
export const WHY: Record<Technique, Partial<Record<Backend, string>>> = {
  branchless: {
    wasm: "The local idea is another one. AVO's spares a vote of warps and a blocking fence, on the path that every block waits for, and takes them from a group that works beside the products. Here one thread owns its rows: there is no vote and no fence, the branch is predicted, and the factor is multiplied in while the sums are loaded anyway. Both sides take running maxima in every block; wasm-flash itself leaves them out on such data, and the branch would never be taken.",
    webgpu:
      'The local idea is another one: on B200 the branch makes the warps of a group agree and forces a blocking fence. Here every thread rescales sums in its own registers: the branch costs a comparison and saves one multiplication for each sum where nothing moved.',
  },
  overlap: {
    wasm: 'The local idea is another one: on B200 the correction and the products run on different units, so doing both at once hides one. Here both use the same vector units of one instruction stream: the order only decides which data are in the cache.',
    webgpu:
      'The local idea is another one: on B200 the correction overlaps a product of the matrix unit. WGSL has neither asynchronous copies nor groups of warps with different work; what can overlap is the load of the values with the softmax, which other workgroups hide already where enough of them fit.',
  },
  registers: {
    wasm: 'The local idea is another one: on B200 registers move from a group of warps that has too many to one that spills. Here all code has the same registers and the tile decides: a smaller one loads more for each multiply-add, a larger one spills its sums.',
    webgpu:
      'The local idea is another one: on B200 registers move between groups of warps with different work. Here all threads do the same and the tile decides: a smaller one reads more workgroup memory for each multiply-add, a larger one leaves room for fewer threads or spills.',
  },
};
