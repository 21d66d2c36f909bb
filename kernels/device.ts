/** What a kernel may know of the device that it is built for: what it holds and what it can do. It is data; the hosts find it out. */

/** What a device can hold, in bytes and invocations; Infinity where it sets no limit. */
export interface Limits {
  /** All memory that a run may take. */
  memoryBytes: number;
  /** One tensor. */
  tensorBytes: number;
  workgroupMemoryBytes: number;
  workgroupInvocations: number;
}

/** Instructions of x86-64, and so the size of a vector: 256 bits with fused multiply-adds, or 512 bits. */
export const INSTRUCTION_SETS = ['avx2', 'avx512'] as const;
export type InstructionSet = (typeof INSTRUCTION_SETS)[number];

/** The set that a program in machine code is written for: with bf16 products of AVX-512, or of tiles (AMX), too. */
export type CodeSet = InstructionSet | Bf16Set;
/** Instructions that multiply bf16. */
export type Bf16Set = 'avx512-bf16' | 'amx-bf16';

/** What a device can do beyond the minimum. */
export interface Features {
  /** WebAssembly relaxed SIMD: fused multiply-add. */
  relaxedSimd: boolean;
  /** WebAssembly compiled with V8's revectoriser, which packs neighbouring 128-bit operations into 256-bit ones. */
  simd256: boolean;
  /** WGSL's type f16 (shader-f16). */
  f16: boolean;
  /** True where WebAssembly cannot share memory between threads: modules then import memory of one thread. */
  unsharedMemory?: boolean;
  /** WGSL's subgroup operations. */
  subgroups?: boolean;
  /**
   * Invocations of a subgroup, where every one has as many and invocation i of a workgroup is lane i % that; absent where it is not known.
   */
  linearSubgroups?: number | undefined;
  /** True where a CPU emulates the GPU. */
  software?: boolean;
  /** The vendor of the GPU as WebGPU names it (amd, apple, intel, nvidia and others); absent where it is not said. */
  vendor?: string | undefined;
  /** WGSL's experimental subgroup matrices. */
  subgroupMatrix?: SubgroupMatrix;
  /** The instructions that machine code is made of here. */
  instructionSet?: InstructionSet;
  /** Those that machine code can multiply bf16 with here. */
  bf16Sets?: readonly Bf16Set[];
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

/** The device of a kernel: everything that its text may depend on beside the workload. */
export interface DeviceProfile {
  limits: Limits;
  features: Features;
}
