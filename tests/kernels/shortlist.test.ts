/** The shortlists of bench tune: what a device rules out of the real tables, and why. */

import { describe, expect, it } from 'vitest';
import type { DeviceProfile, SubgroupMatrix } from '../../kernels/device.ts';
import { findKernel } from '../../kernels/index.ts';
import { sameConfiguration } from '../../kernels/tunable.ts';
import { TYPICAL_DEVICE } from '../../kernels/typical-device.ts';
import { wgslCandidates } from '../../kernels/wgsl/candidates.ts';
import { sizes, type WgslConfiguration, workgroupBytes } from '../../kernels/wgsl/configuration.ts';
import { wgslMatrix } from '../../kernels/wgsl/matrix.ts';
import { floatsOfThread, floatsThatFit } from '../../kernels/wgsl/registers.ts';
import { bothDims } from '../../kernels/wgsl/row-dims.ts';
import { workload } from '../workloads.ts';
import { APPLE, INTEL, SQUARE } from './matrix-features.ts';

/** A device of a vendor with so much workgroup memory; by default twice what WebGPU promises. */
const deviceOf = (vendor: string | undefined, workgroupMemoryBytes = 32768): DeviceProfile => ({
  limits: { ...TYPICAL_DEVICE.limits, workgroupMemoryBytes },
  features: { ...TYPICAL_DEVICE.features, vendor },
});

function shortlistOf(kernel: string, headDim: number, device: DeviceProfile) {
  const { tunable } = findKernel(kernel);
  if (tunable === undefined) throw new Error(`${kernel} has no configurations`);
  const { candidates, pruned } = tunable.shortlist(workload({ headDim, seqQuery: 64 }), device);
  const of = (reason: RegExp) =>
    pruned
      .filter((one) => reason.test(one.reason))
      .flatMap(({ configurations }) => configurations) as WgslConfiguration[];
  return { candidates: candidates as WgslConfiguration[], pruned, of };
}

const REGISTERS = /^more than \d+ floats a thread in registers on /;
const MEMORY = /^more than \S+ KiB of workgroup memory$/;
const THREADS = /^more than 256 threads in a workgroup$/;
const READS = /^more than 1\.5 times as many reads of workgroup memory as the default$/;

describe.each([undefined, 'amd', 'nvidia', 'apple', 'intel', 'qualcomm'])('wgsl-flash, vendor %s', (vendor) => {
  it.each([64, 128, 256])('head dimension %i: everything is a candidate or pruned for the reason given', (headDim) => {
    const device = deviceOf(vendor);
    const { candidates, pruned, of } = shortlistOf('wgsl-flash', headDim, device);
    const all = [...candidates, ...pruned.flatMap(({ configurations }) => configurations)];
    expect(new Set(all.map((config) => JSON.stringify(config)))).toEqual(
      new Set(wgslCandidates(bothDims(headDim), device).map((config) => JSON.stringify(config))),
    );
    const reasons = pruned.map(({ reason }) => reason);
    expect(new Set(reasons).size).toBe(reasons.length);
    expect([REGISTERS, MEMORY, THREADS, READS].flatMap(of)).toHaveLength(all.length - candidates.length);

    const most = floatsThatFit(vendor);
    const floats = (config: WgslConfiguration) => floatsOfThread(headDim, config);
    expect(of(REGISTERS).every((config) => floats(config) > most)).toBe(true);
    expect(of(MEMORY).every((config) => workgroupBytes(headDim, config) > 32768)).toBe(true);
    expect(of(THREADS).every((config) => sizes(headDim, config).threads > 256)).toBe(true);
    for (const config of candidates) {
      expect(floats(config)).toBeLessThanOrEqual(most);
      expect(workgroupBytes(headDim, config)).toBeLessThanOrEqual(32768);
      expect(sizes(headDim, config).threads).toBeLessThanOrEqual(256);
    }
    expect(candidates.length).toBeGreaterThan(10);
    // And they use the registers.
    expect(Math.max(...candidates.map(floats))).toBeGreaterThan(most * 0.75);
  });

  it('names the vendor and the bound', () => {
    const { pruned } = shortlistOf('wgsl-flash', 256, deviceOf(vendor));
    const where = vendor ?? 'a GPU of unknown vendor';
    expect(pruned.map(({ reason }) => reason)).toContain(
      `more than ${floatsThatFit(vendor)} floats a thread in registers on ${where}`,
    );
  });
});

describe('wgsl-flash', () => {
  it('has fewer candidates where there is less workgroup memory, and those among the others', () => {
    const [roomy, least] = [deviceOf('nvidia'), deviceOf('nvidia', 16384)].map((device) =>
      shortlistOf('wgsl-flash', 64, device),
    );
    expect(least?.pruned.map(({ reason }) => reason)).toContain('more than 16.0 KiB of workgroup memory');
    expect(least?.of(MEMORY).length).toBeGreaterThan(roomy?.of(MEMORY).length ?? 0);
  });

  it('tries each shape of the products once before any comes again', () => {
    const { candidates } = shortlistOf('wgsl-flash', 128, deviceOf('nvidia'));
    const shapes = candidates.map(({ threadRows, threadColumns, rows, keys }) =>
      [threadRows, threadColumns, rows, keys].join(' '),
    );
    const different = new Set(shapes).size;
    expect(different).toBeGreaterThan(10);
    expect(new Set(shapes.slice(0, different)).size).toBe(different);
  });

  it('is not bound by registers where a CPU emulates the GPU', () => {
    const device = deviceOf('google');
    const software = { ...device, features: { ...device.features, software: true } };
    const { candidates, of } = shortlistOf('wgsl-flash', 128, software);
    expect(of(REGISTERS)).toEqual([]);
    expect(of(MEMORY).length).toBeGreaterThan(0);
    expect(Math.max(...candidates.map((config) => floatsOfThread(128, config)))).toBeGreaterThan(
      floatsThatFit('google'),
    );
  });
});

describe('wgsl-matrix', () => {
  it.each([
    { vendor: 'nvidia', threads: 32, shape: SQUARE, dtype: 'f16' as const },
    { vendor: 'amd', threads: 64, shape: SQUARE, dtype: 'f16' as const },
    { vendor: 'intel', threads: 16, shape: INTEL, dtype: 'f16' as const },
    { vendor: 'apple', threads: 32, shape: APPLE, dtype: 'f32' as const },
  ])('$vendor: candidates fit, the others are pruned for a reason', ({ vendor, threads, shape, dtype }) => {
    const { limits, features } = deviceOf(vendor);
    const subgroupMatrix: SubgroupMatrix = { threads, shapes: [shape], spelling: 'template' };
    const device = { limits, features: { ...features, f16: true, subgroupMatrix } };
    const w = workload({ headDim: 128, seqQuery: 1024, dtype });
    const { tunable } = wgslMatrix;
    const { candidates, pruned } = tunable?.shortlist(w, device) ?? { candidates: [], pruned: [] };
    expect(candidates.length).toBeGreaterThan(2);
    for (const config of candidates) expect(tunable?.problem(config, w, device)).toBeUndefined();
    expect(pruned.length).toBeGreaterThan(0);
    for (const { reason, configurations } of pruned) {
      expect([REGISTERS, MEMORY, THREADS].filter((known) => known.test(reason))).toHaveLength(1);
      // What has too many registers for a GPU may be built; the rest may not.
      for (const config of REGISTERS.test(reason) ? [] : configurations) {
        expect(tunable?.problem(config, w, device)).toMatch(/workgroup memory|threads in a workgroup/);
      }
    }
    const all = pruned.flatMap(({ configurations }) => configurations);
    expect(candidates.some((config) => all.some((other) => sameConfiguration(config, other)))).toBe(false);
  });
});

it('wasm-flash prunes what does not fit 16 vector registers', () => {
  const { candidates, pruned } = shortlistOf('wasm-flash', 128, TYPICAL_DEVICE);
  expect(pruned.map(({ reason }) => reason)).toEqual(['more than 16 vector registers']);
  const registers = ({ rows, vectors }: Record<string, unknown>) => Number(vectors) * (Number(rows) + 1) + 1;
  for (const config of candidates) expect(registers(config)).toBeLessThanOrEqual(16);
  for (const config of pruned.flatMap(({ configurations }) => configurations)) {
    expect(registers(config)).toBeGreaterThan(16);
  }
});
