/** The work of bench tune: one search for each kernel, head dimension and mask, continued where it was left. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Kernel } from '../../../kernels/kernel.ts';
import { wasmFlash } from '../../../kernels/wasm/flash.ts';
import { wgslFlash } from '../../../kernels/wgsl/flash.ts';
import { writeChart } from '../../chart/render.ts';
import { tuningChart } from '../../chart/tuning.ts';
import { type Contender, createHostPool, type HostPool } from '../../host/pool.ts';
import { pairedComparisonOf } from '../../measure/paired-comparison.ts';
import { continueSearch, finalist, type Search, winner } from '../../measure/search.ts';
import type { StopSignal } from '../../measure/stop.ts';
import { interrupted, searchContinues } from '../../messages.ts';
import { describe, type Workload } from '../../problem/workload.ts';
import { ofBackend } from '../../record/backend.ts';
import { timeStamp } from '../../record/context.ts';
import { checkFolder, makeFolders } from '../../record/files.ts';
import { formatSearch } from '../../report/search-text.ts';
import { type OpenTargets, openTargets, type TargetRequest } from '../targets/open-targets.ts';
import { type ConfigurationKey, keepConfiguration, readSearch, writeSearch } from '../targets/tuned-configurations.ts';
import { stopOnInterrupt } from '../terminal/interrupt.ts';
import { printText } from '../terminal/output.ts';
import { createProgress, type Progress } from '../terminal/progress.ts';

/** What bench tune was asked for. */
export interface TuneOptions {
  target: Omit<TargetRequest, 'kernels' | 'named'>;
  budgetSeconds: number;
  again: boolean;
  results: string;
  quiet: boolean;
}

const KERNELS: readonly Kernel[] = [wgslFlash, wasmFlash];

/** Tunes and returns the exit code. */
export async function tune(workloads: readonly Workload[], options: TuneOptions): Promise<number> {
  checkFolder(options.results);
  const progress = createProgress(options.quiet);
  const stopping = stopOnInterrupt(progress);
  const { backend } = options.target;
  const kernels = KERNELS.filter(ofBackend(backend));
  const pool = createHostPool();
  let opened: OpenTargets | undefined;
  try {
    opened = await openTargets({ ...options.target, kernels, named: backend !== 'auto' });
    const { targetsOf, notices } = opened;
    for (const notice of notices) progress.say(notice);
    const contenders = kernels.flatMap((kernel) => targetsOf(kernel).map((target) => ({ kernel, target })));
    // Unless a backend is named: the GPU if there is one, else the CPU.
    const contender = contenders.find(({ target }) => target.state === 'open');
    if (contender === undefined) {
      for (const { kernel, target } of contenders) {
        if (target.state === 'unavailable') progress.say(`${kernel.name}: ${target.reason}`);
      }
      return 1;
    }
    const charts: string[] = [];
    for (const workload of workloads) {
      if (stopping.signal.aborted) break;
      charts.push(...(await tuneOne(workload, contender, pool, options, stopping.signal, progress)));
    }
    for (const line of charts) process.stderr.write(`${line}\n`);
    if (stopping.signal.aborted) progress.say(interrupted);
    return stopping.signal.aborted ? 130 : charts.length > 0 ? 0 : 1;
  } finally {
    await pool.close();
    await opened?.close();
    progress.stop();
    stopping.dispose();
  }
}

/** One search; the paths of its record and chart, or nothing where the kernel cannot run the workload. */
async function tuneOne(
  workload: Workload,
  contender: Contender,
  pool: HostPool,
  options: TuneOptions,
  signal: StopSignal,
  progress: Progress,
): Promise<string[]> {
  const { kernel, target } = contender;
  const { tunable } = kernel;
  if (target.state === 'unavailable' || tunable === undefined) return [];
  const { environment } = target;
  const { device } = environment;
  const unsupported = kernel.unsupported(workload, environment);
  if (unsupported !== undefined) {
    progress.say(`${kernel.name}, ${describe(workload)}: ${unsupported}`);
    return [];
  }
  const { headDim, mask, dtype } = workload;
  const key: ConfigurationKey = {
    kernel: kernel.name,
    device: device.name,
    variant: device.variant,
    headDim,
    mask,
    dtype,
  };
  const candidates = tunable.candidates(workload, environment);
  const shipped = tunable.shipped(workload, environment);
  const before = options.again ? undefined : readSearch(key, candidates);
  const search: Search = before ?? { ...key, shipped, candidates, trials: [] };
  if (before !== undefined) progress.say(searchContinues(before.trials.length));
  progress.say(`${kernel.name} on ${device.name}, ${describe(workload)}: ${candidates.length} candidates.`);

  const begin = performance.now();
  const spent = () => (performance.now() - begin) / 1000 / options.budgetSeconds;
  await continueSearch(search, pairedComparisonOf(workload, contender, pool, signal), {
    spent,
    signal,
    onTrial(trial) {
      writeSearch(search);
      const what = trial.ratio === null ? `no result (${trial.message?.split('\n')[0]})` : trial.ratio.toFixed(3);
      progress.update(Math.min(1, spent()), `candidate ${search.trials.length}: ${what}`);
    },
  });
  return conclude(search, key, options.results);
}

/** Keeps what was found, says it, and leaves record and chart; their paths. */
async function conclude(search: Search, key: ConfigurationKey, results: string): Promise<string[]> {
  printText(formatSearch(search, keepWinner(search, key)));
  makeFolders(results);
  const record = join(results, `tune-${search.kernel}-d${search.headDim}-${search.mask}-${timeStamp()}.json`);
  writeFileSync(record, `${JSON.stringify(search)}\n`);
  const chart = record.replace(/\.json$/, '.svg');
  await writeChart(tuningChart(search), chart);
  return [`Record: ${record}`, `Chart:  ${chart}`];
}

/** Keeps the winner in the cache, and returns the file; null if there is none. */
function keepWinner(search: Search, key: ConfigurationKey): string | null {
  const won = winner(search);
  if (won !== null) {
    const { tile, ratio, low, high } = won;
    const date = new Date().toISOString().slice(0, 10);
    return keepConfiguration(key, { ...key, tile, ratio: ratio ?? 1, low, high, date });
  }
  // Only last paired comparisons speak against a configuration that was kept before.
  if (finalist(search) !== undefined) keepConfiguration(key, null);
  return null;
}
