/** The yardstick of a prediction: what somebody without a model would guess, from the published figures alone. */

import { mean } from 'simple-statistics';
import { sameProblem, type Workload } from '../problem/workload.ts';
import type { Published } from '../record/measurement.ts';

/** A guess and where it is taken from. */
export interface NaiveGuess {
  guess: string;
  tflops: number;
  /** (guess - published) / published. */
  error: number;
}

/** The shortest length of the AVO paper's figures. */
const SHORTEST = 4096;

/**
 * The guess for a figure that the model predicts, from `known`, the AVO paper's: for GQA the MHA figure of the same
 * length; for the FA4 paper the AVO paper's figure, at 4k for shorter lengths; for a causal mask the figure without one.
 * Throws RangeError if `known` lacks it.
 */
export function naiveGuess(figure: Published, known: readonly Published[]): NaiveGuess {
  const { workload: w, library } = figure;
  const tokens = w.batch * w.seqQuery;
  const mha = (changes: Partial<Workload> & { seqQuery: number }): Workload => ({
    ...{ ...w, queryHeads: 16, kvHeads: 16 },
    ...{ ...changes, seqKv: changes.seqQuery, batch: tokens / changes.seqQuery },
  });
  const [guess, workload] =
    w.queryHeads !== w.kvHeads
      ? (['its MHA figure', mha({ seqQuery: w.seqQuery })] as const)
      : !figure.source.startsWith('AVO')
        ? w.seqQuery < SHORTEST
          ? (["the AVO paper's figure at 4k", mha({ seqQuery: SHORTEST })] as const)
          : (["the AVO paper's figure", mha({ seqQuery: w.seqQuery })] as const)
        : (['its figure without a mask', mha({ seqQuery: w.seqQuery, mask: 'full' })] as const);
  const found = known.find((item) => item.library === library && sameProblem(item.workload, workload));
  if (found === undefined) throw new RangeError(`no figure of ${library} to guess from`);
  return { guess, tflops: found.tflops, error: found.tflops / figure.tflops - 1 };
}

/** A predicted point, as far as its yardstick needs it. */
interface Predicted {
  source: string;
  workload: Workload;
  error: number;
  naive: NaiveGuess | null;
}

/** A set of predictions: the model's errors beside those of the naive guess. */
export interface PredictionSet {
  set: string;
  points: number;
  /** What the guess takes. */
  guess: string;
  /** Means and largest of the absolute relative errors. */
  meanError: number;
  largestError: number;
  naiveMeanError: number;
  /** True if the model's mean error is less than half of the guess's; only that is called skill. */
  skill: boolean;
}

const isGqa = ({ workload }: Predicted) => workload.queryHeads !== workload.kvHeads;
const isOther = ({ source }: Predicted) => !source.startsWith('AVO');

const SETS: readonly [string, (point: Predicted) => boolean][] = [
  ['causal MHA, 8k to 32k', (point) => !isGqa(point) && !isOther(point)],
  ["MHA at 1k and 2k, the FA4 paper's", (point) => isOther(point) && point.workload.seqKv < SHORTEST],
  ["MHA at 4k to 32k, the FA4 paper's", (point) => isOther(point) && point.workload.seqKv >= SHORTEST],
  ['GQA without a mask, 4k to 16k', (p) => isGqa(p) && p.workload.mask === 'full' && p.workload.seqKv < 32768],
  ['GQA without a mask, 32k', (p) => isGqa(p) && p.workload.mask === 'full' && p.workload.seqKv === 32768],
  ['causal GQA, 4k to 32k', (point) => isGqa(point) && point.workload.mask === 'causal'],
];

/** The sets of `predicted`, each beside its naive guess; sets without a point are left out. */
export function predictionSets(predicted: readonly Predicted[]): PredictionSet[] {
  return SETS.flatMap(([set, belongs]) => {
    const own = predicted.filter(belongs);
    const guesses = own.flatMap(({ naive }) => (naive === null ? [] : [naive]));
    if (own.length === 0 || guesses.length !== own.length) return [];
    const errors = own.map(({ error }) => Math.abs(error));
    const [meanError, naiveMeanError] = [mean(errors), mean(guesses.map(({ error }) => Math.abs(error)))];
    return [
      {
        set,
        points: own.length,
        guess: [...new Set(guesses.map(({ guess }) => guess))].join(', '),
        meanError,
        largestError: Math.max(...errors),
        naiveMeanError,
        skill: meanError < naiveMeanError / 2,
      },
    ];
  });
}
