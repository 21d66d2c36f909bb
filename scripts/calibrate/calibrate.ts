/** Coverage and false alarms by simulation, with the project's own statistics: a row for each kind of noise. */

import { compareRuns, type Verdict } from '../../src/compare/runs.ts';
import { isLook } from '../../src/measure/processes.ts';
import { pairedRatio } from '../../src/measure/ratios.ts';
import { decideStop, relativeHalfWidth, SETTLED, summarizeRates } from '../../src/measure/statistics.ts';
import type { Measured, RecordedSample, RunDocument } from '../../src/record/measurement.ts';
import { type Noise, randomOf } from './noise.ts';

/** How the samples of a point are taken. */
export interface Design {
  name: string;
  processes: number;
  /** Samples of each process; null: the stopping rule of one process, up to 60. */
  each: number | null;
}

const several = (processes: number, rounds: readonly number[]) =>
  rounds.map((each): Design => ({ name: `${processes} x ${each}`, processes, each }));

/** One process at fixed numbers of samples and with the stopping rule, and processes as runs begin them. */
export const DESIGNS: readonly Design[] = [
  ...[6, 20, 40].map((each): Design => ({ name: `${each}`, processes: 1, each })),
  { name: 'stopping', processes: 1, each: null },
  ...several(3, [2, 4]),
  ...several(5, [2, 6, 10]),
];

/** Rounds of paired ratios in one process, and in processes. */
export const PAIRED_DESIGNS: readonly Design[] = [
  { name: '20', processes: 1, each: 20 },
  ...several(3, [2, 10]),
  ...several(5, [2, 6]),
];

/** What a design did under a noise; shares from 0 to 1. */
export interface Calibration {
  /** Runs with an interval. */
  known: number;
  /** Of those, the ones whose interval holds the truth. */
  coverage: number;
  /** Half the width of an interval, mean. */
  halfWidth: number;
  /** Pairs of runs of the same thing that are called faster or slower. */
  alarms: number;
  /** Pairs of which one is a tenth faster that are called so. */
  power: number;
}

const MOST_SAMPLES = 60;
const FLOPS = 1e9;

/** The samples of one run whose true rate is `rate` FLOP/s. */
export function simulate(
  noise: Noise,
  { processes, each }: Design,
  random: () => number,
  rate: number,
): RecordedSample[] {
  const samples: RecordedSample[] = [];
  const total = processes * (each ?? MOST_SAMPLES);
  for (let process = 0; process < processes; process += 1) {
    const next = noise.start(random, samples.length, total);
    for (let index = 0; index < (each ?? MOST_SAMPLES); index += 1) {
      // Rates stay above zero, however long the tail of the noise.
      samples.push({ seconds: FLOPS / rate / Math.max(0.05, next()), flops: FLOPS, clock: 'wall', process });
      const look = each === null && isLook(samples.length);
      if (look && relativeHalfWidth(decideStop(samples)) <= SETTLED) return samples;
    }
  }
  return samples;
}

/** Runs of a noise by a design, and pairs of them as bench compare takes them; the same for the same seed. */
export function calibrate(noise: Noise, design: Design, trials: number, seed: number): Calibration {
  const random = randomOf(seed);
  const [known, held, alarms, found, widths] = [
    new Set<number>(),
    new Set<number>(),
    new Set<number>(),
    new Set<number>(),
    [0],
  ];
  for (let trial = 0; trial < trials; trial += 1) {
    const [a, b] = [simulate(noise, design, random, 1e11), simulate(noise, design, random, 1e11)];
    const bounds = summarizeRates(a);
    if (bounds.low !== null && bounds.high !== null) {
      known.add(trial);
      widths.push(relativeHalfWidth(bounds));
      if (bounds.low <= 1e11 && bounds.high >= 1e11) held.add(trial);
    }
    const said = verdictOn(a, b);
    if (said === 'faster' || said === 'slower') alarms.add(trial);
    const faster = b.map((sample) => ({ ...sample, seconds: sample.seconds / 1.1 }));
    if (verdictOn(a, faster) === 'faster') found.add(trial);
  }
  return {
    known: known.size / trials,
    coverage: known.size === 0 ? Number.NaN : held.size / known.size,
    halfWidth: widths.reduce((sum, width) => sum + width, 0) / Math.max(1, known.size),
    alarms: alarms.size / trials,
    power: found.size / trials,
  };
}

/** What paired ratios did; shares from 0 to 1. */
export type PairedCalibration = Pick<Calibration, 'known' | 'coverage'>;

/** Ratios of two contenders that are equally fast, in the rounds of a design; each side has noise of its own. */
export function calibratePairs(noise: Noise, design: Design, trials: number, seed: number): PairedCalibration {
  const random = randomOf(seed);
  const inRounds = (samples: RecordedSample[]) => samples.map((sample, round) => ({ ...sample, round }));
  let [known, held] = [0, 0];
  for (let trial = 0; trial < trials; trial += 1) {
    const [a, b] = [simulate(noise, design, random, 1e11), simulate(noise, design, random, 1e11)];
    const { low = null, high = null } = pairedRatio(inRounds(a), inRounds(b)) ?? {};
    if (low === null || high === null) continue;
    known += 1;
    if (low <= 1 && high >= 1) held += 1;
  }
  return { known: known / trials, coverage: known === 0 ? Number.NaN : held / known };
}

/** The verdict of bench compare on two points that have these samples. */
function verdictOn(before: RecordedSample[], after: RecordedSample[]): Verdict | undefined {
  return compareRuns(runOf(before), runOf(after))[0]?.verdict;
}

function runOf(samples: RecordedSample[]): RunDocument {
  const shape = { batch: 1, queryHeads: 1, kvHeads: 1, headDim: 128, seqQuery: 1024, seqKv: 1024 };
  const measured: Measured = {
    ...{
      kernel: 'simulated',
      backend: 'wasm',
      host: 'mock',
      device: null,
      variant: null,
      threads: 1,
      kernelHash: null,
    },
    workload: { ...shape, mask: 'full', window: null, dtype: 'f32', scale: 0.1 },
    ...{ state: 'measured', samples, converged: true, coverage: 1, compileSeconds: 0, prepareSeconds: 0 },
    ...{ tflops: { median: 0.1 }, passSeconds: 1 },
    verification: { rows: 1, maxAbsoluteError: 0, maxRelativeError: 0, tolerance: 1 },
  };
  const context = { argv: [], label: null, startedAt: '', versions: {}, seed: 1, devices: [], cancelled: false };
  return { schema: 'attnbench/1', context, measurements: [measured], comparisons: [], ratios: [] };
}
