/** The versions of AVO's kernel as the paper draws them: throughput by mask and length, its best so far, its gains. */

import { geometricMean } from 'simple-statistics';
import data from '../../results/published/avo-evolution.json' with { type: 'json' };
import { PUBLISHED_GAINS, type PublishedGain } from './technique-gains.ts';

/** The masks of the two figures. */
export const EVOLUTION_MASKS = ['full', 'causal'] as const;
type EvolutionMask = (typeof EVOLUTION_MASKS)[number];

/** What one version reaches under one mask. */
export interface VersionRates {
  /** TFLOPS at each of `seqs`; null where the drawing has no point. */
  tflops: readonly (number | null)[];
  /** Geometric mean over the lengths; null unless all of them are there. */
  geometricMean: number | null;
  /** The largest geometric mean up to this version; null before the first. */
  best: number | null;
}

/** One version of the kernel. */
export interface Version extends Record<EvolutionMask, VersionRates> {
  version: number;
}

/** A version that the paper names as a turning point. */
export interface TurningPoint {
  version: number;
  name: string;
  change: string;
}

/** A gain in percent, and the part of it that only wins back what an earlier version had reached. */
interface RatedGain {
  gain: number;
  repair: number;
}

/** The gain of one technique of the paper's ablation under one mask, from the versions before and after it. */
export interface EvolutionGain {
  technique: PublishedGain['technique'];
  name: string;
  mask: EvolutionMask;
  before: number;
  after: number;
  lengths: (RatedGain & { seq: number })[];
  /** Of the geometric mean over the lengths. */
  geometricMean: RatedGain;
  /** What the paper's table 1 prints for the geometric mean, percent. */
  published: number;
}

/** The evolution with everything computed from it. */
export interface Evolution {
  source: string;
  /** How the points were read. */
  reading: string;
  /** The workloads and the device. */
  protocol: string;
  seqs: readonly number[];
  versions: readonly Version[];
  turningPoints: readonly TurningPoint[];
  /** Geometric means of the libraries that the figures draw as rules, TFLOPS. */
  libraries: readonly ({ library: string } & Record<EvolutionMask, number>)[];
  gains: readonly EvolutionGain[];
}

/** The evolution of figures 5 and 6 of the AVO paper. */
export const EVOLUTION: Evolution = (() => {
  const { source, reading, protocol, seqs, turningPoints, libraries } = data;
  const best: Record<EvolutionMask, number | null> = { full: null, causal: null };
  const versions = data.versions.map((row): Version => {
    const rates = (mask: EvolutionMask): VersionRates => {
      const tflops: readonly (number | null)[] = row[mask];
      const known = tflops.filter((value) => value !== null);
      const mean = known.length === seqs.length ? geometricMean(known) : null;
      if (mean !== null) best[mask] = Math.max(best[mask] ?? 0, mean);
      return { tflops, geometricMean: mean, best: best[mask] };
    };
    return { version: row.version, full: rates('full'), causal: rates('causal') };
  });
  const gains = PUBLISHED_GAINS.flatMap((gain) =>
    EVOLUTION_MASKS.map((mask) => gainBetween(gain, mask, versions, seqs)),
  );
  return { source, reading, protocol, seqs, versions, turningPoints, libraries, gains };
})();

function gainBetween(
  { technique, name, before, after, ...published }: PublishedGain,
  mask: EvolutionMask,
  versions: readonly Version[],
  seqs: readonly number[],
): EvolutionGain {
  const earlier = versions.filter(({ version }) => version <= before);
  const rated = (of: (rates: VersionRates) => number | null | undefined): RatedGain => {
    const old = of(ratesOf(versions, before, mask)) ?? Number.NaN;
    const best = Math.max(...earlier.map((item) => of(item[mask]) ?? 0));
    const gain = 100 * ((of(ratesOf(versions, after, mask)) ?? Number.NaN) / old - 1);
    return { gain, repair: Math.max(0, Math.min(gain, 100 * (best / old - 1))) };
  };
  return {
    ...{ technique, name, mask, before, after, published: published[mask] },
    lengths: seqs.map((seq, index) => ({ seq, ...rated(({ tflops }) => tflops[index]) })),
    geometricMean: rated(({ geometricMean }) => geometricMean),
  };
}

function ratesOf(versions: readonly Version[], version: number, mask: EvolutionMask): VersionRates {
  const found = versions.find((item) => item.version === version);
  if (found === undefined) throw new RangeError(`the evolution has no version ${version}`);
  return found[mask];
}

/** What version `version` reaches under a mask. Throws RangeError for a version that the figures do not have. */
export const versionRates = (version: number, mask: EvolutionMask) => ratesOf(EVOLUTION.versions, version, mask);

/** The gain of a technique under a mask. Throws RangeError if the evolution has none. */
export function evolutionGain(technique: EvolutionGain['technique'], mask: EvolutionMask): EvolutionGain {
  const found = EVOLUTION.gains.find((gain) => gain.technique === technique && gain.mask === mask);
  if (found === undefined) throw new RangeError(`the evolution has no gain of '${technique}' under the ${mask} mask`);
  return found;
}
