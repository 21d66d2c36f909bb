/** The work of bench model local around its measuring: options in, text or JSON and an exit code out. */

import { backendHasNo, UsageError } from '../../messages.ts';
import { checkWritable } from '../../record/files.ts';
import { formatLocal } from '../../report/local-text.ts';
import { type RunValues, runOptions } from '../options/run.ts';
import { runOptionsOf } from '../options/run-options.ts';
import { defaultsOf } from '../options/typed-option.ts';
import { type WorkloadValues, workloadsOf } from '../options/workload.ts';
import { writeOutput } from '../output.ts';
import { measureLocal } from './model-local.ts';

/** Measures and prints; 1 where something could not be measured, 130 where it was interrupted. */
export async function showLocal(values: WorkloadValues & LocalValues): Promise<number> {
  const options = runOptionsOf({ ...defaultsOf(runOptions(values.budget)), ...values });
  const { backend, output } = options;
  if (backend === 'peers' || backend === 'scalar') {
    throw new UsageError(backendHasNo(backend, 'model', 'auto, wasm or webgpu'));
  }
  if (output !== null) checkWritable(output);
  const found = await measureLocal(workloadsOf(values), options);
  writeOutput(values.format === 'json' ? `${JSON.stringify(found, null, 2)}\n` : formatLocal(found), output);
  process.stderr.write(`Record: ${found.journal}\n`);
  if (found.context.cancelled) return 130;
  return found.points.length > 0 && found.missing.length === 0 ? 0 : 1;
}

/** Those options of a run that bench model local has. */
type LocalValues = Omit<RunValues, 'kernel' | 'full' | 'baseline' | 'published' | 'label' | 'chart' | 'dryRun'>;
