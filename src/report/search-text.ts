/** What a search of bench tune found, in words. */

import { describeConfiguration } from '../../kernels/tunable.ts';
import { finalist, isComplete, type Search, type Trial, winner } from '../measure/search.ts';

/** The outcome of a search; `kept` is the file that its winner went to, null if there is no winner. */
export function formatSearch(search: Search, kept: string | null): string {
  const { kernel, headDim, mask, device, trials, candidates } = search;
  const tried = trials.filter(({ rung }) => rung === 0).length;
  const rest = isComplete(search) ? '' : '; the next bench tune continues';
  const first = `${kernel}, head dimension ${headDim}, ${mask} mask, on ${device}: ${tried} of ${candidates.length} candidates met the shipped configuration${rest}.`;
  return `${[first, ...outcome(search, kept)].join('\n')}\n`;
}

function outcome(search: Search, kept: string | null): string[] {
  const won = winner(search);
  const last = finalist(search);
  if (won !== null) {
    return [
      `Better: ${(won.ratio ?? 1).toFixed(3)} times the shipped configuration${interval(won)}: ${describeConfiguration(won.tile)}`,
      `Kept in ${kept}; bench mha and the others use it from now on, --tiles default does not.`,
    ];
  }
  if (last?.ratio == null) {
    return ['The search did not come to its last paired comparisons: nothing changes. Give it a larger --budget.'];
  }
  return [
    `Not better beyond the noise: the best runs at ${last.ratio.toFixed(3)} times the shipped configuration${interval(last)} (${describeConfiguration(last.tile)}). The shipped configuration stays.`,
  ];
}

const interval = ({ low, high }: Trial) =>
  low === null || high === null ? '' : ` [${low.toFixed(3)}, ${high.toFixed(3)}]`;
