/** A head run by the CPU at hand, where it has the instructions of the program. */

import type { CodeSet } from '../../../kernels/device.ts';
import type { CpuFeatures } from '../../../kernels/x64/cpu-features.ts';
import { codeFile } from '../../../src/host/node/x64/code-file.ts';
import { encode } from '../../../src/host/node/x64/encode.ts';
import { openFunctions, requiredFfi } from '../../../src/host/node/x64/ffi.ts';
import { sharedObject } from '../../../src/host/node/x64/shared-object.ts';
import { cpuFeatures } from '../../../src/host/node/x64/x64-host.ts';
import { attend, type Head, outputOf } from './one-head.ts';

const NAMES = ['pack', 'attend'] as const;
const HAS: Record<CodeSet, (features: CpuFeatures) => boolean> = {
  avx2: ({ avx2 }) => avx2,
  avx512: ({ avx512 }) => avx512,
  'avx512-bf16': ({ avx512Bf16 }) => avx512Bf16,
  // Its thread would have to be permitted first.
  'amx-bf16': () => false,
};

let known: CpuFeatures | null | undefined;
function featuresHere(): CpuFeatures | null {
  if (known !== undefined) return known;
  try {
    known = cpuFeatures();
  } catch {
    // Another system, or a Node without node:ffi: no machine code runs here.
    known = null;
  }
  return known;
}

/** The outputs; undefined where the program does not run on this machine. */
export function runOnCpu(head: Head): Float32Array[] | undefined {
  const features = featuresHere();
  if (features === null || !HAS[head.program.set](features)) return undefined;
  const { bytes, labels } = encode(head.program.code);
  const symbols = NAMES.map((name) => ({ name, offset: labels.get(name) as number }));
  const call = openFunctions(codeFile(sharedObject(bytes, symbols)), NAMES);
  const memory = new SharedArrayBuffer(head.image.length);
  new Uint8Array(memory).set(head.image);
  const view = new DataView(memory);
  attend(head, view, requiredFfi().getRawPointer(memory), call);
  return outputOf(head, view);
}
