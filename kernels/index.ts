/** The registry of kernels, in the order in which they are shown, and of experiments and ablations, which run by name only. */

import type { Dtype } from '../src/problem/workload.ts';
import { WASM_ABLATIONS, WGSL_ABLATIONS } from './ablations.ts';
import type { Kernel } from './kernel.ts';
import { ortNative } from './peers/ort-native.ts';
import { ortWasm } from './peers/ort-wasm.ts';
import { ortWebgpu } from './peers/ort-webgpu.ts';
import { tfjsWasm } from './peers/tfjs-wasm.ts';
import { scalarFlash } from './scalar/flash.ts';
import { scalarNaive } from './scalar/naive.ts';
import { wasmFlash } from './wasm/flash.ts';
import { wgslFlash } from './wgsl/flash.ts';
import { wgslMatrix } from './wgsl/matrix.ts';
import { wgslNaive } from './wgsl/naive.ts';
import { wgslRows } from './wgsl/rows.ts';
import { amxFlash } from './x64/amx-flash.ts';
import { x64Flash } from './x64/flash.ts';

export const KERNELS: readonly Kernel[] = [
  wgslFlash,
  wgslRows,
  wgslNaive,
  x64Flash,
  wasmFlash,
  scalarFlash,
  scalarNaive,
  ortNative,
  ortWasm,
  ortWebgpu,
  tfjsWasm,
];
/** Kernels that take bf16 only. */
export const BF16_ONLY: readonly Kernel[] = [amxFlash];
/** Kernels that need an experimental feature of the platform: they run by name, and on f16 tensors, which most matrices multiply. */
export const EXPERIMENTAL: readonly Kernel[] = [wgslMatrix];
export const ABLATIONS: readonly Kernel[] = [...WGSL_ABLATIONS, ...WASM_ABLATIONS];
export const ALL_KERNELS: readonly Kernel[] = [...KERNELS, ...EXPERIMENTAL, ...BF16_ONLY, ...ABLATIONS];

/** The kernels that run on tensors of these types unless others are named. */
export function defaultKernels(dtypes: readonly Dtype[]): Kernel[] {
  return [...KERNELS, ...(dtypes.includes('f16') ? EXPERIMENTAL : []), ...(dtypes.includes('bf16') ? BF16_ONLY : [])];
}

/** Any kernel by name; undefined for a name that a record of another version may hold. */
export function knownKernel(name: string): Kernel | undefined {
  return ALL_KERNELS.find((kernel) => kernel.name === name);
}

/** Throws RangeError for a name that no kernel has. */
export function findKernel(name: string): Kernel {
  const found = knownKernel(name);
  if (found === undefined) throw new RangeError(`no kernel is called '${name}'`);
  return found;
}
