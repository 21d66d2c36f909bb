/** Names that options take, as plain lists: the help needs them without loading a kernel. A test holds them to the registries. */

import type { KernelVariant } from '../../host/variants.ts';
import type { BackendName } from '../../record/backend.ts';

/** The backends, in the order in which they are shown. */
export const BACKEND_NAMES = ['webgpu', 'native', 'wasm', 'scalar', 'peers'] as const satisfies readonly BackendName[];

/** Kernels that run unless others are named, in the order in which they are shown. */
export const KERNEL_NAMES: readonly string[] = [
  'wgsl-flash',
  'wgsl-rows',
  'wgsl-naive',
  'x64-flash',
  'wasm-flash',
  'scalar-flash',
  'scalar-naive',
  'ort-native',
  'ort-wasm',
  'ort-webgpu',
  'tfjs-wasm',
];

/** Experiments and ablations, which run by name only. */
export const HIDDEN_KERNEL_NAMES: readonly string[] = [
  'wgsl-matrix',
  'amx-flash',
  'wgsl-flash-branch',
  'wgsl-flash-overlap',
  'wgsl-flash-small',
  'wgsl-flash-large',
  'wasm-flash-maxima',
  'wasm-flash-branch',
  'wasm-flash-phases',
  'wasm-flash-small',
  'wasm-flash-large',
];

/** All of them. */
export const ALL_KERNEL_NAMES: readonly string[] = [...KERNEL_NAMES, ...HIDDEN_KERNEL_NAMES];

/** How the kernels of WebAssembly and of machine code can be compiled. */
export const VARIANT_NAMES = [
  'simd',
  'simd-relaxed',
  'simd256',
  'avx2',
  'avx512',
] as const satisfies readonly KernelVariant[];

/** What stdout can get of a run. */
export const FORMATS = ['table', 'chart', 'markdown', 'csv', 'json', 'jsonl'] as const;
/** One of them. */
export type Format = (typeof FORMATS)[number];

/** Shells that bench completion knows. */
export const SHELLS = ['bash', 'zsh', 'fish', 'powershell'] as const;
