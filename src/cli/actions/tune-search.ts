/** One search of bench tune, for a head dimension and a mask: continued where it was left, told, and kept. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Kernel } from '../../../kernels/kernel.ts';
import { sentenceOf } from '../../chart/frame.ts';
import { writeChart } from '../../chart/render.ts';
import { tuningChart } from '../../chart/tuning.ts';
import { counted, formatEstimate } from '../../format.ts';
import type { Environment } from '../../host/contract.ts';
import type { HostPool } from '../../host/pool.ts';
import type { OpenTarget } from '../../host/target.ts';
import { type Comparisons, comparisonsOn } from '../../measure/paired-comparison.ts';
import { continueSearch } from '../../measure/search.ts';
import {
  candidateOf,
  candidatesOf,
  finalist,
  isShipped,
  kernelsOf,
  type Search,
  type Trial,
  winner,
} from '../../measure/search-record.ts';
import type { StopSignal } from '../../measure/stop.ts';
import { noChart, noDefaultRuns, nothingToChoose, searchContinues, searchOver } from '../../messages.ts';
import { describe, formatHeadDims, formatTunedMask, type Workload } from '../../problem/workload.ts';
import { timeStamp } from '../../record/context.ts';
import { makeFolders } from '../../record/files.ts';
import { candidateName, formatSearch, type Kept } from '../../report/search-text.ts';
import {
  type ConfigurationKey,
  forgetConfigurations,
  keepConfiguration,
  readSearch,
  writeSearch,
} from '../targets/tuned-configurations.ts';
import { printText, sayLine } from '../terminal/output.ts';
import type { Progress } from '../terminal/progress.ts';

/** How to search, and where the record goes. */
export interface SearchRequest {
  /** Compiling included. */
  budgetSeconds: number;
  /** Forget what an earlier search found. */
  again: boolean;
  results: string;
}

/** A device and the kernels that are searched there. */
interface Place {
  target: OpenTarget;
  kernels: readonly Kernel[];
}

/** One search; the paths of its record and chart, or nothing where no kernel can run the workload. */
export async function tuneOne(
  workload: Workload,
  { target, kernels }: Place,
  pool: HostPool,
  options: SearchRequest,
  signal: StopSignal,
  progress: Progress,
): Promise<string[]> {
  const begin = performance.now();
  const spent = () => (performance.now() - begin) / 1000 / options.budgetSeconds;
  const { environment } = target;
  const unsupported = kernels.flatMap((kernel) => {
    const reason = kernel.unsupported(workload, environment) ?? withoutChoice(kernel, workload, environment);
    return reason === undefined ? [] : [{ kernel: kernel.name, reason }];
  });
  /** Told even where the user wants quiet: without it nobody would know why there is no search. */
  const tell = (line: string) => {
    progress.stop();
    sayLine(line);
  };
  const able = kernels.filter(({ name }) => unsupported.every(({ kernel }) => kernel !== name));
  if (able.length === 0) {
    for (const { kernel, reason } of unsupported) tell(`${kernel}, ${describe(workload)}: ${reason}`);
    return [];
  }
  const comparisons = comparisonsOn(workload, target, pool, signal);
  const failed: Trial[] = [];
  const base = await firstRight(able, comparisons, signal, (kernel, message) => {
    failed.push(failure(kernel, kernel.tunable?.shipped(workload, environment) ?? {}, message));
    tell(`${kernel.name}, ${describe(workload)}: ${message}`);
  });
  if (signal.aborted) return [];
  if (base === undefined) {
    tell(noDefaultRuns(describe(workload)));
    return [];
  }

  const ordered = [base, ...able.filter((kernel) => kernel !== base)];
  const fresh = newSearch(ordered, workload, target, unsupported);
  const before = options.again ? undefined : readSearch(fresh);
  const search: Search = before === undefined ? { ...fresh, trials: failed } : { ...fresh, trials: before.trials };
  if (before !== undefined) progress.say(searchContinues(before.trials.length));
  const count = counted(candidatesOf(search).length, 'candidate');
  progress.say(`${kernelsOf(search).join(' and ')} on ${search.device}, ${describe(workload)}: ${count}.`);
  await continueSearch(search, comparisons.against(base, ordered), {
    spent,
    signal,
    onTrial(trial) {
      writeSearch(search);
      if (trial.message !== null)
        progress.say(`${candidateName(search, candidateOf(search, trial))}: ${firstLine(trial)}`);
      const what = trial.ratio === null ? 'no result' : trial.ratio.toFixed(3);
      progress.update(Math.min(1, spent()), `trial ${search.trials.length}: ${what}`);
    },
  });
  if (spent() > OVER) {
    progress.say(searchOver(formatEstimate(spent() * options.budgetSeconds), formatEstimate(options.budgetSeconds)));
  }
  return conclude(search, options.results);
}

/** Why nothing can be chosen of a kernel for a workload, or undefined. */
function withoutChoice({ tunable }: Kernel, workload: Workload, environment: Environment): string | undefined {
  const { candidates = [], pruned = [] } = tunable?.shortlist(workload, environment) ?? {};
  return candidates.length + pruned.length === 0 ? nothingToChoose : undefined;
}

/** Share of the budget from which on the user is told that it was too short. */
const OVER = 1.25;

const firstLine = ({ message }: Trial) => message?.split('\n')[0] ?? '';

const failure = ({ name: kernel }: Kernel, tile: Trial['tile'], message: string): Trial => ({
  ...{ rung: 0, kernel, tile, ratio: null, low: null, high: null, rounds: 0, message },
});

/** The first kernel that gives a right result as it is shipped, which all else is compared with; those before it are told to `failed`. */
async function firstRight(
  kernels: readonly Kernel[],
  comparisons: Comparisons,
  signal: StopSignal,
  failed: (kernel: Kernel, message: string) => void,
): Promise<Kernel | undefined> {
  for (const kernel of kernels) {
    const problem = await comparisons.problem(kernel);
    if (problem === undefined || signal.aborted) return kernel;
    failed(kernel, problem);
  }
  return undefined;
}

/** A search in which nothing was tried yet; the first kernel is that of the default. */
function newSearch(
  kernels: readonly Kernel[],
  workload: Workload,
  { environment }: OpenTarget,
  unsupported: Search['unsupported'],
): Search {
  const lists = kernels.flatMap(({ name: kernel, tunable }) => {
    if (tunable === undefined) return [];
    const { candidates, pruned } = tunable.shortlist(workload, environment);
    return [{ kernel, shipped: tunable.shipped(workload, environment), candidates, pruned }];
  });
  const [first, ...alternatives] = lists.map(({ pruned: _, ...list }) => list);
  if (first === undefined) throw new RangeError('no kernel to search');
  const { headDim, headDimV, dtype } = workload;
  const { name: device, variant } = environment.device;
  return {
    ...{ kernel: first.kernel, device, variant, headDim, mask: formatTunedMask(workload), dtype },
    ...(headDimV === undefined ? {} : { headDimV }),
    ...{ shipped: first.shipped, candidates: first.candidates, alternatives },
    pruned: lists.flatMap(({ kernel, shipped, pruned }) =>
      pruned.map(({ reason, configurations }) => {
        const fields = Object.keys(shipped);
        const values = configurations.map((one) => fields.map((field) => one[field] ?? ''));
        return { kernel, reason, fields, configurations: values };
      }),
    ),
    unsupported,
    trials: [],
  };
}

/** Keeps what was found, says it, and leaves record and chart; their paths. */
async function conclude(search: Search, results: string): Promise<string[]> {
  printText(formatSearch(search, keepWinner(search)));
  makeFolders(results);
  const name = kernelsOf(search).join('-and-');
  const record = join(
    results,
    `tune-${name}-d${formatHeadDims(search).replace('/', '-')}-${search.mask}-${timeStamp()}.json`,
  );
  writeFileSync(record, `${JSON.stringify(search)}\n`);
  const chart = record.replace(/\.json$/, '.svg');
  const specification = tuningChart(search);
  const sentence = sentenceOf(specification);
  if (sentence !== null) return [`Record: ${record}`, noChart(sentence)];
  await writeChart(specification, chart);
  return [`Record: ${record}`, `Chart:  ${chart}`];
}

/** Keeps the winner in the cache, where it is no configuration that its kernel has anyway. */
function keepWinner(search: Search): Kept {
  const { device, variant, headDim, headDimV, mask, dtype } = search;
  const keyOf = (kernel: string): ConfigurationKey => ({ kernel, device, variant, headDim, headDimV, mask, dtype });
  const won = winner(search);
  if (won === null) {
    // Only last paired comparisons speak against a configuration that was kept before.
    if (finalist(search) !== undefined) forgetConfigurations(kernelsOf(search).map(keyOf), search.kernel);
    return null;
  }
  const candidate = candidateOf(search, won);
  if (isShipped(search, candidate)) return 'as shipped';
  const { tile, ratio, low, high } = won;
  const key = keyOf(candidate.kernel);
  const date = new Date().toISOString().slice(0, 10);
  return { file: keepConfiguration({ ...key, tile, ratio: ratio ?? 1, low, high, date, baseline: search.kernel }) };
}
