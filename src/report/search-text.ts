/** What a search of bench tune found, in words. */

import { describeConfiguration } from '../../kernels/tunable.ts';
import { counted, formatFaster, withCommas } from '../format.ts';
import {
  type Candidate,
  candidateOf,
  candidatesOf,
  finalist,
  isComplete,
  isShipped,
  kernelsOf,
  type Search,
  type Trial,
  winner,
} from '../measure/search-record.ts';
import { formatHeadDims } from '../problem/workload.ts';

/** What became of a winner: the file that it went to, or nothing since its kernel has it as shipped; null if there is no winner. */
export type Kept = { file: string } | 'as shipped' | null;

/** A candidate in a line: "wgsl-flash with rows 32, keys 64", or its kernel in the default configuration. */
export function candidateName(search: Search, candidate: Candidate): string {
  const { kernel, tile } = candidate;
  return isShipped(search, candidate)
    ? `${kernel} in its default configuration`
    : `${kernel} with ${describeConfiguration(tile)}`;
}

/** The outcome of a search, what it left out before and what failed. */
export function formatSearch(search: Search, kept: Kept): string {
  const { kernel, mask, dtype, device, trials, alternatives, pruned, unsupported } = search;
  const tried = trials.filter(({ rung }) => rung === 0).length;
  const rest = isComplete(search) ? '' : '; the next bench tune continues';
  const all = counted(candidatesOf(search).length, 'candidate');
  const base = alternatives.length === 0 ? 'the default configuration' : `the default configuration of ${kernel}`;
  const first = `${kernelsOf(search).join(' and ')}, head dimension ${formatHeadDims(search)}, ${mask} mask, ${dtype}, on ${device}: ${tried} of ${all} tested against ${base}${rest}.`;
  return `${[
    first,
    ...unsupported.map((one) => `${one.kernel} is left out: ${one.reason}.`),
    ...pruned.map((one) => `${one.kernel}: ${withCommas(one.configurations.length)} pruned: ${one.reason}.`),
    ...failures(search),
    ...outcome(search, kept),
  ].join('\n')}\n`;
}

/** Over how many processes a trial was spread; without, its bounds leave out what varies between them. */
const ofProcesses = ({ processes }: Trial) =>
  processes === undefined
    ? ' of one process, which does not show what varies between processes'
    : ` of ${processes} processes`;

/** A line for each kernel and reason. */
function failures(search: Search): string[] {
  const failed = search.trials.flatMap((trial) => {
    const [message] = trial.message?.split('\n') ?? [];
    return message === undefined ? [] : [{ kernel: candidateOf(search, trial).kernel, message }];
  });
  const groups = Map.groupBy(failed, ({ kernel, message }) => `${kernel} ${message}`);
  return [...groups.values()].map((alike) => {
    const { kernel, message } = alike[0] as (typeof failed)[number];
    return `${kernel}: ${withCommas(alike.length)} without a result: ${message}`;
  });
}

function outcome(search: Search, kept: Kept): string[] {
  const won = winner(search);
  const last = finalist(search);
  const stays = `the default configuration of ${search.kernel} stays`;
  if (won !== null && kept !== null) {
    const candidate = candidateOf(search, won);
    return [
      `Better: ${candidateName(search, candidate)} is ${formatFaster(won.ratio ?? 1, won.low, won.high)} than the default configuration of ${search.kernel}, in ${won.rounds} paired rounds${ofProcesses(won)}.`,
      kept === 'as shipped'
        ? `Nothing needs to be kept: bench mha --kernel ${candidate.kernel} runs it.`
        : `Kept in ${kept.file}; bench mha and the others use it from now on, --tiles default does not.`,
    ];
  }
  if (last?.ratio == null) {
    return [
      `No better configuration found: the search did not come to its last paired comparisons, so ${stays}. Give it a larger --budget.`,
    ];
  }
  const name = candidateName(search, candidateOf(search, last));
  return [
    `No better configuration found beyond the noise: the best is ${formatFaster(last.ratio, last.low, last.high)} than the default one (${name}); ${stays}.`,
  ];
}
