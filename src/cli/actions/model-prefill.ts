/** The work of bench model prefill: the count of a model's attention, and each kind of its layers measured here. */

import { wasmFlash } from '../../../kernels/wasm/flash.ts';
import { wgslFlash } from '../../../kernels/wgsl/flash.ts';
import { layerSums } from '../../compare/layer-sums.ts';
import { measureRun } from '../../measure/run.ts';
import { backendHasNo, UsageError } from '../../messages.ts';
import { type Prefill, prefill } from '../../model/prefill.ts';
import { cases } from '../../problem/cases.ts';
import { findModel } from '../../problem/models.ts';
import { describe } from '../../problem/workload.ts';
import { ofBackend } from '../../record/backend.ts';
import { checkFolder, checkWritable } from '../../record/files.ts';
import type { Context, LayerSum } from '../../record/measurement.ts';
import { whyNotMeasured } from '../../record/unmeasured.ts';
import { formatPrefill } from '../../report/prefill-text.ts';
import { lookAtLoad } from '../machine-load.ts';
import { type RunValues, runOptions } from '../options/run.ts';
import { type RunOptions, runOptionsOf } from '../options/run-options.ts';
import { defaultsOf } from '../options/typed-option.ts';
import { recordRun } from '../record-run.ts';
import { type OpenContenders, openContenders } from '../targets/contenders.ts';
import { stopOnInterrupt } from '../terminal/interrupt.ts';
import { sayFile, widthOf, writeOutput } from '../terminal/output.ts';
import { createProgress } from '../terminal/progress.ts';

/** What bench model prefill found; with --format json this is what it prints. */
export interface PrefillFindings {
  prefill: Prefill;
  /** The layers as they run here, added up; null where nothing of the run belongs to the model. */
  here: LayerSum | null;
  context: Context;
  /** What could not be measured, and why. */
  missing: string[];
  journal: string;
}

type PrefillValues = Omit<
  RunValues,
  'kernel' | 'full' | 'processes' | 'baseline' | 'published' | 'label' | 'chart' | 'dryRun' | 'wide'
> & { model: string; seq: number };

/** Counts, measures and prints; 1 where a kind of layer has no number, 130 where it was interrupted. */
export async function showPrefill(values: PrefillValues): Promise<number> {
  const { model, seq, ...measuring } = values;
  const options = runOptionsOf({ ...defaultsOf(runOptions(values.budget)), ...measuring }, ['f32'], [model]);
  const { backend, output } = options;
  if (backend === 'peers' || backend === 'scalar') {
    throw new UsageError(backendHasNo(backend, 'model', 'auto, wasm or webgpu'));
  }
  if (output !== null) checkWritable(output);
  const found = await measureLayers(prefill(findModel(model), seq), options);
  writeOutput(
    values.format === 'json'
      ? `${JSON.stringify(found, null, 2)}\n`
      : formatPrefill(found, output === null ? widthOf() : undefined),
    output,
  );
  sayFile('Record:', found.journal);
  if (found.context.cancelled) return 130;
  return found.here?.seconds == null ? 1 : 0;
}

/** Measures one layer of each kind. An interrupt ends the measuring; the count is there all the same. */
async function measureLayers(counted: Prefill, options: RunOptions): Promise<PrefillFindings> {
  checkFolder(options.results);
  const progress = createProgress(options.quiet);
  const stopping = stopOnInterrupt(progress);
  const kernels = [wgslFlash, wasmFlash].filter(ofBackend(options.backend));
  const all = cases(counted.layers.map(({ workload }) => workload));
  let opened: OpenContenders | undefined;
  try {
    const { load, warning } = await lookAtLoad();
    opened = await openContenders(all, { ...options, kernels, named: options.backend !== 'auto' }, progress.say);
    if (warning !== null) progress.say(warning);
    const { budgetSeconds, samples, full, seed } = options;
    const events = measureRun({
      ...opened,
      ...{ cases: all, budgetSeconds, samples, full, seed, baseline: null, signal: stopping.signal },
      ceilingsOf: async () => [],
    });
    const { context, journal, measurements } = await recordRun(
      events,
      `prefill-${counted.model.name}`,
      options,
      load,
      progress,
      () => {},
    );
    const [here = null] = layerSums({ context, measurements });
    const missing = measurements.flatMap((m) =>
      m.state === 'measured' ? [] : [`${m.kernel}, ${describe(m.workload)}: ${whyNotMeasured(m)}`],
    );
    return { prefill: counted, here, context, missing: [...new Set(missing)], journal: journal.path };
  } finally {
    await opened?.close();
    stopping.dispose();
  }
}
