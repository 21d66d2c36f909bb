/**
 * The search for a better configuration: successive halving by paired comparisons. Every candidate meets the default configuration in a few
 * paired rounds, and the best meet it again for longer. A paired comparison gives a ratio, so whatever else the machine does hits
 * both sides.
 */

import {
  type Candidate,
  candidateOf,
  candidatesOf,
  kernelsOf,
  LAST_RUNG,
  ranked,
  type Search,
  sameCandidate,
  type Trial,
} from './search-record.ts';

/** What a paired comparison found: the candidate's throughput over the default's, or why there is none. */
export type Outcome =
  | { ratio: number; low: number | null; high: number | null; rounds: number; processes?: number }
  | { message: string };
/**
 * Compares a candidate with the default configuration in so many paired rounds. One that decides (`final`) is spread over fresh
 * processes where it can be; others stay in one, whose bounds only choose what is tried again.
 */
export type PairedComparison = (candidate: Candidate, rounds: number, final: boolean) => Promise<Outcome>;

/** Rounds of a comparison, share of the candidates that reach the rung, share of the budget after which no other begins. */
const RUNGS = [
  { rounds: 2, keep: 1, until: 0.45 },
  { rounds: 4, keep: 1 / 4, until: 0.65 },
  { rounds: 10, keep: 1 / 12, until: 1 },
] as const;
/** At least so many reach each rung after the first. */
const LEAST = [0, 3, 1] as const;

/** When a search ends, and what is called after each trial. */
export interface SearchOptions {
  /** Share of the budget that is spent, 0 to 1 and beyond. */
  spent: () => number;
  signal: { readonly aborted: boolean };
  /** Called once the search holds a new trial. */
  onTrial: (trial: Trial) => void;
}

/** Continues a search until its budget is spent or nothing is left to try; trials that it already holds are not repeated. */
export async function continueSearch(search: Search, compare: PairedComparison, options: SearchOptions): Promise<void> {
  const { spent, signal } = options;
  for (const [rung, { rounds, until }] of RUNGS.entries()) {
    let begun = 0;
    const start = spent();
    for (const candidate of entrants(search, rung)) {
      if (signal.aborted) return;
      const held = search.trials.filter((trial) => trial.rung === rung);
      if (held.some((trial) => sameCandidate(candidateOf(search, trial), candidate))) continue;
      // One last paired comparison runs whatever the time: without it the search says nothing. So does a first one: its time is not known.
      const needed = begun === 0 && (rung === LAST_RUNG || search.trials.length === 0);
      // A driver may take minutes to compile: what would not end within the budget, being like those before it, is not begun.
      const now = spent();
      if (!needed && (now >= until || now + (now - start) / Math.max(begun, 1) > 1)) break;
      begun += 1;
      const outcome = await compare(candidate, rounds, rung === LAST_RUNG);
      // An interrupted paired comparison says nothing of the candidate.
      if (signal.aborted) return;
      const { kernel, tile } = candidate;
      const trial: Trial =
        'message' in outcome
          ? { rung, kernel, tile, ratio: null, low: null, high: null, rounds: 0, message: outcome.message }
          : { rung, kernel, tile, ...outcome, message: null };
      search.trials.push(trial);
      options.onTrial(trial);
    }
  }
}

/**
 * The candidates of a rung: all of them in the first, then the best of the rung before, or of an earlier one where that had no time, and
 * after them the best of every kernel that is not among these.
 */
function entrants(search: Search, rung: number): Candidate[] {
  if (rung === 0) return candidatesOf(search);
  const earlier = RUNGS.slice(0, rung).map((_, i) => ranked(search, i).map((trial) => candidateOf(search, trial)));
  const before = earlier.findLast((candidates) => candidates.length > 0) ?? [];
  const first = earlier[0]?.length ?? 0;
  const { keep } = RUNGS[rung] as (typeof RUNGS)[number];
  const best = before.slice(0, Math.max(LEAST[rung] ?? 1, Math.ceil(first * keep)));
  const others = kernelsOf(search).flatMap((kernel) => {
    const own = before.find((candidate) => candidate.kernel === kernel);
    return own === undefined || best.includes(own) ? [] : [own];
  });
  return [...best, ...others];
}
