/** Runs made up for tests of what reads them: exact rates, a device of any name. */

import { comparePublished } from '../src/compare/comparisons.ts';
import type { PublishedSet } from '../src/compare/published-figures.ts';
import { flops } from '../src/problem/flops.ts';
import type { Workload } from '../src/problem/workload.ts';
import type { Measured, Measurement, RunDocument } from '../src/record/measurement.ts';
import { workload } from './workloads.ts';

/** A device name that no page may take for markup: tags, quotes, 300 characters, text from right to left. */
export const HOSTILE = `<script>alert("1")</script><img src=x onload=alert(1)> ' ${'x'.repeat(300)} \u202eabc \u05d0\u05d1`;

/** A run on one CPU of any name. */
export function runOf(measurements: Measurement[], deviceName = 'A CPU'): RunDocument {
  const clock = { clock: 'wall' as const, quantumSeconds: 1e-7, emptySeconds: 0, note: null };
  const device = {
    backend: 'wasm' as const,
    software: false,
    features: [],
    threads: 2,
    variant: null,
    variantReason: null,
  };
  const context = {
    argv: ['mha'],
    label: null,
    startedAt: '2026-01-01T00:00:00Z',
    versions: { attnbench: '0.1.0' },
    seed: 1,
    devices: [{ name: deviceName, ...device, clock }],
    cancelled: false,
  };
  return { schema: 'attnbench/1', context, measurements, comparisons: [], ratios: [] };
}

/** The same beside the published figures of a set. */
export function comparedRunOf(
  measurements: Measurement[],
  deviceName?: string,
  set: PublishedSet = 'avo',
): RunDocument {
  const run = runOf(measurements, deviceName);
  return { ...run, comparisons: comparePublished(measurements, run.context, set) };
}

const identity = (w: Workload) => ({
  kernel: 'wasm-flash',
  backend: 'wasm' as const,
  host: 'node',
  device: 0,
  variant: null,
  threads: 2,
  kernelHash: null,
  workload: w,
});

/** Six samples at exactly 100 GFLOPS, 80 % of a ceiling. */
export function measured(changes: Partial<Workload>): Measured {
  const w = workload(changes);
  const sample = { seconds: flops(w) / 1e11, flops: flops(w), clock: 'wall' as const };
  return {
    ...identity(w),
    state: 'measured',
    samples: Array.from({ length: 6 }, () => sample),
    converged: true,
    coverage: 1,
    compileSeconds: 0,
    prepareSeconds: 0,
    tflops: { median: 0.1, low: 0.1, high: 0.1 },
    passSeconds: flops(w) / 1e11,
    ceiling: { name: 'wasm-multiply-add-6x4', tflops: 0.125, share: 0.8, shareLow: 0.78, shareHigh: 0.82 },
    verification: { rows: 1, maxAbsoluteError: 0, maxRelativeError: 0, tolerance: 1 },
  };
}

/** A skipped case, by default of a small workload. */
export function skipped(reason: string, changes: Partial<Workload> = {}): Measurement {
  return { ...identity(workload(changes)), state: 'skipped', reason };
}
