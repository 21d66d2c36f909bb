/** The contract of everything that can run a Program: plain values in, plain values out, so that it may live in another process. */

import type { DeviceProfile } from '../../kernels/device.ts';
import type { Backend, Program } from '../../kernels/kernel.ts';
import type { Data } from '../problem/data.ts';
import type { RowAddress, Slice } from '../problem/slice.ts';
import type { Workload } from '../problem/workload.ts';

export type Clock = 'gpu-timestamp' | 'wall' | 'mock';

/** One timed run: `flops` FLOPs of attention in `seconds`. */
export interface Sample {
  seconds: number;
  flops: number;
  clock: Clock;
}

/** What the samples were timed with, found by a self-test. */
export interface ClockReport {
  clock: Clock;
  /** Smallest step of the clock in seconds. */
  quantumSeconds: number;
  /** Time of an empty submission, seconds; 0 where nothing is submitted. */
  emptySeconds: number;
  /** Why a better clock is not used, or null. */
  note: string | null;
}

export interface Device {
  name: string;
  backend: Backend;
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
}

/** What a host found: the device as a record describes it, and as a kernel is built for it. */
export interface Environment extends DeviceProfile {
  device: Device;
  /** Device limits by name, as the platform reports them. */
  deviceLimits: Record<string, number>;
}

export interface PrepareRequest {
  program: Program;
  workload: Workload;
  slice: Slice;
  data: Data;
  /** Time by the wall clock, from submission to completion, even where a better clock is there: beside a peer that has no other. */
  wallClock?: boolean;
}

export interface PrepareResult {
  id: number;
  /** Assembling and compiling, seconds. */
  compileSeconds: number;
  /** Allocating and filling the tensors, seconds. */
  prepareSeconds: number;
}

export interface Host {
  environment(): Promise<Environment>;
  /** Compiles a program's code and nothing else; seconds. */
  compile(program: Program): Promise<number>;
  /** Compiles a program and allocates and fills the tensors of a slice; the output starts as NaN, so that a row never written is found. */
  prepare(request: PrepareRequest): Promise<PrepareResult>;
  /** Runs the prepared slice once. One-off work of a KV head is charged by the share of its rows that ran. */
  run(id: number): Promise<Sample>;
  /** Output rows of the last run, headDim values each; every row must be in the slice. */
  read(id: number, rows: RowAddress[]): Promise<Float32Array[]>;
  dispose(id: number): Promise<void>;
  close(): Promise<void>;
}
