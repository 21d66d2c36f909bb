/**
 * The contract of a host: what runs Programs. Plain values go in and come out, so that a host may live in another
 * process, a worker or a page, behind src/host/protocol.ts.
 *
 * A sample is timed by its host, since only there the work begins and ends. One function of each host does it:
 *
 *   TypeScript     `run` in cpu/scalar-host.ts
 *   WebAssembly    `timedPhase` in cpu/phases.ts
 *   WebGPU         `timedRun` in gpu/timed-run.ts, by timestamp queries where gpu/clock-test.ts trusts them
 *   ONNX Runtime   `run` in node/ort-cpu-host.ts and node/ort-webgpu-host.ts
 *
 * When, how often and for how long samples are taken is decided in src/measure/.
 */

import type { DeviceProfile } from '../../kernels/device.ts';
import type { Engine, Program } from '../../kernels/kernel.ts';
import type { Data } from '../problem/data.ts';
import type { RowAddress, Slice } from '../problem/slice.ts';
import type { Workload } from '../problem/workload.ts';
import type { AdapterInfo } from './gpu/adapter-description.ts';

/** What a sample was timed by. Clocks are never mixed in one series. */
export type Clock = 'gpu-timestamp' | 'wall' | 'mock';

/** One timed run: `flops` FLOPs of attention in `seconds`. */
export interface Sample {
  seconds: number;
  flops: number;
  clock: Clock;
  /** Passes that both are of, one after the other; absent: one. */
  passes?: number;
}

/** What the samples were timed with, found by a self-test. */
export interface ClockReport {
  clock: Clock;
  /** Resolution: the smallest step of the clock, seconds. */
  quantumSeconds: number;
  /** Submit overhead: the time of an empty submission, seconds; 0 where nothing is submitted. */
  emptySeconds: number;
  /** Why a better clock is not used, or null. */
  note: string | null;
  /** One kernel of the self-test by both clocks, seconds, an empty submission taken off the wall clock; absent where none was run. */
  selfTest?: { gpuSeconds: number; wallSeconds: number };
}

/** A device as its host describes it; a record keeps all of it but the library (src/record/backend.ts). */
export interface Device extends Engine {
  name: string;
  /** True where a CPU emulates the device. */
  software: boolean;
  features: string[];
  /** Threads that a run may use; null where the device decides. */
  threads: number | null;
  /** How the kernels are compiled, where the backend has a choice, and why so. */
  variant: string | null;
  variantReason: string | null;
  /** The browser that it is used through, with its version; null or absent in Node. */
  browser?: string | null | undefined;
  clock: ClockReport;
  /** Subgroup matrices that it lists, largest first; absent where it does not have that experimental feature. */
  matrices?: ListedMatrix[] | undefined;
}

/** A configuration of subgroup matrices that a device lists: m x k and k x n of one type, their product of another. */
export interface ListedMatrix {
  m: number;
  n: number;
  k: number;
  /** Types as WGSL names them: f16, f32, u8, i8. */
  component: string;
  result: string;
  /** Whether a kernel can use it, and why so, in words for a user. */
  used: boolean;
  why: string;
}

/** What a host found: the device as a record describes it, and as a kernel is built for it. */
export interface Environment extends DeviceProfile {
  device: Device;
  /** Device limits by name, as the platform reports them. */
  deviceLimits: Record<string, number>;
  /** What a GPU's adapter says of itself; absent on other devices. */
  adapter?: AdapterInfo;
  /** The device's matrices once more, by the name that files of bench bringup have for them. */
  listedMatrices?: ListedMatrix[];
}

/** What to run, on which tensors. */
export interface PrepareRequest {
  program: Program;
  workload: Workload;
  slice: Slice;
  /** The values of q, k and v. */
  data: Data;
  /**
   * Time by the wall clock, from submission to completion, even where a better clock is there: for runs beside a peer
   * that has no other.
   */
  wallClock?: boolean;
  /**
   * Keep as many copies of k and v as src/problem/cold-keys.ts says, and let runs take them in turn; a host may keep fewer.
   */
  coldKeys?: boolean;
}

/** A program that is ready to run on its tensors. */
export interface PrepareResult {
  /** Its number in this host. */
  id: number;
  /** Assembling and compiling, seconds. */
  compileSeconds: number;
  /** Allocating and filling the tensors, seconds. */
  prepareSeconds: number;
  /** Copies of k and v that runs take in turn, where there are several. */
  copies?: number;
}

/** Runs programs on one device. A method that cannot do what is asked throws with the reason. */
export interface Host {
  environment(): Promise<Environment>;
  /** Compiles a program's code and nothing else; seconds. */
  compile(program: Program): Promise<number>;
  /** Compiles a program, and allocates and fills the tensors of a slice. */
  prepare(request: PrepareRequest): Promise<PrepareResult>;
  /**
   * Runs the prepared slice once. Before that, outside the timed part, the output is overwritten with NaN, so that a row that
   * is not written in this run is found (poison.ts). Work that a KV head needs once (packing K) is charged by the share of its
   * rows that ran.
   */
  run(id: number): Promise<Sample>;
  /** Output rows of the last run, valueDim values each; every row must be in the slice. */
  read(id: number, rows: RowAddress[]): Promise<Float32Array[]>;
  /** Two weighted sums of every output row of the last run, [batch, query head, row of the slice, sum] (row-sums.ts). */
  sums(id: number, seed: number): Promise<Float64Array>;
  /** Frees what was prepared; its number is not used again. */
  dispose(id: number): Promise<void>;
  /** Ends the host; nothing may be asked of it afterwards. */
  close(): Promise<void>;
}
