/**
 * The contract between kernels and everything else. A kernel is a pure recipe from a workload to a Program; a Program is
 * plain data that a host can run, a test can snapshot and a person can read. Nothing here knows a device, a clock or a printer.
 */

import type { Workload } from '../src/problem/workload.ts';

/** 'peers': other people's attention, measured beside ours only where asked for. */
export type Backend = 'scalar' | 'wasm' | 'webgpu' | 'peers';

/** What a device can hold, in bytes and invocations; Infinity where it sets no limit. */
export interface Limits {
  /** All memory that a run may take. */
  memoryBytes: number;
  /** One tensor. */
  tensorBytes: number;
  workgroupMemoryBytes: number;
  workgroupInvocations: number;
}

/** What a device can do beyond the minimum. */
export interface Features {
  /** WebAssembly relaxed SIMD: fused multiply-add. */
  relaxedSimd: boolean;
  /** WebAssembly compiled with V8's revectoriser, which packs neighbouring 128-bit operations into 256-bit ones. */
  simd256: boolean;
  /** WGSL's type f16 (shader-f16). */
  f16: boolean;
  /** WGSL's subgroup operations. */
  subgroups?: boolean;
  /** True where a CPU emulates the GPU. */
  software?: boolean;
  /** WGSL's experimental subgroup matrices. */
  subgroupMatrix?: SubgroupMatrix;
}

/** Matrices m x k and k x n of `component`, whose product is m x n of f32. */
export interface SubgroupMatrixShape {
  m: number;
  n: number;
  k: number;
  component: 'f32' | 'f16';
}

export interface SubgroupMatrix {
  shapes: SubgroupMatrixShape[];
  /** Invocations of a subgroup. */
  threads: number;
  /** How the device's WGSL is spelled, or 'emulated' in plain WGSL: see kernels/wgsl/matrix-text.ts. */
  spelling: 'template' | 'argument' | 'emulated';
}

/** A host calls `entry` of the fixed module table (src/host/cpu/scalar-host.ts) for every unit. */
export interface ModuleProgram {
  kind: 'module';
  entry: string;
  /** Query rows of one work tile. */
  blockRows: number;
  /** True where it can run whole heads only. */
  wholeHeads?: boolean;
}

/**
 * WebAssembly text with the exports of src/host/cpu/wasm-host.ts: `configure`, `pack` (once for each KV head and thread share) and
 * `attend` (once for each work tile), over an imported memory `host.memory`.
 */
export interface WasmProgram {
  kind: 'wasm';
  text: string;
  blockRows: number;
  /** Keys are padded to a multiple of this in packed K and V. */
  keyMultiple: number;
  /** Bytes of private memory of one thread. */
  scratchBytes: number;
  /** True where packed V is [key][headDim]: V of a KV head that lies alone and needs no padding is used where it is. */
  plainValues: boolean;
  /** Query rows of the parts that the last units are cut into, so that all threads end together; blockRows where they are not cut. */
  splitRows: number;
}

/** One compute shader; a work tile takes `workgroupsPerTile` workgroups in x, units go in y. */
export interface WgslPass {
  label: string;
  code: string;
  workgroupsPerTile: number;
}

/**
 * WGSL passes that share group 0: 0 uniform Params (kernels/wgsl/abi.ts), 1 q, 2 k, 3 v, 4 o, 5 block starts and, where
 * scratchBytesPerTile is above 0, 6 scratch.
 */
export interface WgslProgram {
  kind: 'wgsl';
  passes: WgslPass[];
  blockRows: number;
  scratchBytesPerTile: number;
  /** True where a unit holds the rows of all query heads of a KV head's group. */
  groupedRows?: boolean;
}

export type Program = ModuleProgram | WasmProgram | WgslProgram;

/** A kernel's tile as plain data, so that it can be kept in a file. */
export type Configuration = Record<string, number | string>;

/** What bench tune needs of a kernel whose tile can be chosen. */
export interface Tunable {
  /** The tile that is shipped. */
  shipped(workload: Workload, features: Features, limits: Limits): Configuration;
  /** Other tiles worth trying on such a device, most promising first. */
  candidates(workload: Workload, features: Features, limits: Limits): Configuration[];
  /** Why a tile cannot be used for a workload on such a device, or undefined; it may come from a file. */
  problem(tile: Configuration, workload: Workload, features: Features, limits: Limits): string | undefined;
  build(workload: Workload, features: Features, tile: Configuration): Program;
}

export interface Kernel {
  /** BACKEND-IDEA, for example wasm-flash. */
  name: string;
  backend: Backend;
  /** The idea in one line. */
  summary: string;
  /**
   * Set on a kernel that differs from another in one option: it runs only where it is asked for, beside that other. The
   * option adds the idea to the other kernel or takes it away.
   */
  ablation?: { of: string; technique: 'branchless' | 'overlap' | 'registers'; change: 'adds' | 'removes' };
  /** Set where it runs in another place than the other kernels of its backend. */
  target?: 'webgpu' | 'wasm';
  /** Why this kernel cannot run the workload on such a device; undefined where it can. */
  unsupported(workload: Workload, limits: Limits, features: Features): string | undefined;
  build(workload: Workload, features: Features, limits: Limits): Program;
  /** Set where bench tune can choose the tile. */
  tunable?: Tunable;
}
