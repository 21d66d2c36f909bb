/**
 * Backends as records and options name them. There other libraries' kernels are 'peers', whatever they run on; in the
 * code a kernel has its true backend, and the library that it comes from.
 */

import type { Engine } from '../../kernels/kernel.ts';
import type { Device } from '../host/contract.ts';
import type { Context, Measurement } from './measurement.ts';

/** A backend's name in a record. */
export type BackendName = Measurement['backend'];

/** The name of a kernel's or a device's backend. */
export function backendName({ backend, library }: Engine): BackendName {
  return library !== undefined ? 'peers' : backend;
}

/** What people call a backend. */
export const BACKEND_LABELS: Record<BackendName, string> = {
  webgpu: 'WebGPU',
  native: 'machine code',
  wasm: 'WebAssembly',
  scalar: 'JavaScript',
  peers: 'third-party kernels',
};

/** Whether an option for backends takes a kernel; 'auto' takes all but those of other libraries. */
export function ofBackend(wanted: BackendName | 'auto'): (kernel: Engine) => boolean {
  return (kernel) => (wanted === 'auto' ? backendName(kernel) !== 'peers' : backendName(kernel) === wanted);
}

/** A device as a record describes it. */
export function recordedDevice({ library, ...device }: Device): Context['devices'][number] {
  return { ...device, backend: backendName({ backend: device.backend, library }) };
}
