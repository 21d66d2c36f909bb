/** The points of a run without a number, a line for each reason. */

import { counted } from '../format.ts';
import { describe } from '../problem/workload.ts';
import type { Measured, Measurement, RunDocument } from '../record/measurement.ts';
import { namesOf } from '../record/measurement-names.ts';
import { reasonOf } from '../record/unmeasured.ts';

/** Workloads that a line names; of more it gives the number. */
const NAMED = 3;

/** "Skipped: wgsl-flash, wgsl-rows (every workload): REASON", one line for each state and reason. */
export function withoutNumber(run: RunDocument): string[] {
  const groups = new Map<string, Exclude<Measurement, Measured>[]>();
  for (const m of run.measurements) {
    if (m.state === 'measured') continue;
    const key = `${m.state} ${reasonOf(m)}`;
    groups.set(key, [...(groups.get(key) ?? []), m]);
  }
  const nameOf = namesOf(run.measurements, run.context);
  const all = unique(run.measurements.map(({ workload }) => describe(workload))).length;
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const kernels = unique(group.map(nameOf));
    const workloads = unique(group.map(({ workload }) => describe(workload)));
    const state = first.state === 'skipped' ? 'Skipped' : 'Failed';
    // A kernel that only some of these workloads stopped is named with its own.
    const whole = group.length >= kernels.length * workloads.length;
    const what = whole
      ? `${kernels.join(', ')} (${where(workloads, all)})`
      : group.map((m) => `${nameOf(m)} (${describe(m.workload)})`).join(', ');
    return [`${state}: ${what}: ${reasonOf(first)}`];
  });
}

function where(workloads: readonly string[], all: number): string {
  if (workloads.length === all && all > 1) return 'every workload';
  if (workloads.length <= NAMED) return workloads.join('; ');
  return `${workloads.slice(0, NAMED).join('; ')} and ${counted(workloads.length - NAMED, 'more', 'more')}`;
}

const unique = <T>(values: readonly T[]): T[] => [...new Set(values)];
