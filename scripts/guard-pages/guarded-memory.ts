/**
 * Memory whose ends are found: every tensor, packed copy, scratch and call block lies between pages that nothing can touch,
 * with its last byte or its first at one of them. What reads or writes beyond it ends the process.
 */

import type { allocate } from '../../src/host/cpu/threaded-memory.ts';
import { partsOf } from '../../src/host/cpu/threaded-memory.ts';
import { fillStored, type Stored } from '../../src/host/stored.ts';
import { sinkValues } from '../../src/host/tensor-layout.ts';
import { valueDim } from '../../src/problem/workload.ts';

type Ffi = typeof import('node:ffi');

/** The side on which a part ends at a guard page. The other side has up to a page of bytes that are looked at afterwards. */
export type Side = 'end' | 'begin';
/** Parts of memory by name. */
export const PARTS = [
  'q',
  'k',
  'v',
  'o',
  'packedK',
  'packedV',
  'partials',
  'sinks',
  'scratch',
  'zeros',
  'block',
] as const;
export type Part = (typeof PARTS)[number];

/** More than a stride goes beyond a part by mistake; address space, no memory. */
const GUARD_BYTES = 2 ** 20;
const PAGE_BYTES = 4096;
/** What the bytes between a part and the end of its pages hold. As floats they are not numbers, so that who reads them shows it. */
const SLACK = 0xff;

/** From sys/mman.h of Linux. */
const PROT = { none: 0, read: 1, readWrite: 3 };
const MAP_PRIVATE_ANONYMOUS = 0x22;

interface Region {
  part: Part;
  start: bigint;
  bytes: number;
  slack: Uint8Array;
}

/** Guarded parts for hosts of machine code, one thread. */
export interface GuardedMemory {
  allocate: typeof allocate;
  newBlock(bytes: number): ArrayBuffer;
  /** Gives all parts back. Throws where a byte beside one was changed. */
  release(): void;
}

/** Parts at the guard page of a side. `shorter`: one that is a float too short, by which tests see that this is found. */
export function createGuardedMemory(side: Side, shorter?: Part): GuardedMemory {
  const { ffi, map, protect, unmap } = systemCalls();
  let regions: Region[] = [];

  /** Address of a part, and its bytes. */
  function take(part: Part, wanted: number): { pointer: bigint; buffer: ArrayBuffer } {
    const bytes = Math.max(4, part === shorter ? wanted - 4 : wanted);
    const inside = Math.ceil(bytes / PAGE_BYTES) * PAGE_BYTES;
    const start = map(inside + 2 * GUARD_BYTES);
    const first = start + BigInt(GUARD_BYTES);
    protect(first, inside, PROT.readWrite);
    const rest = inside - bytes;
    const pointer = side === 'end' ? first + BigInt(rest) : first;
    const slack = new Uint8Array(ffi.toArrayBuffer(first, inside, false)).subarray(
      side === 'end' ? 0 : bytes,
      side === 'end' ? rest : inside,
    );
    slack.fill(SLACK);
    regions.push({ part, start, bytes: inside, slack });
    return { pointer, buffer: ffi.toArrayBuffer(pointer, Math.min(bytes, wanted), false) };
  }

  /** No more writes to what came last. */
  function freeze(): void {
    const { start, bytes } = regions.at(-1) as Region;
    protect(start + BigInt(GUARD_BYTES), bytes, PROT.read);
  }

  return {
    allocate(request, program, layout, threads) {
      if (threads !== 1) throw new RangeError('guarded memory is for one thread');
      const { workload: w, slice, data } = request;
      const zeros = take('zeros', 4 * Math.max(w.headDim, valueDim(w)));
      freeze();
      // Hosts count addresses from the row of zeros; other parts may lie before it.
      const relative = (pointer: bigint) => Number(pointer - zeros.pointer);
      const { parts, copies } = partsOf(request, program, layout);
      const stored = (buffer: ArrayBuffer) => (w.dtype === 'bf16' ? new Uint16Array(buffer) : new Float32Array(buffer));
      const filled = (part: 'q' | 'k' | 'v' | 'sinks', values: Stored) => {
        const { pointer, buffer } = take(part, parts[part]);
        const bytes = new Uint8Array(values.buffer);
        new Uint8Array(buffer).set(bytes.subarray(0, buffer.byteLength));
        freeze();
        return relative(pointer);
      };
      const [q, k, v] = [parts.q, parts.k, parts.v].map((bytes) => stored(new ArrayBuffer(bytes))) as [
        Stored,
        Stored,
        Stored,
      ];
      fillStored(data, w, slice, layout, { q, k, v });
      const sinks = w.sinks === true ? Float32Array.from(sinkValues(w, slice, data)) : new Float32Array(0);
      const o = take('o', parts.o);
      const output = stored(o.buffer.byteLength === parts.o ? o.buffer : new ArrayBuffer(parts.o));
      const addresses = {
        ...{ q: filled('q', q), k: filled('k', k), v: filled('v', v), o: relative(o.pointer) },
        packedK: relative(take('packedK', parts.packedK).pointer),
        packedV: relative(take('packedV', parts.packedV).pointer),
        partials: relative(take('partials', parts.partials).pointer),
        sinks: filled('sinks', sinks),
        keyNorms: 0,
      };
      const scratch = [relative(take('scratch', program.scratchBytes).pointer)];
      // What is asked of it is its buffer.
      const memory = { buffer: zeros.buffer } as WebAssembly.Memory;
      return { memory, addresses, copies, scratch, output };
    },
    newBlock: (bytes) => take('block', bytes).buffer,
    release() {
      const changed = regions.filter(({ slack }) => slack.some((byte) => byte !== SLACK));
      for (const { start, bytes } of regions) unmap(start, bytes + 2 * GUARD_BYTES);
      regions = [];
      if (changed.length > 0)
        throw new Error(`bytes beside ${changed.map(({ part }) => part).join(', ')} were changed`);
    },
  };
}

/** mmap, mprotect and munmap of the C library. */
function systemCalls() {
  const ffi = process.getBuiltinModule('node:ffi') as Ffi;
  const { functions } = ffi.dlopen('libc.so.6', {
    mmap: { return: 'pointer', arguments: ['pointer', 'uint64', 'int32', 'int32', 'int32', 'int64'] },
    mprotect: { return: 'int32', arguments: ['pointer', 'uint64', 'int32'] },
    munmap: { return: 'int32', arguments: ['pointer', 'uint64'] },
  });
  const succeed = (name: string, result: unknown) => {
    if (result !== 0) throw new Error(`${name} failed`);
  };
  return {
    ffi,
    /** Address space that nothing can touch. */
    map(bytes: number): bigint {
      const start = functions.mmap(0n, BigInt(bytes), PROT.none, MAP_PRIVATE_ANONYMOUS, -1, 0n) as bigint;
      // MAP_FAILED is -1.
      if (BigInt.asIntN(64, start) === -1n) throw new Error('mmap failed');
      return start;
    },
    protect: (start: bigint, bytes: number, protection: number) =>
      succeed('mprotect', functions.mprotect(start, BigInt(bytes), protection)),
    unmap: (start: bigint, bytes: number) => succeed('munmap', functions.munmap(start, BigInt(bytes))),
  };
}
