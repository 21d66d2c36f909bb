/** The functions of a kernel in machine code, called as those of a WebAssembly module are: numbers become a call block. */

import { CALL_BYTES, type Given, slotOffset } from '../../../../kernels/x64/call.ts';
import type { KernelFunctions, ThreadJob } from '../../cpu/work-thread.ts';
import { openFunctions, requiredFfi } from './ffi.ts';

/** Machine code in a file that the dynamic linker opens. */
export interface MachineCode {
  file: string;
  /** Its functions. */
  names: readonly string[];
}

/** Slots that hold addresses: what comes in counts from the start of the memory. */
const ADDRESSES: ReadonlySet<Given> = new Set([
  ...(['q', 'o', 'k', 'v', 'packedK', 'packedV', 'scratch', 'zeros', 'partials', 'sink'] as const),
]);

/** Arguments in their order; null: not used by machine code. */
const CONFIGURE = [
  ...(['seqKv', 'keysPadded', 'windowLow', 'windowHigh', 'qStride', 'kStride'] as const),
  ...(['scale', 'vStride', 'oStride'] as const),
];
const PACK = ['k', 'v', 'packedK', 'packedV', 'firstPanel', 'endPanel', null] as const;
const ATTEND = ['q', 'o', 'rows', 'firstRow', 'packedK', 'packedV', 'scratch', null, 'sink'] as const;
const ATTEND_KEYS = ['q', 'k', 'v', 'partials', 'scratch', 'firstKey', 'endKey', 'heads'] as const;
const MERGE = ['partials', 'parts', 'partStride', 'o', 'sink'] as const;

/** The functions for one thread: it has a call block of its own, in a buffer that `newBlock` makes. */
export const instantiateX64 = (
  { code, memory, scratch }: ThreadJob<MachineCode>,
  newBlock = (bytes: number) => new ArrayBuffer(bytes),
): KernelFunctions => {
  const call = openFunctions(code.file, code.names);
  const { getRawPointer } = requiredFfi();
  const block = new DataView(newBlock(CALL_BYTES));
  const pointer = getRawPointer(block.buffer);
  const base = getRawPointer(memory.buffer);
  const set = (name: Given, value: number) => {
    const offset = slotOffset(name);
    if (name === 'scale') block.setFloat32(offset, value, true);
    else block.setBigInt64(offset, BigInt(value) + (ADDRESSES.has(name) ? base : 0n), true);
  };
  const setAll = (names: readonly (Given | null)[], values: readonly number[]) => {
    for (const [i, name] of names.entries()) if (name !== null) set(name, values[i] as number);
  };
  const caller =
    (name: string, slots: readonly (Given | null)[]) =>
    (...values: number[]) => {
      setAll(slots, values);
      call(name, pointer);
    };
  // The row of zeros is at the start of the memory.
  set('zeros', 0);
  // A thread may merge what others have attended.
  set('scratch', scratch);
  return {
    configure: (...values) => setAll(CONFIGURE, values),
    pack: caller('pack', PACK),
    attend: caller('attend', ATTEND),
    attend_keys: caller('attend_keys', ATTEND_KEYS),
    merge: caller('merge', MERGE),
  } as KernelFunctions;
};
