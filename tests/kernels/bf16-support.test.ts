/** Which kernels take bf16, and what the others and other CPUs say. */

import { describe, expect, it } from 'vitest';
import type { Bf16Set } from '../../kernels/device.ts';
import { findKernel, KERNELS } from '../../kernels/index.ts';
import { TYPICAL_DEVICE } from '../../kernels/typical-device.ts';
import { workload } from '../workloads.ts';

const W = workload({ dtype: 'bf16' });
const device = (...bf16Sets: Bf16Set[]) => ({ ...TYPICAL_DEVICE, features: { ...TYPICAL_DEVICE.features, bf16Sets } });
const refusal = (kernel: string, changes = {}, ...sets: Bf16Set[]) =>
  findKernel(kernel).unsupported({ ...W, ...changes }, device(...sets));

describe('bf16', () => {
  it('is taken by machine code where the CPU multiplies it', () => {
    expect(refusal('x64-flash', {}, 'avx512-bf16')).toBeUndefined();
    expect(refusal('amx-flash', {}, 'amx-bf16')).toBeUndefined();
    expect(refusal('x64-flash')).toContain('no AVX512_BF16');
    expect(refusal('amx-flash', {}, 'avx512-bf16')).toContain('no AMX');
  });

  it('is all that amx-flash takes, without a soft-cap', () => {
    expect(refusal('amx-flash', { dtype: 'f32' }, 'amx-bf16')).toContain('--dtype bf16');
    expect(refusal('amx-flash', { softcap: 30 }, 'amx-bf16')).toContain('soft-cap');
    expect(refusal('x64-flash', { softcap: 30 }, 'avx512-bf16')).toContain('soft-cap');
    expect(refusal('amx-flash', { sinks: true }, 'amx-bf16')).toBeUndefined();
  });

  it('is refused by every other kernel, with the type that it takes', () => {
    const all = device('avx512-bf16', 'amx-bf16');
    const features = { ...all.features, subgroups: true, linearSubgroups: 32 };
    const others = KERNELS.filter(({ name }) => name !== 'x64-flash');
    for (const kernel of others) expect(kernel.unsupported(W, { ...all, features }), kernel.name).toContain('not bf16');
  });
});
