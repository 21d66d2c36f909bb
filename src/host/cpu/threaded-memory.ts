/** Where a slice's tensors, packed copies and scratch lie in the one memory of its threads. */

import type { ThreadedProgram } from '../../../kernels/kernel.ts';
import { copiesOfKeys } from '../../problem/cold-keys.ts';
import { LARGEST_HEAD_DIM } from '../../problem/head-dims.ts';
import { elementBytes } from '../../problem/workload.ts';
import type { PrepareRequest } from '../contract.ts';
import { footprint, keyParts, packedDims, paddedKeys, usesValuesInPlace } from '../footprint.ts';
import { fillStored, type Stored } from '../stored.ts';
import { sinkValues, type TensorLayout } from '../tensor-layout.ts';

/** What 32-bit addresses reach; machine code has 64 bits, and its tensors lie in the same kind of memory. */
export const MEMORY_BYTES = 2 ** 32;
const PAGE_BYTES = 65536;
const MOST_PAGES = MEMORY_BYTES / PAGE_BYTES;
/** Bytes at address 0 that stay zero: the row that stands in for rows and keys past the end, as long as the longest. */
const ZEROS = 4 * LARGEST_HEAD_DIM;

/** Byte addresses of the tensors and of what `pack` makes of k and v, one KV head after another. */
export interface Addresses {
  q: number;
  k: number;
  v: number;
  o: number;
  packedK: number;
  /** The address of v where a kernel reads V where the tensor lies. */
  packedV: number;
  keyNorms: number;
  /** Partial results, [KV head][part of its keys]; 0 where the program packs. */
  partials: number;
  /** The logits of the sinks, a float for each query head of the slice; 0 where the workload has none. */
  sinks: number;
}

/** A slice in memory. */
export interface AllocatedSlice {
  memory: WebAssembly.Memory;
  addresses: Addresses;
  /** Copies of k and v, and bytes from one to the next. */
  copies: { count: number; kBytes: number; vBytes: number };
  /** Addresses of each thread's private scratch. */
  scratch: number[];
  /** The tensor o. */
  output: Stored;
}

/** Bytes of whole cache lines. */
const lines = (bytes: number) => Math.ceil(bytes / 64) * 64;

/** What of a slice lies in memory: bytes of each part, 0 where there is none, and the copies of k and v. */
export function partsOf(
  { workload: w, coldKeys }: PrepareRequest,
  program: ThreadedProgram,
  layout: TensorLayout,
): { parts: Addresses; copies: AllocatedSlice['copies'] } {
  const { inPlace } = program;
  const keys = inPlace === undefined ? layout.kvHeads * paddedKeys(program, w) : 0;
  const size = elementBytes(w.dtype);
  const [kBytes, vBytes] = [layout.kElements * size, layout.vElements * size];
  const dims = packedDims(program, w);
  const count = inPlace !== undefined && coldKeys === true ? copiesOfKeys(layout.shape) : 1;
  const copies = { count, kBytes: lines(kBytes), vBytes: lines(vBytes) };
  const parts = {
    q: layout.qElements * size,
    k: (count - 1) * copies.kBytes + kBytes,
    v: (count - 1) * copies.vBytes + vBytes,
    o: layout.oElements * size,
    sinks: w.sinks === true ? layout.shape.queryHeads * 4 : 0,
    partials: inPlace === undefined ? 0 : keyParts(w, inPlace).length * layout.kvHeads * inPlace.partialBytes,
    packedK: keys * dims.k * 4,
    packedV: usesValuesInPlace(program, layout.shape) ? 0 : keys * dims.v * 4,
    keyNorms: (keys * 4) / program.keyMultiple,
  };
  return { parts, copies };
}

/**
 * Allocates the memory of a slice for `threads` threads and fills q, k and v; `advise` sees the memory before anything is
 * in it. Throws RangeError beyond 4 GiB.
 */
export function allocate(
  request: PrepareRequest,
  program: ThreadedProgram,
  layout: TensorLayout,
  threads: number,
  sharedMemory: boolean,
  advise: (memory: ArrayBufferLike) => void = () => {},
): AllocatedSlice {
  const { workload: w, slice, data } = request;
  let top = ZEROS;
  const take = (bytes: number) => {
    const address = top;
    // A line more than the size, so that tensors of a power of two do not fall on the same cache sets.
    top += lines(bytes) + 192;
    return address;
  };
  const scratch = Array.from({ length: threads }, () => take(program.scratchBytes));
  const { inPlace } = program;
  const { parts, copies } = partsOf(request, program, layout);
  const tensors = { q: take(parts.q), k: take(parts.k), v: take(parts.v), o: take(parts.o) };
  const sinks = w.sinks === true ? take(parts.sinks) : 0;
  const partials = inPlace === undefined ? 0 : take(parts.partials);
  const packedV = usesValuesInPlace(program, layout.shape) ? tensors.v : take(parts.packedV);
  const keyNorms = take(parts.keyNorms);
  const addresses = { ...tensors, packedK: take(parts.packedK), packedV, keyNorms, partials, sinks };

  const pages = Math.ceil(top / PAGE_BYTES);
  if (pages > MOST_PAGES) {
    throw new RangeError(`needs ${footprint(program, w, slice, threads)} bytes of memory that threads share`);
  }
  const memory = new WebAssembly.Memory({ initial: pages, maximum: MOST_PAGES, shared: sharedMemory });
  advise(memory.buffer);
  const view = (address: number, elements: number) => new Float32Array(memory.buffer, address, elements);
  const halves = (address: number, elements: number) => new Uint16Array(memory.buffer, address, elements);
  const stored = w.dtype === 'bf16' ? halves : view;
  const tensorsAt = {
    q: stored(addresses.q, layout.qElements),
    k: stored(addresses.k, layout.kElements),
    v: stored(addresses.v, layout.vElements),
  };
  fillStored(data, w, slice, layout, tensorsAt);
  if (w.sinks === true) view(sinks, layout.shape.queryHeads).set(sinkValues(w, slice, data));
  if (data.kind === 'none' && inPlace !== undefined) {
    // Memory never written is one page of zeros, however much of it is read: a probe's reads would stay in the cache.
    // Whole numbers, which a probe counts.
    new Int32Array(memory.buffer, addresses.k, copies.kBytes / 4).fill(1);
    new Int32Array(memory.buffer, addresses.v, copies.vBytes / 4).fill(1);
  }
  const all = new Uint8Array(memory.buffer);
  for (let copy = 1; copy < copies.count; copy += 1) {
    all.copyWithin(addresses.k + copy * copies.kBytes, addresses.k, addresses.k + copies.kBytes);
    all.copyWithin(addresses.v + copy * copies.vBytes, addresses.v, addresses.v + copies.vBytes);
  }
  const output = stored(addresses.o, layout.oElements);
  return { memory, addresses, copies, scratch, output };
}
