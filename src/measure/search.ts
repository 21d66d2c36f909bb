/**
 * The search for a better configuration: successive halving by paired comparisons. Every candidate meets the shipped
 * configuration in a few paired rounds, and the best meet it again for longer. A paired comparison gives a ratio, so whatever
 * else the machine does hits both sides.
 */

import { z } from 'zod';
import type { Configuration } from '../../kernels/kernel.ts';
import { sameConfiguration } from '../../kernels/tunable.ts';

const configurationSchema = z.record(z.string(), z.union([z.number(), z.string()]));

const trialSchema = z.object({
  rung: z.number().int().min(0).describe('0 is the first and shortest'),
  tile: configurationSchema,
  ratio: z
    .number()
    .positive()
    .nullable()
    .describe('throughput over the shipped configuration, median of paired rounds'),
  low: z.number().nullable().describe('95 % interval of the ratio, from 6 rounds on'),
  high: z.number().nullable(),
  rounds: z.number().int().min(0),
  message: z.string().nullable().describe('why there is no ratio: a wrong result, a compiler error, a device limit'),
});

const searchSchema = z.object({
  kernel: z.string(),
  device: z.string(),
  variant: z.string().nullable(),
  headDim: z.number().int().positive(),
  mask: z.string(),
  dtype: z.string(),
  shipped: configurationSchema,
  candidates: z.array(configurationSchema),
  trials: z.array(trialSchema),
});

/** One paired comparison of a candidate with the shipped configuration. */
export type Trial = z.infer<typeof trialSchema>;
/** All that is known of a search; it can be written, read and continued. */
export type Search = z.infer<typeof searchSchema>;

/** A search read back; null if the value is not one. */
export function parseSearch(value: unknown): Search | null {
  const parsed = searchSchema.safeParse(value);
  return parsed.success ? parsed.data : null;
}

/** What a paired comparison found: the candidate's throughput over the shipped configuration's, or why there is none. */
export type Outcome = { ratio: number; low: number | null; high: number | null; rounds: number } | { message: string };
/** Compares a candidate with the shipped configuration in so many paired rounds. */
export type PairedComparison = (candidate: Configuration, rounds: number) => Promise<Outcome>;

/** Rounds of a comparison, share of the candidates that reach the rung, share of the budget after which no other begins. */
const RUNGS = [
  { rounds: 2, keep: 1, until: 0.45 },
  { rounds: 4, keep: 1 / 4, until: 0.65 },
  { rounds: 9, keep: 1 / 12, until: 1 },
] as const;
/** At least so many reach each rung after the first. */
const LEAST = [0, 3, 1] as const;

/** The number of the longest paired comparisons. */
export const LAST_RUNG = RUNGS.length - 1;

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
  for (const [rung, { rounds, until }] of RUNGS.entries()) {
    let begun = 0;
    for (const candidate of entrants(search, rung)) {
      if (options.signal.aborted) return;
      if (search.trials.some((trial) => trial.rung === rung && sameConfiguration(trial.tile, candidate))) continue;
      // One last paired comparison runs whatever the time: without it the search says nothing.
      if (options.spent() >= until && (rung < LAST_RUNG || begun > 0)) break;
      begun += 1;
      const outcome = await compare(candidate, rounds);
      // An interrupted paired comparison says nothing of the candidate.
      if (options.signal.aborted) return;
      const trial: Trial =
        'message' in outcome
          ? { rung, tile: candidate, ratio: null, low: null, high: null, rounds: 0, message: outcome.message }
          : { rung, tile: candidate, ...outcome, message: null };
      search.trials.push(trial);
      options.onTrial(trial);
    }
  }
}

/** The candidates of a rung: all of them in the first, then the best of the rung before, or of an earlier one where that had no time. */
function entrants(search: Search, rung: number): Configuration[] {
  if (rung === 0) return search.candidates;
  const earlier = RUNGS.slice(0, rung).map((_, i) => ranked(search, i));
  const before = earlier.findLast((trials) => trials.length > 0) ?? [];
  const first = ranked(search, 0).length;
  const { keep } = RUNGS[rung] as (typeof RUNGS)[number];
  return before.slice(0, Math.max(LEAST[rung] ?? 1, Math.ceil(first * keep))).map(({ tile }) => tile);
}

/** The trials of a rung that have a ratio, best first. */
function ranked(search: Search, rung: number): Trial[] {
  return search.trials
    .filter((trial) => trial.rung === rung && trial.ratio !== null)
    .sort((a, b) => (b.ratio ?? 0) - (a.ratio ?? 0));
}

/** True where every candidate has had its first paired comparison. */
export function isComplete(search: Search): boolean {
  return search.candidates.every((candidate) =>
    search.trials.some((trial) => trial.rung === 0 && sameConfiguration(trial.tile, candidate)),
  );
}

/** The best trial of the last rung; undefined where the search has not come that far. */
export function finalist(search: Search): Trial | undefined {
  return ranked(search, LAST_RUNG)[0];
}

/** The trial whose configuration beats the shipped one beyond the noise of its comparison; null where none does. */
export function winner(search: Search): Trial | null {
  const last = ranked(search, LAST_RUNG).filter(({ low }) => (low ?? 0) > 1);
  // By the lower end: a lucky median with a wide interval is no better than a sure one.
  return last.sort((a, b) => (b.low ?? 0) - (a.low ?? 0))[0] ?? null;
}
