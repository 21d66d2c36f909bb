/** Kernels whose configuration can be chosen: each family declares its own as a schema; callers that know only the registry see plain data. */

import { z } from 'zod';
import type { Workload } from '../src/problem/workload.ts';
import type { DeviceProfile } from './device.ts';
import type { Configuration, Program, Pruned, Tunable } from './kernel.ts';

/** A whole number above 0: most fields of a configuration. */
export const count = z.number().int().min(1);

/** What a family knows of its own configurations, with their type. */
interface Family<T extends Configuration> {
  /** A strict object of counts and of enums of words. */
  schema: z.ZodType<T>;
  shipped(workload: Workload, device: DeviceProfile): T;
  /** Others that can be built for a workload, most promising first. */
  candidates(workload: Workload, device: DeviceProfile): T[];
  /** Why one of them takes more than such a device has: words that all who take too much of it share. Undefined where it fits. */
  excess?(configuration: T, workload: Workload, device: DeviceProfile): string | undefined;
  /** Why one whose fields are right cannot be built for a workload or run on such a device, or undefined. */
  problem(configuration: T, workload: Workload, device: DeviceProfile): string | undefined;
  build(configuration: T, workload: Workload, device: DeviceProfile): Program;
}

/** The view of a family that a kernel carries: whatever comes in passes through the schema first. */
export function tunable<T extends Configuration>(family: Family<T>): Tunable {
  return {
    shipped: family.shipped,
    shortlist: (workload, device) => shortlist(family, workload, device),
    problem(configuration, workload, device) {
      const parsed = family.schema.safeParse(configuration);
      return parsed.success ? family.problem(parsed.data, workload, device) : fieldProblem(parsed.error, configuration);
    },
    build(configuration, workload, device) {
      const parsed = family.schema.safeParse(configuration);
      if (!parsed.success) throw new RangeError(fieldProblem(parsed.error, configuration));
      return family.build(parsed.data, workload, device);
    },
  };
}

/** The candidates of a family that fit a device, in their order, and the others by what they have too much of. */
function shortlist<T extends Configuration>(family: Family<T>, workload: Workload, device: DeviceProfile) {
  const candidates: T[] = [];
  const pruned = new Map<string, T[]>();
  for (const configuration of family.candidates(workload, device)) {
    const reason = family.excess?.(configuration, workload, device);
    if (reason === undefined) {
      candidates.push(configuration);
      continue;
    }
    const alike = pruned.get(reason) ?? [];
    alike.push(configuration);
    pruned.set(reason, alike);
  }
  return { candidates, pruned: [...pruned].map(([reason, configurations]): Pruned => ({ reason, configurations })) };
}

/** The first thing that is wrong with the fields of a configuration, in a line: missing before unknown before wrong. */
function fieldProblem(error: z.ZodError, configuration: unknown): string {
  const fields = new Map(Object.entries(configuration ?? {}));
  const name = (issue: z.core.$ZodIssue) => String(issue.path[0]);
  const missing = error.issues.find(({ path }) => path.length > 0 && !fields.has(String(path[0])));
  if (missing !== undefined) return `it has no '${name(missing)}'`;
  const unknown = error.issues.find((issue) => issue.code === 'unrecognized_keys');
  if (unknown !== undefined) return `it has an unknown field '${unknown.keys[0]}'`;
  const [wrong] = error.issues;
  if (wrong === undefined || wrong.path.length === 0) return 'it is not an object of fields';
  const value = `'${name(wrong)}' is ${fields.get(name(wrong))}`;
  return wrong.code === 'invalid_value'
    ? `${value}, not ${wrong.values.join(' or ')}`
    : `${value}, not a whole number above 0`;
}

/** A configuration in a line: "rows 32, keys 64". */
export function describeConfiguration(configuration: Configuration): string {
  return Object.entries(configuration)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');
}

/** Every combination of some values of fields, over a base. */
export function combinations<T extends object>(base: T, values: { [Name in keyof T]?: readonly T[Name][] }): T[] {
  const entries = Object.entries(values) as [keyof T, readonly T[keyof T][]][];
  return entries.reduce<T[]>(
    (list, [name, choices]) => list.flatMap((item) => choices.map((value) => ({ ...item, [name]: value }))),
    [base],
  );
}

/** Equal in every field. */
export function sameConfiguration(a: object, b: object): boolean {
  return JSON.stringify(Object.entries(a).sort()) === JSON.stringify(Object.entries(b).sort());
}

/** Fields in which two configurations differ: among equals, neighbours of the shipped one come first. */
export function distance(a: Configuration, b: Configuration): number {
  return Object.keys(a).filter((name) => a[name] !== b[name]).length;
}
