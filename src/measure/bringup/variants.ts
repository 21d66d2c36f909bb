/** The configurations of a kernel that bench bringup compares with the shipped one: few, each for a reason. */

import type { DeviceProfile } from '../../../kernels/device.ts';
import type { Configuration, Kernel } from '../../../kernels/kernel.ts';
import { distance, sameConfiguration } from '../../../kernels/tunable.ts';
import { wgslConfigurationSchema } from '../../../kernels/wgsl/configuration.ts';
import { floatsOfThread } from '../../../kernels/wgsl/registers.ts';
import type { Workload } from '../../problem/workload.ts';

/** A configuration to try, and what to call it. */
export interface Variant {
  label: string;
  configuration: Configuration;
}

/** Fields of wgsl-flash that say what its threads own; the others say how q, k and v are staged. */
const SHAPE: readonly string[] = ['threadRows', 'threadColumns', 'rows', 'keys'];
/** Those, what may gain most first. */
const STAGING: readonly string[] = ['layout', 'values', 'chunk', 'unroll', 'valueKeys', 'weightParts'];
/** Threads of a workgroup that GPUs differ in what they make of. */
const THREADS = [64, 128, 256] as const;
/** Vendors whose shipped configurations are small: where registers are fewer than thought, those win. */
const SMALL_VENDORS = ['apple', 'intel'] as const;

/** Threads of a workgroup of wgsl-flash; null for a configuration of another kernel. */
export function threadsOf(configuration: Configuration): number | null {
  const { threadRows, threadColumns } = configuration;
  return typeof threadRows === 'number' && typeof threadColumns === 'number' ? threadRows * threadColumns : null;
}

/** Floats of S and O that a thread of wgsl-flash keeps; null for a configuration of another kernel. */
export function threadFloatsOf(headDimV: number, configuration: Configuration): number | null {
  const parsed = wgslConfigurationSchema.safeParse(configuration);
  return parsed.success ? floatsOfThread(headDimV, parsed.data) : null;
}

/**
 * Configurations of wgsl-flash beside the shipped one: the nearest of each number of threads that most GPUs take, those shipped for
 * other vendors, small ones among them, then one change of each other field, the ways to stage. At most `most`; none where the kernel
 * has no choice.
 */
export function tileVariants({ tunable }: Kernel, w: Workload, device: DeviceProfile, most: number): Variant[] {
  if (tunable === undefined) return [];
  const shipped = tunable.shipped(w, device);
  const others = [undefined, ...SMALL_VENDORS].map((vendor) =>
    tunable.shipped(w, { ...device, features: { ...device.features, software: false, vendor } }),
  );
  const nearest = tunable
    .shortlist(w, device)
    .candidates.toSorted((a, b) => distance(a, shipped) - distance(b, shipped));
  const byThreads = THREADS.flatMap((threads) => {
    const found = nearest.find((candidate) => threadsOf(candidate) === threads);
    return found === undefined || threadsOf(shipped) === threads ? [] : [found];
  });
  const ways = STAGING.flatMap((field) =>
    nearest.filter((one) => distance(one, shipped) === 1 && one[field] !== shipped[field]).slice(0, 1),
  );
  const chosen: Configuration[] = [];
  for (const one of [...byThreads, ...others, ...ways]) {
    const known = [shipped, ...chosen].some((other) => sameConfiguration(other, one));
    if (!known && tunable.problem(one, w, device) === undefined) chosen.push(one);
  }
  return chosen.slice(0, most).map((configuration) => ({ label: labelOf(shipped, configuration), configuration }));
}

/** "8x16 threads of 4x4", and the other fields in which a configuration differs from the shipped one; those alone for other kernels. */
export function labelOf(shipped: Configuration, configuration: Configuration): string {
  const { threadRows, threadColumns, rows, keys } = configuration;
  if (threadsOf(configuration) === null) return changes(shipped, configuration, []);
  const others = changes(shipped, configuration, SHAPE);
  return `${threadRows}x${threadColumns} threads of ${rows}x${keys}${others === '' ? '' : `, ${others}`}`;
}

/** What is varied of wgsl-matrix, one field at a time. */
const MATRIX_FIELDS: readonly string[] = ['subgroups', 'k', 'v', 'padding', 'q', 'loads', 'rows', 'keys', 'team'];

/**
 * Configurations of wgsl-matrix that differ from the shipped one in one field: one of each field, then the others by field; at most
 * `most`.
 */
export function matrixVariants({ tunable }: Kernel, w: Workload, device: DeviceProfile, most: number): Variant[] {
  if (tunable === undefined) return [];
  const shipped = tunable.shipped(w, device);
  const fieldOf = (configuration: Configuration) =>
    MATRIX_FIELDS.findIndex((field) => shipped[field] !== configuration[field]);
  const { candidates } = tunable.shortlist(w, device);
  const byField = MATRIX_FIELDS.map((_, field) =>
    candidates.filter((candidate) => distance(candidate, shipped) === 1 && fieldOf(candidate) === field),
  );
  return [...byField.flatMap((alike) => alike.slice(0, 1)), ...byField.flatMap((alike) => alike.slice(1))]
    .slice(0, most)
    .map((configuration) => ({ label: labelOf(shipped, configuration), configuration }));
}

/** The fields but some in which a configuration differs from the shipped one: "rows 4, keys 8". */
function changes(shipped: Configuration, configuration: Configuration, but: readonly string[]): string {
  return Object.entries(configuration)
    .filter(([field, value]) => shipped[field] !== value && !but.includes(field))
    .map(([field, value]) => `${field} ${value}`)
    .join(', ');
}
