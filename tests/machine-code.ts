/** The instructions of machine code that this machine runs: tests of others are left out, with the reason in their name. */

import type { InstructionSet } from '../kernels/device.ts';
import { cpuFeatures } from '../src/host/node/x64/x64-host.ts';
import { messageOf } from '../src/messages.ts';

const SETS: readonly InstructionSet[] = ['avx2', 'avx512'];

/** What runs here, and why the rest does not. */
export const MACHINE_CODE = found();

function found(): { runs: InstructionSet[]; missing: { set: InstructionSet; why: string }[] } {
  try {
    const features = cpuFeatures();
    return {
      runs: SETS.filter((set) => features[set]),
      missing: SETS.filter((set) => !features[set]).map((set) => ({ set, why: 'the CPU has none' })),
    };
  } catch (error) {
    return { runs: [], missing: SETS.map((set) => ({ set, why: messageOf(error) })) };
  }
}
