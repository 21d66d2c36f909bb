/** Node's own calls of machine code (node:ffi), of which this is all that is used. */

import { isBuiltin } from 'node:module';
import { machineCodeSays } from '../../../messages.ts';

/** Opens a shared object and gives its functions, each of one pointer argument. */
export interface Ffi {
  dlopen(path: string, functions: Record<string, { return: 'void'; arguments: ['pointer'] }>): OpenedObject;
  /** Functions of the C library, which Node itself has opened. */
  dlopen(path: null, functions: typeof SYSTEM): { functions: SystemFunctions };
  /** The address of the first byte of a buffer, which never moves. */
  getRawPointer(buffer: ArrayBufferLike): bigint;
}

/** The functions of the C library that are called. */
const SYSTEM = { madvise: { return: 'int32', arguments: ['pointer', 'uint64', 'int32'] } } as const;
export interface SystemFunctions {
  /** 0, or -1 where the system takes no such advice. */
  madvise(address: bigint, bytes: bigint, advice: number): number;
}

interface OpenedObject {
  functions: Record<string, (pointer: bigint) => void>;
}

/** Where Node keeps it, from 26.1 on. */
const MODULE = 'node:ffi';

/** Why machine code cannot be called here, whatever the CPU is; undefined where it can. */
export function whyNoMachineCode(): string | undefined {
  const { platform, arch, version } = process;
  if (platform !== 'linux' || arch !== 'x64') return machineCodeSays.otherSystem(`${platform} ${arch}`);
  // Not loaded for an answer: that prints a warning, which a child that calls machine code is started without.
  return isBuiltin(MODULE) ? undefined : machineCodeSays.noFfi(version);
}

/**
 * Calls functions of a shared object by name. Throws what the dynamic linker says; a call throws for a name that was not opened, since one
 * that did nothing would leave results as they were.
 */
export function openFunctions(file: string, names: readonly string[]): (name: string, pointer: bigint) => void {
  const library = requiredFfi();
  // Other words than `return` and `arguments` are ignored without an error.
  const { functions } = library.dlopen(
    file,
    Object.fromEntries(names.map((name) => [name, { return: 'void', arguments: ['pointer'] }])),
  );
  return (name, pointer) => {
    const found = functions[name];
    if (found === undefined) throw new RangeError(`the machine code has no function ${name}`);
    found(pointer);
  };
}

export function requiredFfi(): Ffi {
  const found = process.getBuiltinModule?.(MODULE) as unknown as Ffi | undefined;
  if (found === undefined) throw new Error(`this Node has no ${MODULE}`);
  return found;
}

/** Functions of the C library. */
export const systemFunctions = (): SystemFunctions => requiredFfi().dlopen(null, SYSTEM).functions;
