/** From a recorded run to what has to be measured again: the same cases, kernels, threads and variant. */

import { knownKernel } from '../../kernels/index.ts';
import type { Kernel } from '../../kernels/kernel.ts';
import type { Case } from '../problem/cases.ts';
import type { Measured, RunDocument } from '../record/measurement.ts';

/** What bench repro measures again. */
export interface RecordedCases {
  /** In the order of the record. */
  cases: Case[];
  /** Kernels with a figure in the record. */
  kernels: Kernel[];
  /** Kernels of the record that this version does not have. */
  unknown: string[];
  /** The variant of WebAssembly, or where none ran of machine code, if the record has only one. */
  variant: string | null;
  /** "node", "browser", "mock", or several with commas. */
  host: string;
  /** Whether a software adapter was used. */
  software: boolean;
}

/**
 * The cases of a run that have a figure. Threads are those of the record, or all `cores` of this machine if it has
 * fewer.
 */
export function recordedCases(run: RunDocument, cores: number): RecordedCases {
  const measured = run.measurements.filter((m): m is Measured => m.state === 'measured');
  const names = [...new Set(measured.map(({ kernel }) => kernel))];
  const kernels = names.map(knownKernel).filter((kernel) => kernel !== undefined);
  const variantsOf = (backend: 'wasm' | 'native') =>
    new Set(measured.flatMap((m) => (m.backend === backend && m.variant !== null ? [m.variant] : [])));
  // One can be asked for; where both ran, a probe chooses that of machine code again.
  const variants = measured.some(({ backend }) => backend === 'wasm') ? variantsOf('wasm') : variantsOf('native');
  const cases = new Map<string, Case>();
  for (const [key, alike] of Map.groupBy(measured, ({ workload }) => JSON.stringify(workload))) {
    const { workload } = alike[0] as Measured;
    for (const threads of threadsOf(alike)) {
      const held = threads === null ? null : Math.min(threads, cores);
      cases.set(`${key} ${held}`, { workload, threads: held });
    }
  }
  return {
    cases: [...cases.values()],
    kernels,
    unknown: names.filter((name) => knownKernel(name) === undefined),
    variant: variants.size === 1 ? ([...variants][0] ?? null) : null,
    host: [...new Set(measured.map(({ host }) => host))].join(','),
    software: measured.some(({ device }) => device !== null && run.context.devices[device]?.software === true),
  };
}

/** The thread counts of the measurements of a workload for kernels that can choose; null alone if none can. */
function threadsOf(measured: readonly Measured[]): (number | null)[] {
  const counts = measured.flatMap((m) =>
    ['wasm', 'native', 'peers'].includes(m.backend) && m.threads !== null ? [m.threads] : [],
  );
  return counts.length === 0 ? [null] : [...new Set(counts)];
}
