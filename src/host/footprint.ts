/** The memory that running a slice of a program takes, before anything is allocated. */

import type { Program } from '../../kernels/kernel.ts';
import { type Slice, sliceShape } from '../slice.ts';
import { bytes, type Workload } from '../workload.ts';

/** Bytes of q, k, v and o of the slice, packed copies and private scratch; `threads` counts WebAssembly threads. */
export function footprint(program: Program, w: Workload, slice: Slice, threads: number): number {
  const shape = sliceShape(w, slice);
  const tensors = bytes(shape);
  switch (program.kind) {
    case 'module':
      return tensors;
    case 'wasm': {
      const keys = Math.ceil(w.seqKv / program.keyMultiple) * program.keyMultiple;
      return tensors + 2 * shape.batch * shape.kvHeads * keys * w.headDim * 4 + threads * program.scratchBytes;
    }
    case 'wgsl':
      return tensors + program.scratchBytesPerUnit;
    default:
      return program satisfies never;
  }
}
