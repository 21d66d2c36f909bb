/** A kernel of this machine beside what its measured limits allow, round by round. */

import type { ContenderOutcome } from '../measure/case.ts';
import { sharedRounds } from '../measure/ratios.ts';
import { type Summary, summarize } from '../measure/series.ts';
import { isSimulated, summarizePairs } from '../measure/statistics.ts';
import type { Workload } from '../problem/workload.ts';
import { type LocalPrediction, type LocalRates, predictLocal } from './local.ts';

/** A prediction beside the throughput measured in the same rounds. */
export interface LocalComparison {
  kernel: string;
  device: string;
  workload: Workload;
  /** TFLOPS: what the limits allow, and what was measured; medians over rounds. */
  predicted: number;
  measured: number;
  /** The rate of multiply-adds alone. */
  multiplyAdd: number;
  /** Measured over predicted, and measured over multiply-adds alone, round by round. */
  ratio: Summary;
  ceilingShare: Summary;
  /** The prediction for the last round. */
  prediction: LocalPrediction;
}

/**
 * A kernel beside the predictions of the rounds in which it and all probes of its target ran; null if there is no such round.
 * The probes are those of multiply-adds, exponentials or softmax, and on a GPU workgroup memory, in this order.
 */
export function compareLocal(
  workload: Workload,
  device: string,
  { contender, samples }: ContenderOutcome,
  outcomes: readonly ContenderOutcome[],
): LocalComparison | null {
  const { kernel, target } = contender;
  const probes = outcomes.filter((other) => other.contender.ceiling === true && other.contender.target === target);
  const kind = kernel.backend === 'webgpu' ? 'gpu' : 'cpu';
  const pairs = sharedRounds([samples, ...probes.map((probe) => probe.samples)]).flatMap(({ rates, process }) => {
    const [measured, multiplyAdd, exponential, onChip] = rates;
    if (measured === undefined || multiplyAdd === undefined || exponential === undefined) return [];
    // The probes of softmax and exponentials take headDim of them for each pair and are counted at 4 headDim FLOPs.
    const found: LocalRates = { multiplyAdd, exponential: exponential / 4, onChip: onChip ?? null };
    return [{ process, measured, prediction: predictLocal(workload, found, kind) }];
  });
  const last = pairs.at(-1);
  if (last === undefined) return null;
  const over = (rate: (p: LocalPrediction) => number) =>
    summarizePairs(
      pairs.map(({ process, measured, prediction }) => ({ value: measured / rate(prediction), process })),
      isSimulated(samples),
    );
  return {
    kernel: kernel.name,
    device,
    workload,
    predicted: summarize(pairs.map(({ prediction }) => prediction.rate)).median / 1e12,
    measured: summarize(pairs.map(({ measured }) => measured)).median / 1e12,
    multiplyAdd: summarize(pairs.map(({ prediction }) => prediction.multiplyAddRate)).median / 1e12,
    ratio: over(({ rate }) => rate),
    ceilingShare: over(({ multiplyAddRate }) => multiplyAddRate),
    prediction: last.prediction,
  };
}
