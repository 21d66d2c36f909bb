/** What a search of bench tune found, in words. */

import { describeConfiguration } from '../../kernels/tunable.ts';
import { counted, formatFaster } from '../format.ts';
import { finalist, isComplete, type Search, winner } from '../measure/search.ts';

/** The outcome of a search; `kept` is the file that its winner went to, null if there is no winner. */
export function formatSearch(search: Search, kept: string | null): string {
  const { kernel, headDim, mask, device, trials, candidates } = search;
  const tried = trials.filter(({ rung }) => rung === 0).length;
  const rest = isComplete(search) ? '' : '; the next bench tune continues';
  const first = `${kernel}, head dimension ${headDim}, ${mask} mask, on ${device}: ${tried} of ${counted(candidates.length, 'candidate')} tested against the default configuration${rest}.`;
  return `${[first, ...outcome(search, kept)].join('\n')}\n`;
}

function outcome(search: Search, kept: string | null): string[] {
  const won = winner(search);
  const last = finalist(search);
  if (won !== null) {
    return [
      `Better: ${formatFaster(won.ratio ?? 1, won.low, won.high)} than the default configuration: ${describeConfiguration(won.tile)}`,
      `Kept in ${kept}; bench mha and the others use it from now on, --tiles default does not.`,
    ];
  }
  if (last?.ratio == null) {
    return ['The search did not come to its last paired comparisons: nothing changes. Give it a larger --budget.'];
  }
  return [
    `No better configuration found beyond the noise: the best is ${formatFaster(last.ratio, last.low, last.high)} than the default one (${describeConfiguration(last.tile)}), which stays.`,
  ];
}
