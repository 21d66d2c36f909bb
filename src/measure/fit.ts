/** Which part of a workload a sample runs: as much as is wanted, where the device can hold it. */

import type { Program } from '../../kernels/kernel.ts';
import { formatExactBytes } from '../format.ts';
import type { Environment } from '../host/contract.ts';
import { footprint } from '../host/footprint.ts';
import { needsMemory } from '../messages.ts';
import {
  chooseSlice,
  groupSlice,
  largestTensorBytes,
  type Slice,
  sliceShape,
  splitSlice,
  wholeSlice,
} from '../problem/slice.ts';
import type { Workload } from '../problem/workload.ts';

/** Everything, about so many FLOPs, or so many whole KV groups. */
export type Part = 'whole' | { flops: number } | { groups: number };

/** Work tiles a thread at least, and where the last ones are split, so that threads end together. */
const TILES_PER_THREAD = 16;
const SPLIT_TILES_PER_THREAD = 8;

/** The slice of a workload that holds a part of it; a reason where the device cannot hold that. */
export function fitSlice(
  program: Program,
  w: Workload,
  { limits, device }: Environment,
  part: Part,
): Slice | { reason: string } {
  const slice = sliceOf(program, w, part, device.threads ?? 1, limits.tensorBytes);
  const largest = largestTensorBytes(sliceShape(w, slice));
  // A GPU runs larger tensors in parts, as long as one KV head fits.
  const gpu = program.kind === 'wgsl';
  if (largest > limits.tensorBytes && !(gpu && splitSlice(w, slice, limits.tensorBytes) !== undefined)) {
    const least = gpu ? largestTensorBytes(sliceShape(w, { ...slice, batches: 1, kvHeads: 1 })) : largest;
    return { reason: needs(gpu ? 'one KV head' : 'one tensor', least, limits.tensorBytes) };
  }
  const bytes = footprint(program, w, slice, device.threads ?? 1);
  return bytes > limits.memoryBytes ? { reason: needs('this workload', bytes, limits.memoryBytes) } : slice;
}

function sliceOf(program: Program, w: Workload, part: Part, threads: number, tensorBytes: number): Slice {
  if (part === 'whole') return wholeSlice(w, program.blockRows);
  if ('groups' in part) return groupSlice(w, program.blockRows, part.groups);
  const split = program.kind === 'wasm' && program.splitRows < program.blockRows;
  const tiles = (split ? SPLIT_TILES_PER_THREAD : TILES_PER_THREAD) * threads;
  return chooseSlice(w, program.blockRows, { flops: part.flops, tiles, tensorBytes });
}

const needs = (what: string, bytes: number, limit: number) =>
  needsMemory(what, formatExactBytes(bytes), formatExactBytes(limit));
