/** What a measuring command was asked for, as its action takes it: names of kernels become kernels. */

import { ALL_KERNELS, defaultKernels, findKernel } from '../../../kernels/index.ts';
import type { Kernel } from '../../../kernels/kernel.ts';
import type { PublishedSet } from '../../compare/published-figures.ts';
import { noBackendForKernel, UsageError } from '../../messages.ts';
import type { Dtype } from '../../problem/workload.ts';
import { type BackendName, backendName, ofBackend } from '../../record/backend.ts';
import { choose } from '../nearest.ts';
import { type TargetOptions, targetOf } from './device.ts';
import type { Format } from './names.ts';
import type { RunValues } from './run.ts';

/** Everything that a measuring command was asked for, workloads aside. */
export interface RunOptions extends TargetOptions {
  /** 'default', a file of configurations, or null for those that bench tune found. */
  tiles: string | null;
  kernels: Kernel[];
  /** The models whose layers the workloads are, by the names of --model. */
  models: readonly string[];
  label: string | null;
  budgetSeconds: number;
  samples: number | null;
  /** Fresh processes of every case; null: as the budget allows. */
  processes: number | null;
  /** Seconds that each kernel then runs by itself without a pause. */
  sustainSeconds?: number;
  full: boolean;
  seed: number;
  baseline: string | null;
  published: PublishedSet;
  format: Format;
  /** All columns of the table. */
  wide: boolean;
  output: string | null;
  chart: string | null;
  drawChart: boolean;
  results: string;
  dryRun: boolean;
  quiet: boolean;
}

/**
 * The options of a run of tensors of these types. Throws UsageError for kernels of another backend and for a baseline that
 * does not run.
 */
export function runOptionsOf(
  values: RunValues,
  dtypes: readonly Dtype[] = ['f32'],
  models: readonly string[] = [],
): RunOptions {
  const { tiles, label, samples, processes, full, seed, published, format, wide, output, results, dryRun, quiet } =
    values;
  const target = targetOf(values);
  const kernels = kernelsOf(values.kernel, target.backend, dtypes);
  const names = kernels.map(({ name }) => name);
  return {
    ...target,
    ...{
      tiles,
      kernels,
      models,
      label,
      samples,
      processes,
      full,
      seed,
      published,
      format,
      wide,
      output,
      results,
      dryRun,
      quiet,
    },
    budgetSeconds: values.budget,
    baseline: values.baseline === null ? null : choose('--baseline', values.baseline, names),
    chart: values.chart === false ? null : values.chart,
    drawChart: values.chart !== false,
  };
}

/** Kernels by name in the registry's order, or all of the backend; peers run only where they are asked for. */
function kernelsOf(names: readonly string[] | null, backend: BackendName | 'auto', dtypes: readonly Dtype[]): Kernel[] {
  if (names === null) return defaultKernels(dtypes).filter(ofBackend(backend));
  const chosen = new Set(names.map(findKernel));
  const kernels = ALL_KERNELS.filter((kernel) => chosen.has(kernel));
  const foreign = kernels.find((kernel) => backend !== 'auto' && backendName(kernel) !== backend);
  if (foreign !== undefined) throw new UsageError(noBackendForKernel(foreign.name, backend));
  return kernels;
}
