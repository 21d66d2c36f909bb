/** The CPU and the memory of this machine, as its hosts report them. */

import { cpus, totalmem } from 'node:os';

/** The CPU's name, as its maker spells it. */
export function cpuName(): string {
  return cpus()[0]?.model.trim() ?? 'unnamed CPU';
}

/** Bytes that the tensors of a run may take: what the machine has, less a fifth for everything else that runs. */
export function spareMemoryBytes(): number {
  return Math.floor(totalmem() * 0.8);
}
