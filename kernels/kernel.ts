/**
 * The contract between kernels and everything else. A kernel is a pure recipe from a workload and a device's profile to a
 * Program: plain data that a host can run, a test can snapshot and a person can read.
 *
 * It is not a runtime: nothing here opens a device, allocates a tensor, reads a clock or prints. It is not a place for measurements
 * either: how fast a program is, and whether its results are right, is found out by those who run it (src/host/, src/measure/).
 */

import type { Workload } from '../src/problem/workload.ts';
import type { CodeSet, DeviceProfile } from './device.ts';
import type { Code } from './x64/text/instruction.ts';

/** What a program runs on: plain JavaScript, WebAssembly, a GPU through WebGPU, or machine code, ours or a library's. */
export type Backend = 'scalar' | 'wasm' | 'webgpu' | 'native';

/** What a host must be to run a kernel: its backend, and the library that brings the code where it is not ours. */
export interface Engine {
  backend: Backend;
  /** Set on other people's attention, which is measured beside ours only where it is asked for. */
  library?: 'onnxruntime' | 'tensorflow' | undefined;
}

/** A host calls `entry` of the fixed module table (src/host/cpu/scalar-host.ts) for every work tile. */
export interface ModuleProgram {
  kind: 'module';
  entry: string;
  /** Query rows of one work tile. */
  blockRows: number;
}

/** What threads on a CPU run over one memory (src/host/cpu/threaded-host.ts): K and V packed, then work tiles, each by one thread. */
interface TileProgram {
  blockRows: number;
  /** Keys are padded to a multiple of this in packed K and V. */
  keyMultiple: number;
  /** Floats of a row of packed K and V where zeros pad them; absent where rows are as long as those of the tensors. */
  packedDims?: { k: number; v: number } | undefined;
  /** Bytes of private memory of one thread. */
  scratchBytes: number;
  /** True where packed V is [key][headDim]: V of a KV head that lies alone and needs no padding is used where it is. */
  plainValues: boolean;
  /** Query rows of the parts that the last work tiles are split into, so that all threads end together; blockRows where they are not split. */
  splitRows: number;
  /**
   * Set where K and V are read where they lie, for all rows of a KV head at once: then the functions are `configure`,
   * `attend_keys` (once for each part of at most `splitKeys` visible keys and each run of at most `splitHeads` KV heads of a
   * batch) and `merge` (once for each KV head).
   */
  inPlace?: { splitKeys: number; splitHeads: number; partialBytes: number };
}

/**
 * WebAssembly text with the exports of src/host/cpu/work-thread.ts: `configure`, `pack` (once for each KV head and thread share) and
 * `attend` (once for each work tile), over an imported memory `host.memory`.
 */
export interface WasmProgram extends TileProgram {
  kind: 'wasm';
  text: string;
}

/**
 * Machine code for x86-64, as instructions that the host encodes: the same functions but `configure`, each with the address of a
 * call block (kernels/x64/call.ts) as its argument.
 */
export interface X64Program extends TileProgram {
  kind: 'x64';
  /** What the CPU must have. */
  set: CodeSet;
  code: Code;
  /** Set where weights are rounded to it before they are multiplied with the values. */
  roundedWeights?: 'bf16';
}

/** Programs that threads of a CPU run over one memory. */
export type ThreadedProgram = WasmProgram | X64Program;

/** One compute shader; a work tile takes `workgroupsPerTile` workgroups in x, the tiles go in y. */
export interface WgslPass {
  label: string;
  code: string;
  workgroupsPerTile: number;
}

/**
 * WGSL passes that share group 0: 0 uniform Params (kernels/wgsl/abi.ts), 1 q, 2 k, 3 v, 4 o, 5 block starts and, where
 * scratchBytesPerTile is above 0, 6 scratch, with sinks 7 those.
 */
export interface WgslProgram {
  kind: 'wgsl';
  passes: WgslPass[];
  blockRows: number;
  scratchBytesPerTile: number;
  /** True where a work tile holds the rows of several query heads of a KV head's group: all of them, or a part. */
  groupedRows?: boolean;
  /** Parts that a group is in then, of equally many query heads; 1 where it is left out. */
  groupParts?: number;
  /** Work tiles that a large GPU is taken to run at once; no device says how many it does. Submissions take whole multiples. */
  wave?: number;
  /** True where binding 7 is the logits of the sinks, one f32 a query head, times log2(e). */
  sinks?: boolean;
  /** True where weights are rounded to half precision before they are multiplied with the values. */
  halfWeights?: boolean;
}

export type Program = ModuleProgram | ThreadedProgram | WgslProgram;

/** The choices that a kernel leaves open, tile sizes and the like, as plain data, so that they can be kept in a file. */
export type Configuration = Record<string, number | string>;

/** Configurations that a device rules out, with the one reason of all of them: "more than 256 threads in a workgroup". */
export interface Pruned {
  reason: string;
  configurations: Configuration[];
}

/** What bench tune needs of a kernel whose configuration can be chosen; kernels/tunable.ts makes it from a typed family. */
export interface Tunable {
  /** The configuration that is shipped. */
  shipped(workload: Workload, device: DeviceProfile): Configuration;
  /** Others worth trying on such a device, most promising first, and those that are not, by reason. */
  shortlist(workload: Workload, device: DeviceProfile): { candidates: Configuration[]; pruned: Pruned[] };
  /** Why a configuration, perhaps from a file, cannot be used for a workload on such a device; undefined where it can. */
  problem(configuration: unknown, workload: Workload, device: DeviceProfile): string | undefined;
  /** Throws RangeError for a configuration whose fields are wrong; ask `problem` first. */
  build(configuration: unknown, workload: Workload, device: DeviceProfile): Program;
}

/** An attention kernel; those of other libraries (kernels/peers/) and the probes of kernels/ceilings/ stand behind the same contract. */
export interface Kernel extends Engine {
  /** BACKEND-TECHNIQUE, for example wasm-flash. */
  name: string;
  /** The technique in one line. */
  summary: string;
  /**
   * Set on a kernel that differs from another in one option: it runs only where it is asked for, beside that other. The
   * option adds the technique to the other kernel or takes it away.
   */
  ablation?: { of: string; technique: 'branchless' | 'overlap' | 'registers'; change: 'adds' | 'removes' };
  /** Why this kernel cannot run the workload on such a device; undefined where it can. */
  unsupported(workload: Workload, device: DeviceProfile): string | undefined;
  /** The program for a workload that is supported. */
  build(workload: Workload, device: DeviceProfile): Program;
  /** Set where bench tune can choose the configuration. */
  tunable?: Tunable;
}
