/** Pages of 2 MiB for the memory of a run, so that reading gigabytes costs few walks through page tables. */

import { requiredFfi, systemFunctions } from './ffi.ts';

/** MADV_HUGEPAGE of Linux, madvise(2). */
const HUGE_PAGES = 14;

/**
 * Asks for huge pages where memory has not been written yet. A system that has none, or that is set to give none, says no,
 * and the run goes on with small pages: results are the same.
 */
export function adviseHugePages(memory: ArrayBufferLike): void {
  systemFunctions().madvise(requiredFfi().getRawPointer(memory), BigInt(memory.byteLength), HUGE_PAGES);
}
