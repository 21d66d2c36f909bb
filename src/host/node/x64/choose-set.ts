/** Chooses the instructions of the kernels in machine code: the wider ones, but where a probe finds the narrower ones faster. */

import type { InstructionSet } from '../../../../kernels/device.ts';
import { x64Flash } from '../../../../kernels/x64/flash.ts';
import { formatFaster } from '../../../format.ts';
import { machineCodeSays, messageOf } from '../../../messages.ts';
import { openProbe, weigh } from '../../cpu/variant-probe.ts';
import { type ChildHost, spawnHost } from '../spawn.ts';

/** What is used, why, and the line that says so before measuring. */
interface SetChoice {
  variant: InstructionSet;
  reason: string;
  note: string;
}

/** What people call a set. */
const NAMES: Record<InstructionSet, string> = { avx2: 'AVX2', avx512: 'AVX-512' };

/** A choice with its line. */
export const setChoice = (variant: InstructionSet, reason: string): SetChoice => ({
  variant,
  reason,
  note: machineCodeSays.runs(NAMES[variant], reason),
});

/** Node's warning that node:ffi is new would stand where the last words of a crash are looked for. */
const FLAGS = ['--disable-warning=ExperimentalWarning'];

/** Starts a child for machine code; null: with the widest instructions of the CPU. */
export const spawnX64 = (set: InstructionSet | null, threads: number): Promise<ChildHost> =>
  spawnHost({ role: { backend: 'native', threads, set }, flags: FLAGS, env: {} });

/**
 * AVX2 must gain this much in the probe to be chosen where there is AVX-512: the probe is of short runs, in which the two differ by
 * a few hundredths to either side, while decoding gains a third from the wider ones.
 */
const WORTHWHILE = 1.1;

/** The better instructions on this CPU. Throws where no machine code runs. */
export async function chooseInstructionSet(): Promise<SetChoice> {
  const first = await spawnX64(null, 1);
  const { features } = await first.environment().finally(() => first.close());
  if (features.instructionSet !== 'avx512') return setChoice('avx2', 'the CPU has no AVX-512');
  const narrow = await openProbe(() => spawnX64('avx2', 1), x64Flash);
  const wide = await openProbe(() => spawnX64('avx512', 1), x64Flash);
  try {
    if (wide.run === null) return setChoice('avx2', `AVX-512 was tried and is not used: ${wide.fault}`);
    if (narrow.run === null) return setChoice('avx512', `AVX2 was tried and is not used: ${narrow.fault}`);
    const { gain, found } = await weigh(narrow.run, wide.run, 1 / WORTHWHILE);
    if (found === 'below') return setChoice('avx2', `in a probe, AVX2 is ${formatFaster(1 / gain)} than AVX-512`);
    return setChoice('avx512', 'in a probe, AVX2 gained little or nothing over it');
  } catch (error) {
    return setChoice('avx2', `AVX-512 was tried and is not used: ${messageOf(error)}`);
  } finally {
    await Promise.all([narrow.close(), wide.close()]);
  }
}
