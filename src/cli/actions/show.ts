/** The work of bench show. */

import { findKernel } from '../../../kernels/index.ts';
import { TYPICAL_DEVICE, TYPICAL_MATRIX } from '../../../kernels/typical-device.ts';
import { type KernelVariant, setOf, wasmVariantOf } from '../../host/variants.ts';
import { cannotShow, UsageError } from '../../messages.ts';
import { sourceText } from '../../report/source-text.ts';
import { firstWorkloadOf, type WorkloadValues } from '../options/workload.ts';

/** Prints the text of a kernel for the first workload, on a typical device with this variant. */
export function showKernel(name: string, values: WorkloadValues & { variant: KernelVariant | null }): void {
  const kernel = findKernel(name);
  const wasm = wasmVariantOf(values.variant) ?? 'simd-relaxed';
  const features = {
    ...TYPICAL_DEVICE.features,
    relaxedSimd: wasm !== 'simd',
    simd256: wasm === 'simd256',
    instructionSet: setOf(values.variant) ?? 'avx512',
    subgroupMatrix: TYPICAL_MATRIX,
  };
  const workload = firstWorkloadOf(values);
  const device = { ...TYPICAL_DEVICE, features: { ...features, subgroups: true } };
  // The text does not depend on what else a device or a shape rules out.
  const plain = { ...workload, softcap: null, sinks: false, alibi: false };
  const unsupported = kernel.unsupported(workload, device);
  if (unsupported !== undefined && unsupported !== kernel.unsupported(plain, device)) {
    throw new UsageError(cannotShow(name, unsupported));
  }
  const program = kernel.build(workload, { ...TYPICAL_DEVICE, features });
  process.stdout.write(sourceText(program, kernel));
}
