/** The work of bench model local: limits and kernel in the same rounds, and the prediction of each round beside its measurement. */

import { softmaxCeiling } from '../../../kernels/ceilings/wasm.ts';
import { wgslExponential, wgslWorkgroupReads } from '../../../kernels/ceilings/wgsl.ts';
import type { Kernel } from '../../../kernels/kernel.ts';
import { wasmFlash } from '../../../kernels/wasm/flash.ts';
import { wgslFlash } from '../../../kernels/wgsl/flash.ts';
import { comparePublished } from '../../compare/comparisons.ts';
import { findingOf } from '../../compare/finding.ts';
import type { OpenTarget } from '../../host/target.ts';
import { ceilingsOf } from '../../measure/ceilings.ts';
import { measureRun } from '../../measure/run.ts';
import { backendHasNo, noSharedRound, UsageError } from '../../messages.ts';
import { type Decomposition, decompose } from '../../model/decomposition.ts';
import { compareLocal, type LocalComparison } from '../../model/local-comparison.ts';
import { cases } from '../../problem/cases.ts';
import { describe, type Workload } from '../../problem/workload.ts';
import { ofBackend } from '../../record/backend.ts';
import { checkFolder, checkWritable } from '../../record/files.ts';
import { type Context, SCHEMA_ID } from '../../record/measurement.ts';
import { whyNotMeasured } from '../../record/unmeasured.ts';
import { formatLocal } from '../../report/local-text.ts';
import { lookAtLoad } from '../machine-load.ts';
import { type RunValues, runOptions } from '../options/run.ts';
import { type RunOptions, runOptionsOf } from '../options/run-options.ts';
import { defaultsOf } from '../options/typed-option.ts';
import { type WorkloadValues, workloadsOf } from '../options/workload.ts';
import { recordRun } from '../record-run.ts';
import { type OpenContenders, openContenders } from '../targets/contenders.ts';
import { stopOnInterrupt } from '../terminal/interrupt.ts';
import { sayFile, widthOf, writeOutput } from '../terminal/output.ts';
import { createProgress } from '../terminal/progress.ts';

/** What bench model local found; with --format json this is what it prints. */
interface LocalModel {
  context: Context;
  points: LocalComparison[];
  /** What could not be measured, and why. */
  missing: string[];
  /** The distance of the run in factors, or why it has none; null where nothing was measured. */
  distance: Decomposition | string | null;
  journal: string;
}

const KERNELS: readonly Kernel[] = [wgslFlash, wasmFlash];

/** Those options of a run that bench model local has. */
type LocalValues = Omit<
  RunValues,
  'kernel' | 'full' | 'processes' | 'baseline' | 'published' | 'label' | 'chart' | 'dryRun' | 'wide'
>;

/** Measures and prints; 1 where something could not be measured, 130 where it was interrupted. */
export async function showLocal(values: WorkloadValues & LocalValues): Promise<number> {
  const options = runOptionsOf({ ...defaultsOf(runOptions(values.budget)), ...values });
  const { backend, output } = options;
  if (backend === 'peers' || backend === 'scalar' || backend === 'native') {
    throw new UsageError(backendHasNo(backend, 'model', 'auto, wasm or webgpu'));
  }
  if (output !== null) checkWritable(output);
  const found = await measureLocal(workloadsOf(values), options);
  writeOutput(
    values.format === 'json'
      ? `${JSON.stringify(found, null, 2)}\n`
      : formatLocal(found, output === null ? widthOf() : undefined),
    output,
  );
  sayFile('Record:', found.journal);
  if (found.context.cancelled) return 130;
  return found.points.length > 0 && found.missing.length === 0 ? 0 : 1;
}

/**
 * Runs each workload with the kernel and its device's probes side by side. An interrupt ends the measuring; what is measured
 * by then is returned, in a context that is marked as cancelled.
 */
async function measureLocal(workloads: readonly Workload[], options: RunOptions): Promise<LocalModel> {
  checkFolder(options.results);
  const progress = createProgress(options.quiet);
  const stopping = stopOnInterrupt(progress);
  // The softmax of machine code has no limit of its own to be set beside.
  const kernels = KERNELS.filter(ofBackend(options.backend)).filter(({ backend }) => backend !== 'native');
  const all = cases(workloads);
  let opened: OpenContenders | undefined;
  try {
    const { load, warning } = await lookAtLoad();
    const request = { ...options, kernels, named: options.backend !== 'auto' };
    opened = await openContenders(all, request, progress.say);
    if (warning !== null) progress.say(warning);
    const { budgetSeconds, samples, full, seed } = options;
    const events = measureRun({
      ...opened,
      ...{ cases: all, budgetSeconds, samples, full, seed, baseline: null, signal: stopping.signal },
      ceilingsOf: probesOf,
    });
    const [points, missing]: [LocalComparison[], string[]] = [[], []];
    const { context, journal, measurements, ratios } = await recordRun(
      events,
      'model-local',
      options,
      load,
      progress,
      (event, run) => {
        if (event.kind !== 'case-ended') return;
        for (const outcome of event.outcomes) {
          const { measurement: m } = outcome;
          if (m === null) continue;
          const device = m.device === null ? '' : (run.context.devices[m.device]?.name ?? '');
          const point = m.state === 'measured' ? compareLocal(event.workload, device, outcome, event.outcomes) : null;
          const why = m.state === 'measured' ? noSharedRound('all probes') : whyNotMeasured(m);
          if (point === null) missing.push(`${m.kernel}, ${describe(event.workload)}: ${why}`);
          else points.push(point);
        }
      },
    );
    const comparisons = comparePublished(measurements, context, 'avo');
    const finding = findingOf({ schema: SCHEMA_ID, context, measurements, comparisons, ratios });
    return { context, points, missing, distance: finding === null ? null : decompose(finding), journal: journal.path };
  } finally {
    await opened?.close();
    stopping.dispose();
  }
}

/** The multiply-add ceiling of a target, and the other limits that its kernel meets. */
async function probesOf(target: OpenTarget): Promise<readonly Kernel[]> {
  const ceilings = await ceilingsOf(target);
  if (ceilings.length === 0) return [];
  const gpu = target.environment.device.backend === 'webgpu';
  return [...ceilings, ...(gpu ? [wgslExponential, wgslWorkgroupReads] : [softmaxCeiling])];
}
