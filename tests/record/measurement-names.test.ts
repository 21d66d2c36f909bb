/** What a peak is of, as texts and charts name it. */

import { expect, it } from 'vitest';
import { matrixProbes } from '../../kernels/ceilings/wgsl-matrix.ts';
import { TYPICAL_DEVICE, TYPICAL_MATRIX } from '../../kernels/typical-device.ts';
import { peakName } from '../../src/record/measurement-names.ts';

it('a peak is named after its language, or after the matrices that a kernel multiplies', () => {
  const features = { ...TYPICAL_DEVICE.features, subgroupMatrix: TYPICAL_MATRIX };
  const [probe] = matrixProbes({ ...TYPICAL_DEVICE, features });
  const ceiling = (name: string) => ({ name, tflops: 1, share: 0.5 });
  expect(peakName({ backend: 'webgpu', ceiling: ceiling('wgsl-multiply-add') })).toBe('WGSL');
  expect(peakName({ backend: 'webgpu', ceiling: ceiling(probe?.name ?? '') })).toBe('f32 matrix products in WGSL');
  expect(peakName({ backend: 'wasm', ceiling: ceiling('wasm-multiply-add-6x4') })).toBe('WebAssembly');
});
