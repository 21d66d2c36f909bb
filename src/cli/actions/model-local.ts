/** The work of bench model local: limits and kernel in the same rounds, and the prediction of each round beside its measurement. */

import { softmaxCeiling } from '../../../kernels/ceilings/wasm.ts';
import { wgslExponential, wgslWorkgroupReads } from '../../../kernels/ceilings/wgsl.ts';
import type { Kernel } from '../../../kernels/kernel.ts';
import { wasmFlash } from '../../../kernels/wasm/flash.ts';
import { wgslFlash } from '../../../kernels/wgsl/flash.ts';
import { type Contender, createHostPool } from '../../host/pool.ts';
import { measureCase } from '../../measure/case.ts';
import { budgetShare } from '../../measure/plan.ts';
import { summarize } from '../../measure/statistics.ts';
import { type LocalComparison, type LocalPrediction, type LocalRates, predictLocal } from '../../model/local.ts';
import { cases } from '../../problem/cases.ts';
import { describe, type Workload } from '../../problem/workload.ts';
import { newContext, timeStamp } from '../../record/context.ts';
import { checkFolder } from '../../record/files.ts';
import { createJournal } from '../../record/journal.ts';
import type { Context } from '../../record/measurement.ts';
import type { RunOptions } from '../options.ts';
import { createProgress } from '../progress.ts';
import { recordOf } from '../run-context.ts';
import { openTargets } from '../targets.ts';

export interface LocalModel {
  context: Context;
  points: LocalComparison[];
  /** What could not be measured, and why. */
  missing: string[];
  journal: string;
}

const KERNELS: readonly Kernel[] = [wgslFlash, wasmFlash];

/** Runs each workload with the kernel and its device's probes side by side. */
export async function measureLocal(workloads: readonly Workload[], options: RunOptions): Promise<LocalModel> {
  checkFolder(options.results);
  const progress = createProgress(options.quiet);
  const kernels = KERNELS.filter(({ backend }) => options.backend === 'auto' || options.backend === backend);
  const opened = await openTargets({ ...options, kernels, named: options.backend !== 'auto', ceilings: true });
  for (const notice of opened.notices) progress.say(notice);
  const contenders = opened.contenders.flatMap((contender): Contender[] => {
    if (contender.ceiling !== true) return [contender];
    const more = contender.kernel.backend === 'wasm' ? [softmaxCeiling] : [wgslExponential, wgslWorkgroupReads];
    return [contender, ...more.map((kernel) => ({ ...contender, kernel }))];
  });
  const pool = createHostPool();
  try {
    const context = newContext(recordOf(options, opened.devices));
    const journal = createJournal(options.results, `model-local-${timeStamp(context.startedAt)}`, context);
    const result: LocalModel = { context, points: [], missing: [], journal: journal.path };
    let spent = 0;
    const all = cases(workloads);
    for (const [index, workload] of workloads.entries()) {
      const { measurements, rounds, spentSeconds } = await measureCase(workload, contenders, pool, {
        data: { kind: 'normal', seed: options.seed },
        seed: options.seed,
        full: options.full,
        budgetSeconds: Math.max(0, options.budgetSeconds - spent) * budgetShare(all, index),
        samples: options.samples,
        baseline: null,
        signal: { aborted: false },
        onProgress: (message, share) =>
          progress.update((index + share) / workloads.length, `${describe(workload)}: ${message}`),
      });
      spent += spentSeconds;
      for (const m of measurements) {
        journal.append(m);
        if (m.state !== 'measured') {
          result.missing.push(
            `${m.kernel}, ${describe(workload)}: ${m.state}, ${m.state === 'skipped' ? m.reason : m.message}`,
          );
          continue;
        }
        const device = m.device === null ? '' : (opened.devices[m.device]?.name ?? '');
        const point = pointOf(workload, m.kernel, device, contenders, rounds);
        if (point === null) result.missing.push(`${m.kernel}, ${describe(workload)}: no round held all probes`);
        else result.points.push(point);
      }
    }
    return result;
  } finally {
    await pool.close();
    await opened.close();
    progress.stop();
  }
}

/** Predictions of the rounds in which the kernel and all its probes ran; null where there is none. */
function pointOf(
  workload: Workload,
  kernel: string,
  device: string,
  contenders: readonly Contender[],
  rounds: readonly (number | undefined)[][],
): LocalComparison | null {
  const own = contenders.findIndex((contender) => contender.kernel.name === kernel);
  const { target } = contenders[own] as Contender;
  const probes = contenders.flatMap((contender, index) =>
    contender.ceiling === true && contender.target === target ? [index] : [],
  );
  const kind = target.environment?.device.backend === 'webgpu' ? 'gpu' : 'cpu';
  const pairs = rounds.flatMap((rates) => {
    const [measured, [multiplyAdd, exponential, onChip]] = [rates[own], probes.map((index) => rates[index])];
    if (measured === undefined || multiplyAdd === undefined || exponential === undefined) return [];
    // The probes of softmax and exponentials take headDim of them for each pair and is counted at 4 headDim FLOPs.
    const found: LocalRates = { multiplyAdd, exponential: exponential / 4, onChip: onChip ?? null };
    return [{ measured, prediction: predictLocal(workload, found, kind) }];
  });
  const last = pairs.at(-1);
  if (last === undefined) return null;
  const over = (rate: (p: LocalPrediction) => number) =>
    summarize(pairs.map(({ measured, prediction }) => measured / rate(prediction)));
  return {
    kernel,
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
