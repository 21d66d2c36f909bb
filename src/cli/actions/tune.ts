/** The work of bench tune: one search for each head dimension and mask, among all kernels of a device that have configurations. */

import { EXPERIMENTAL, KERNELS } from '../../../kernels/index.ts';
import type { Kernel } from '../../../kernels/kernel.ts';
import { createHostPool } from '../../host/pool.ts';
import type { OpenTarget } from '../../host/target.ts';
import { backendHasNo, interrupted, noConfigurations, oneDeviceForTune, UsageError } from '../../messages.ts';
import type { Workload } from '../../problem/workload.ts';
import { backendName, ofBackend } from '../../record/backend.ts';
import { checkFolder } from '../../record/files.ts';
import { type OpenTargets, openTargets, type TargetRequest } from '../targets/open-targets.ts';
import { readConfigurations } from '../targets/tuned-configurations.ts';
import { stopOnInterrupt } from '../terminal/interrupt.ts';
import { createProgress } from '../terminal/progress.ts';
import { type SearchRequest, tuneOne } from './tune-search.ts';

/** What bench tune was asked for. */
export interface TuneOptions extends SearchRequest {
  target: Omit<TargetRequest, 'kernels' | 'named'>;
  /** The kernels to search among; null for all of the GPU if there is one, else of the CPU. */
  kernel: readonly string[] | null;
  quiet: boolean;
}

/** Those whose configuration can be chosen, in the order in which they are the default. */
const TUNABLE = [...KERNELS, ...EXPERIMENTAL].filter(({ tunable }) => tunable !== undefined);

/** Tunes and returns the exit code. Throws UsageError for kernels that have no configurations or run on two devices. */
export async function tune(workloads: readonly Workload[], options: TuneOptions): Promise<number> {
  const { backend } = options.target;
  const kernels = chosen(options);
  checkFolder(options.results);
  // A damaged cache is told before the search, whose winner it could not keep.
  readConfigurations(null);
  const progress = createProgress(options.quiet);
  const stopping = stopOnInterrupt(progress);
  const pool = createHostPool();
  let opened: OpenTargets | undefined;
  try {
    opened = await openTargets({ ...options.target, kernels, named: backend !== 'auto' || options.kernel !== null });
    for (const notice of opened.notices) progress.say(notice);
    const place = firstOpen(kernels, opened, (line) => progress.say(line));
    if (place === undefined) return 1;
    const charts: string[] = [];
    for (const workload of workloads) {
      if (stopping.signal.aborted) break;
      charts.push(...(await tuneOne(workload, place, pool, options, stopping.signal, progress)));
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

/** The kernels that were asked for: those named, or all of the backend. */
function chosen({ kernel: names, target: { backend } }: TuneOptions): Kernel[] {
  const kernels = TUNABLE.filter(ofBackend(backend));
  if (backend !== 'auto' && kernels.length === 0) {
    throw new UsageError(backendHasNo(backend, 'configurations', 'auto, native, wasm or webgpu'));
  }
  if (names === null) return kernels;
  const known = kernels.map(({ name }) => name);
  for (const name of names) if (!known.includes(name)) throw new UsageError(noConfigurations(name, known));
  const named = kernels.filter(({ name }) => names.includes(name));
  if (new Set(named.map(backendName)).size > 1) throw new UsageError(oneDeviceForTune);
  return named;
}

/** The first target that is open with the kernels that run on it: the GPU if there is one, else the CPU. Where none is, the reasons are told. */
function firstOpen(
  kernels: readonly Kernel[],
  { targetsOf }: OpenTargets,
  say: (line: string) => void,
): { target: OpenTarget; kernels: Kernel[] } | undefined {
  for (const kernel of kernels) {
    for (const target of targetsOf(kernel)) {
      if (target.state === 'open')
        return { target, kernels: kernels.filter((other) => targetsOf(other).includes(target)) };
    }
  }
  for (const kernel of kernels) {
    for (const target of targetsOf(kernel)) {
      if (target.state === 'unavailable') say(`${kernel.name}: ${target.reason}`);
    }
  }
  return undefined;
}
