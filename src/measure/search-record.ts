/** The record of a search of bench tune: what was tried against the default configuration, what was found, what was left out and why. */

import { z } from 'zod';
import type { Configuration } from '../../kernels/kernel.ts';
import { sameConfiguration } from '../../kernels/tunable.ts';
import { finite, positive } from '../record/workload-schema.ts';
import { MIN_FOR_BOUNDS } from './series.ts';

const valueSchema = z.union([z.number(), z.string()]);
const configurationSchema = z.record(z.string(), valueSchema);

const trialSchema = z.object({
  rung: z.number().int().min(0).describe('0 is the first and shortest'),
  kernel: z.string().optional().describe('absent where it is the kernel of the search'),
  tile: configurationSchema,
  ratio: positive
    .nullable()
    .describe(
      'throughput over the default, the shipped configuration of the kernel of the search; median of paired rounds',
    ),
  low: finite
    .nullable()
    .describe(
      'bounds of the ratio that decide: its 95 % interval of 3 processes or more, else of its rounds alone, from 6 on',
    ),
  high: finite.nullable(),
  rounds: z.number().int().min(0),
  processes: z
    .number()
    .int()
    .positive()
    .optional()
    .describe('fresh processes that its rounds were spread over; absent: one'),
  message: z.string().nullable().describe('why there is no ratio: a wrong result, a compiler error, a device limit'),
});

const searchSchema = z.object({
  kernel: z.string().describe('of the default, which all are compared with'),
  device: z.string(),
  variant: z.string().nullable(),
  headDim: z.number().int().positive(),
  headDimV: z.number().int().positive().optional().describe('of v and o; absent: headDim'),
  mask: z.string().describe('with its window and whether scores are capped: "causal (window 128, soft-cap)"'),
  dtype: z.string(),
  shipped: configurationSchema,
  candidates: z.array(configurationSchema),
  alternatives: z
    .array(z.object({ kernel: z.string(), shipped: configurationSchema, candidates: z.array(configurationSchema) }))
    .default([])
    .describe('other kernels in the same search; their shipped configurations are candidates too'),
  pruned: z
    .array(
      z.object({
        kernel: z.string(),
        reason: z.string(),
        fields: z.array(z.string()),
        configurations: z.array(z.array(valueSchema)).describe('of each configuration the values of the fields'),
      }),
    )
    .default([])
    .describe('what the device rules out before anything runs; thousands, so the names of fields are written once'),
  unsupported: z
    .array(z.object({ kernel: z.string(), reason: z.string() }))
    .default([])
    .describe('kernels that cannot run the workload on this device'),
  trials: z.array(trialSchema),
});

/** One paired comparison of a candidate with the default configuration. */
export type Trial = z.infer<typeof trialSchema>;
/** All that is known of a search; it can be written, read and continued. Those of older versions know one kernel. */
export type Search = z.infer<typeof searchSchema>;

/** A search read back; null if the value is not one. */
export function parseSearch(value: unknown): Search | null {
  const parsed = searchSchema.safeParse(value);
  return parsed.success ? parsed.data : null;
}

/** A configuration of a kernel. */
export interface Candidate {
  kernel: string;
  tile: Configuration;
}

/** The candidate of a trial. */
export const candidateOf = ({ kernel }: Search, trial: Trial): Candidate => ({
  kernel: trial.kernel ?? kernel,
  tile: trial.tile,
});

/** Whether two candidates are the same configuration of the same kernel. */
export const sameCandidate = (a: Candidate, b: Candidate) => a.kernel === b.kernel && sameConfiguration(a.tile, b.tile);

/** The kernels of a search, that of the default first. */
export const kernelsOf = ({ kernel, alternatives }: Search) => [kernel, ...alternatives.map((other) => other.kernel)];

/**
 * All candidates in the order in which they are tried: the shipped configurations of the other kernels, then the most promising ones of
 * every kernel in turn.
 */
export function candidatesOf(search: Search): Candidate[] {
  const { kernel, candidates, alternatives } = search;
  const shipped = alternatives.map((other): Candidate => ({ kernel: other.kernel, tile: other.shipped }));
  const lists = [{ kernel, candidates }, ...alternatives];
  const inTurn = lists.flatMap((list) =>
    list.candidates.map((tile, turn) => ({ turn, candidate: { kernel: list.kernel, tile } })),
  );
  return [...shipped, ...inTurn.sort((a, b) => a.turn - b.turn).map(({ candidate }) => candidate)];
}

/** Whether a candidate is its kernel's shipped configuration. */
export const isShipped = (search: Search, candidate: Candidate) =>
  search.alternatives.some(({ kernel, shipped }) => sameCandidate({ kernel, tile: shipped }, candidate));

/** The fields in which a candidate differs from its kernel's shipped configuration. */
export function changesOf({ kernel, shipped, alternatives }: Search, candidate: Candidate): Configuration {
  const own = [{ kernel, shipped }, ...alternatives].find((one) => one.kernel === candidate.kernel)?.shipped ?? {};
  return Object.fromEntries(Object.entries(candidate.tile).filter(([name, value]) => own[name] !== value));
}

/** The number of the last rung, that of the longest paired comparisons. */
export const LAST_RUNG = 2;

/** The trials of a rung that have a ratio, best first. */
export function ranked(search: Search, rung: number): Trial[] {
  return search.trials
    .filter((trial) => trial.rung === rung && trial.ratio !== null)
    .sort((a, b) => (b.ratio ?? 0) - (a.ratio ?? 0));
}

/** True where every candidate has had its first paired comparison. */
export function isComplete(search: Search): boolean {
  const tried = search.trials.filter(({ rung }) => rung === 0).map((trial) => candidateOf(search, trial));
  return candidatesOf(search).every((candidate) => tried.some((other) => sameCandidate(other, candidate)));
}

/** The best trial of the last rung; undefined where the search has not come that far. */
export function finalist(search: Search): Trial | undefined {
  return ranked(search, LAST_RUNG)[0];
}

/**
 * The trial that beats the default beyond the noise of its comparison: in 6 paired rounds or more, with bounds above 1. Null where none
 * does.
 */
export function winner(search: Search): Trial | null {
  const better = ranked(search, LAST_RUNG).filter(({ low, rounds }) => rounds >= MIN_FOR_BOUNDS && (low ?? 0) > 1);
  // By the lower end: a lucky median with a wide interval is no better than a sure one.
  return better.sort((a, b) => (b.low ?? 0) - (a.low ?? 0))[0] ?? null;
}
