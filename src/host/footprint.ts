/** The memory that running a slice of a program takes, before anything is allocated. */

import type { Program, ThreadedProgram } from '../../kernels/kernel.ts';
import type { KeyRun } from '../problem/seen-keys.ts';
import { type Slice, sliceShape } from '../problem/slice.ts';
import { bytes, keyRange, valueDim, type Workload } from '../problem/workload.ts';

/** Bytes of q, k, v and o of the slice, packed copies and private scratch; `threads` counts those that share a memory. */
export function footprint(program: Program, w: Workload, slice: Slice, threads: number): number {
  const shape = sliceShape(w, slice);
  const tensors = bytes(shape);
  switch (program.kind) {
    case 'module':
      return tensors;
    case 'wasm':
    case 'x64': {
      if (program.inPlace !== undefined) {
        const partials =
          keyParts(w, program.inPlace).length * shape.batch * shape.kvHeads * program.inPlace.partialBytes;
        return tensors + partials + threads * program.scratchBytes;
      }
      const rows = shape.batch * shape.kvHeads * paddedKeys(program, w);
      const { k, v } = packedDims(program, w);
      const packed = rows * (usesValuesInPlace(program, shape) ? k : k + v) * 4;
      // And a norm for each panel of keys.
      const norms = (rows / program.keyMultiple) * 4;
      return tensors + packed + norms + threads * program.scratchBytes;
    }
    case 'wgsl':
      return tensors + program.scratchBytesPerTile;
    default:
      return program satisfies never;
  }
}

/** Floats of a row of packed K and of packed V. */
export function packedDims(program: Pick<ThreadedProgram, 'packedDims'>, w: Workload): { k: number; v: number } {
  return program.packedDims ?? { k: w.headDim, v: valueDim(w) };
}

/** Keys of one KV head in packed K and V. */
export function paddedKeys({ keyMultiple }: Pick<ThreadedProgram, 'keyMultiple'>, w: Workload): number {
  return Math.ceil(w.seqKv / keyMultiple) * keyMultiple;
}

/**
 * True if a kernel reads V where the tensor lies instead of a packed copy: the rows of its head lie one
 * after another, and none of them is padding.
 */
export function usesValuesInPlace(program: ThreadedProgram, shape: Workload): boolean {
  return program.plainValues && shape.kvHeads === 1 && shape.seqKv % program.keyMultiple === 0;
}

/**
 * The keys that any row of a workload sees, in parts of at most `splitKeys`: one at least, which may be empty. They follow
 * from the shape alone, so that results are the same for any number of threads.
 */
export function keyParts(w: Workload, { splitKeys }: { splitKeys: number }): KeyRun[] {
  const { low } = keyRange(w, 0);
  const { high } = keyRange(w, w.seqQuery - 1);
  return Array.from({ length: Math.max(1, Math.ceil((high - low) / splitKeys)) }, (_, part) => ({
    first: low + part * splitKeys,
    end: Math.min(high, low + (part + 1) * splitKeys),
  }));
}
