/** A host for machine code: encodes programs, keeps them in files, and runs them on the threads and the memory of WebAssembly's host. */

import type { Bf16Set, InstructionSet } from '../../../../kernels/device.ts';
import type { Program, X64Program } from '../../../../kernels/kernel.ts';
import {
  type CpuFeatures,
  emitCpuFeatures,
  FEATURE_WORDS,
  readCpuFeatures,
} from '../../../../kernels/x64/cpu-features.ts';
import { emitPermitTiles } from '../../../../kernels/x64/permit-tiles.ts';
import type { Code } from '../../../../kernels/x64/text/instruction.ts';
import { machineCodeSays } from '../../../messages.ts';
import type { Host } from '../../contract.ts';
import { createThreadedHost, type ThreadedHostOptions } from '../../cpu/threaded-host.ts';
import { codeFile } from './code-file.ts';
import { encode } from './encode.ts';
import { openFunctions, requiredFfi, whyNoMachineCode } from './ffi.ts';
import { instantiateX64, type MachineCode } from './functions.ts';
import { adviseHugePages } from './huge-pages.ts';
import { sharedObject } from './shared-object.ts';

export interface X64HostOptions extends Omit<ThreadedHostOptions<MachineCode>, 'sharedMemory'> {
  /** Null: the widest that the CPU has. */
  set: InstructionSet | null;
  /** Makes the call block of a thread; an ordinary buffer where it is left out. */
  newBlock?: (bytes: number) => ArrayBuffer;
}

/** Opens a host. Throws where machine code cannot run: with the reason, and what runs instead. */
export function createX64Host(options: X64HostOptions): Host {
  const found = cpuFeatures();
  if (!found.avx2) throw new Error(machineCodeSays.noAvx2);
  const set = options.set ?? (found.avx512 ? 'avx512' : 'avx2');
  if (set === 'avx512' && !found.avx512) throw new Error(machineCodeSays.noAvx512);
  const bf16Sets = bf16SetsOf(found);
  const known = new Map<string, SharedCode>();
  const compile = async (program: Program) => {
    const { code } = requireX64(program, [...(set === 'avx512' ? ['avx2', set] : [set]), ...bf16Sets]);
    const key = JSON.stringify(code);
    const shared = known.get(key) ?? sharedCode(code);
    known.set(key, shared);
    // The file of a program that was compiled long ago may be gone.
    return inFile(shared);
  };
  return createThreadedHost(
    { ...options, sharedMemory: true },
    {
      backend: 'native',
      listed: listOf(found),
      features: { relaxedSimd: false, simd256: false, f16: false, instructionSet: set, bf16Sets },
      compile,
      instantiate: (job) => instantiateX64(job, options.newBlock),
      advise: adviseHugePages,
    },
  );
}

/** What the CPU has, asked by code of our own. Throws where no such code can run here. */
export function cpuFeatures(): CpuFeatures {
  const why = whyNoMachineCode();
  if (why !== undefined) throw new Error(why);
  const { file, names } = compiledCode(emitCpuFeatures());
  const words = new Uint32Array(FEATURE_WORDS);
  openFunctions(file, names)('features', requiredFfi().getRawPointer(words.buffer));
  return readCpuFeatures(words);
}

/** What bf16 can be multiplied with: tiles only where the system permits them to this process, which it has to be asked. */
function bf16SetsOf({ avx512Bf16, amxBf16 }: CpuFeatures): Bf16Set[] {
  return [
    ...(avx512Bf16 ? (['avx512-bf16'] as const) : []),
    ...(amxBf16 && tilesPermitted() ? (['amx-bf16'] as const) : []),
  ];
}

function tilesPermitted(): boolean {
  const { file, names } = compiledCode(emitPermitTiles());
  const words = new BigInt64Array(1);
  openFunctions(file, names)('permit', requiredFfi().getRawPointer(words.buffer));
  return words[0] === 0n;
}

/** Names of features as a record lists them. */
function listOf({ avx2, avx512, avx512Bf16, amxBf16 }: CpuFeatures): string[] {
  return [
    ...(avx2 ? ['avx2'] : []),
    ...(avx512 ? ['avx512'] : []),
    ...(avx512Bf16 ? ['avx512-bf16'] : []),
    ...(amxBf16 ? ['amx-bf16'] : []),
  ];
}

/** A shared object, with those of its labels that are functions. */
interface SharedCode {
  bytes: Uint8Array;
  names: readonly string[];
}

const inFile = ({ bytes, names }: SharedCode): MachineCode => ({ file: codeFile(bytes), names });

const compiledCode = (code: Code): MachineCode => inFile(sharedCode(code));

function sharedCode(code: Code): SharedCode {
  const { bytes, labels } = encode(code);
  const names = [...labels.keys()].filter((name) => FUNCTIONS.includes(name));
  const symbols = names.map((name) => ({ name, offset: labels.get(name) as number }));
  return { bytes: sharedObject(bytes, symbols), names };
}

/** What hosts call. */
const FUNCTIONS = ['features', 'permit', 'pack', 'attend', 'attend_keys', 'merge'];

/** The program, where its instructions are among those that this host runs. */
function requireX64(program: Program, sets: readonly string[]): X64Program {
  if (program.kind !== 'x64') throw new TypeError(`a host of machine code cannot run a ${program.kind} program`);
  if (!sets.includes(program.set)) throw new TypeError(`this host was opened without ${program.set}`);
  return program;
}
