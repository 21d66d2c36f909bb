/** The table of bench ceilings. */

import { formatRate } from '../format.ts';
import type { DeviceCeiling } from '../measure/ceilings.ts';
import { formatColumns, USUAL_WIDTH } from './columns.ts';

/** What people call the limits. */
export const CEILING_NAMES = {
  'multiply-add': 'multiply-adds',
  'multiply-add f16': 'f16 multiply-adds',
  'matrix-product f32': 'f32 matrix products',
  'matrix-product f16': 'f16 matrix products',
  exponential: 'exponentials',
  'workgroup-read': 'workgroup reads',
  'workgroup-conflict': 'conflicting reads',
  'cache-read': 'cache reads',
  'memory-read': 'memory reads',
  clock: 'clock of a core',
} as const;
const COMPILED: Record<string, string> = {
  scalar: 'JavaScript',
  simd: '128 bits',
  'simd-relaxed': '128 bits',
  simd256: '256 bits',
  wgsl: 'WGSL',
};

/** The measured ceilings as one table for each device, with the versions of Node and V8. */
export function formatCeilings(
  ceilings: readonly DeviceCeiling[],
  versions: Record<string, string>,
  width: number = USUAL_WIDTH,
): string {
  const devices = [...new Set(ceilings.map(({ device }) => device))];
  const tables = devices.map((device) => {
    const body = ceilings
      .filter((item) => item.device === device)
      .map((item) => [
        CEILING_NAMES[item.quantity],
        COMPILED[item.variant] ?? item.variant,
        item.threads === null ? '' : String(item.threads),
        formatCeiling(item.unit, item.rate),
        `${formatCeiling(item.unit, item.minimum)} to ${formatCeiling(item.unit, item.maximum)}`,
        item.probe
          .replace(/^wasm-multiply-add-/, 'tile of ')
          .replace(/^wgsl-matrix-products-(f32|f16)-(.*)$/, 'matrices of $2'),
      ]);
    return `${device}\n\n${formatColumns(['what', 'as', 'threads', 'median', 'range', 'fastest probe'], body, width)}`;
  });
  return `${tables.join('\n')}\nNode ${versions['node']}, V8 ${versions['v8']}\n`;
}

/** A limit in the unit that people use. */
export function formatCeiling(unit: DeviceCeiling['unit'], rate: number): string {
  if (unit === 'Hz') return `${(rate / 1e9).toPrecision(3)} GHz`;
  if (unit === 'FLOP/s') return formatRate(rate / 1e12);
  return `${(rate / 1e9).toPrecision(3)} ${unit === '1/s' ? 'G/s' : 'GB/s'}`;
}
