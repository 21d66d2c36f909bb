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
  sliceFlops,
  sliceShape,
  splitSlice,
  wholeSlice,
} from '../problem/slice.ts';
import type { Workload } from '../problem/workload.ts';

/** Everything, about so many FLOPs, or so many whole KV groups. */
export type Part = 'whole' | { flops: number } | { groups: number };

/** Work tiles a thread, and where the last ones are split, so that threads end together. */
const TILES_PER_THREAD = 16;
const SPLIT_TILES_PER_THREAD = 8;

/** Whether a slice is small enough, by its FLOPs; `tilesPerThread` is 0 for the smallest. */
export type Affordable = (flops: number, tilesPerThread: number) => boolean;

/**
 * The slice of a workload that holds a part of it; a reason where the device cannot hold that. A slice has enough work tiles to
 * keep all threads busy to its end; where that is not affordable it has fewer, down to the smallest: a tile a thread, and under
 * a causal mask two, since a light one has to follow a heavy one.
 */
export function fitSlice(
  program: Program,
  w: Workload,
  { limits, device }: Environment,
  part: Part,
  affordable: Affordable = () => true,
): Slice | { reason: string } {
  const choices = tileChoices(program, w, device.threads);
  const slices = choices.map((perThread, index) => ({
    slice: sliceOf(program, w, part, perThread * (device.threads ?? 1), limits.tensorBytes),
    tilesPerThread: index === choices.length - 1 ? 0 : perThread,
  }));
  const { slice } =
    slices.find((choice) => affordable(sliceFlops(w, choice.slice), choice.tilesPerThread)) ??
    (slices.at(-1) as (typeof slices)[number]);
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

/** Work tiles a thread to try, most first. A device that schedules them itself gets no fewer: nobody knows what it takes. */
function tileChoices(program: Program, w: Workload, threads: number | null): number[] {
  const split = (program.kind === 'wasm' || program.kind === 'x64') && program.splitRows < program.blockRows;
  const most = split ? SPLIT_TILES_PER_THREAD : TILES_PER_THREAD;
  if (threads === null) return [most];
  return [most, 4, 2, ...(w.mask === 'causal' && threads > 1 ? [] : [1])];
}

function sliceOf(program: Program, w: Workload, part: Part, tiles: number, tensorBytes: number): Slice {
  if (part === 'whole') return wholeSlice(w, program.blockRows);
  if ('groups' in part) return groupSlice(w, program.blockRows, part.groups);
  return chooseSlice(w, program.blockRows, { flops: part.flops, tiles, tensorBytes });
}

const needs = (what: string, bytes: number, limit: number) =>
  needsMemory(what, formatExactBytes(bytes), formatExactBytes(limit));
