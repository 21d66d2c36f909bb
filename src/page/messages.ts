/** The messages between the window and the worker that measures. */

import type { Backend } from '../../kernels/kernel.ts';
import type { Device, Environment } from '../host/contract.ts';
import type { WasmVariant } from '../host/cpu/wasm-variants.ts';
import type { Workload } from '../problem/workload.ts';
import type { Measurement, Ratio } from '../record/measurement.ts';

/** How the page's devices are opened. */
export interface Setup {
  browser: string;
  allowSoftware: boolean;
  threads: number;
  variant: WasmVariant | null;
}

/** What the form asks for. */
export interface FormRequest {
  setup: Setup;
  workloads: Workload[];
  /** Names. */
  kernels: string[];
  budgetSeconds: number;
  samples: number | null;
  full: boolean;
  seed: number;
}

/** What the window says. */
export type ToWorker = { kind: 'devices'; setup: Setup } | { kind: 'run'; request: FormRequest } | { kind: 'stop' };

/** A backend as the window knows it: what its kernels run on, or why they cannot. */
export type TargetReport = { backend: Backend } & (
  | { environment: Environment; unavailable: null }
  | { environment: null; unavailable: string }
);

/** What the worker says. */
export type FromWorker =
  | { kind: 'devices'; targets: TargetReport[] }
  | { kind: 'started'; devices: Device[] }
  | { kind: 'notice'; text: string }
  | { kind: 'progress'; share: number; message: string; secondsLeft: number | null }
  | { kind: 'measured'; measurements: Measurement[]; ratios: Ratio[] }
  | { kind: 'done'; cancelled: boolean }
  | { kind: 'error'; message: string };
