/** What to look at first after bench bringup: what is wrong, then what is odd, then what could be faster. */

import { formatFaster, formatNumber } from '../format.ts';
import type { Bringup, SideBySide } from '../measure/bringup/outcome.ts';
import type { StepName } from '../measure/bringup/plan.ts';
import { likelySpills } from '../measure/bringup/spills.ts';
import { isBad, nameOf } from '../measure/bringup/verify-all.ts';

/** A gain that is worth a line, beyond the noise. */
const WORTH = 1.03;
/** A share of the measured limit below which there is much to gain: the design's target for GPUs. */
const LITTLE = 0.55;
/** Wrong programs that are named one by one. */
const MOST_NAMED = 3;

const NOTHING =
  'Nothing stands out: all that ran is right, and nothing compared is surely faster than what is shipped.';

/** The findings, most urgent first, each a sentence with the next step. */
export function bringupFindingsOf(found: Bringup): string[] {
  const { environment, checks, comparisons, steps, cancelled } = found;
  const failed = steps.filter(({ state }) => state === 'failed');
  const bad = checks.filter(isBad);
  const software = environment?.device.software === true;
  const note = environment?.device.clock.note ?? null;
  const tiles = comparisons.find(({ step }) => step === 'tiles');
  const lines = [
    ...bad.slice(0, MOST_NAMED).map((check) => `${nameOf(check)}: ${check.reason}. It was not timed.`),
    ...(bad.length > MOST_NAMED
      ? [`${bad.length - MOST_NAMED} more checks are not right; the JSON has all of them.`]
      : []),
    ...failed.flatMap((outcome) =>
      outcome.state === 'failed' && outcome.step !== 'verify' ? [`${outcome.step} failed: ${outcome.reason}`] : [],
    ),
    ...(note === null ? [] : [note]),
    // What is fast where a CPU emulates the GPU says nothing of one.
    ...(tiles === undefined || software ? [] : likelySpills(tiles)).map(
      ({ label, neighbour, ratio }) =>
        `tiles: "${label}" runs at ${formatNumber(ratio)} of its smaller neighbour "${neighbour}": likely a register spill.`,
    ),
    ...(software ? [] : [...comparisons.flatMap(gainOf), ...sharesOf(found)]),
    ...(software ? ['A CPU emulates this adapter: results count, rates say nothing of a GPU.'] : []),
    ...(cancelled ? ['The run was interrupted: what stands here was found until then.'] : []),
  ];
  return lines.length > 0 ? lines : [NOTHING];
}

/** The side that is surely faster than the first one, if any: the fastest of those. */
function gainOf({ step, sides }: SideBySide): string[] {
  const faster = sides
    .filter(({ ratio }) => (ratio?.low ?? 0) > WORTH)
    .toSorted((a, b) => (b.ratio?.low ?? 0) - (a.ratio?.low ?? 0));
  const [best] = faster;
  const [base] = sides;
  if (best === undefined || best.ratio === null || base === undefined) return [];
  const { median, low, high } = best.ratio;
  return [
    `${step}: "${best.label}" is ${formatFaster(median, low, high)} than "${base.label}". ${NEXT[step] ?? ''}`.trim(),
  ];
}

/** What to do about a side that is faster, by step. */
const NEXT: Partial<Record<StepName, string>> = {
  tiles: 'bench tune searches further.',
  submissions: 'Longer ones pay here where no watchdog ends them.',
  robustness: 'That is what guarded accesses cost.',
  matrix: 'Another choice than the shipped one suits this device.',
  peers: 'What it does otherwise is worth a look.',
};

/** The kernels whose rate is little beside the limit that ceilings found for their arithmetic. */
function sharesOf({ comparisons, ceilings }: Bringup): string[] {
  const limits = { tiles: ['multiply-add'], matrix: ['matrix-product f16', 'matrix-product f32'] } as const;
  return Object.entries(limits).flatMap(([step, quantities]) => {
    const side = comparisons.find((one) => one.step === step)?.sides[0];
    const dtype = side?.measurement?.workload.dtype;
    const limit = ceilings.find(
      ({ quantity }) =>
        quantities.some((name) => name === quantity) && (step === 'tiles' || quantity.endsWith(dtype ?? '')),
    );
    if (side?.measurement?.state !== 'measured' || limit === undefined) return [];
    const share = (side.measurement.tflops.median * 1e12) / limit.rate;
    return share < LITTLE
      ? [
          `${side.kernel} reaches about ${Math.round(100 * share)} % of what ${limit.probe} measured: there is much to gain.`,
        ]
      : [];
  });
}
