/** The program of a WGSL probe: work tiles that run a loop as often as the attention of their query-key pairs asks for. */

import type { Workload } from '../../src/problem/workload.ts';
import type { WgslProgram } from '../kernel.ts';
import { abi } from '../wgsl/abi.ts';
import { bothDims } from '../wgsl/row-dims.ts';

/** Invocations of a workgroup and query rows of a work tile, where a probe has no reason for others. */
export const THREADS = 64;
export const BLOCK_ROWS = 64;

/**
 * Iterations of the loop of the first work tile, if each does `perIteration` operations and attention `perPair` for each
 * query-key pair.
 */
export function iterations(w: Workload, perPair: number, perIteration: number, blockRows = BLOCK_ROWS): number {
  return Math.round((Math.min(blockRows, w.seqQuery) * w.seqKv * perPair) / perIteration);
}

/** What a probe puts into the program. */
export interface Loop {
  headDim: number;
  /** Iterations for each query-key pair. */
  perPair: number;
  threads?: number;
  blockRows?: number;
  /** Directives, further arguments of main, and declarations before it. */
  directives?: string;
  builtins?: string;
  declarations?: string;
  /** What the count of iterations is divided by, where several subgroups share a workgroup. */
  sharedBy?: string;
  /** Statements before the loop and in it (counter `i`), after it, and the vec4f to store at the end. */
  before: string;
  body: string;
  after?: string;
  result: string;
}

/** The program. Its inputs are zeros, so `one` is 1, but no compiler knows it. */
export function loopProgram(label: string, loop: Loop): WgslProgram {
  const { headDim, perPair, threads = THREADS, blockRows = BLOCK_ROWS, sharedBy = '1' } = loop;
  const { directives = '', builtins = '', declarations = '', before, body, after = '', result } = loop;
  const code = `${directives}${abi({ ...bothDims(headDim), tokens: blockRows })}
${declarations}
@compute @workgroup_size(${threads})
fn main(@builtin(local_invocation_index) thread: u32, @builtin(workgroup_id) workgroup: vec3u${builtins}) {
  let tile = findWorkTile(params.tileBase + workgroup.y);
  var pairs = 0u;
  for (var row = 0u; row < tile.rows; row += 1u) {
    pairs += u32(max(0, highKey(tile.firstRow + row) - lowKey(tile.firstRow + row)));
  }
  let count = u32(f32(pairs) * ${perPair}${sharedBy === '1' ? '' : ` / ${sharedBy}`} + 0.5);
  let one = 1.0 + q[tile.q].x;
${before}
  for (var i = 0u; i < count; i += 1u) {
${body}
  }
${after}  if (thread < columns) {
    o[tile.q + thread] = ${result};
  }
}
`;
  return { kind: 'wgsl', passes: [{ label, code, workgroupsPerTile: 1 }], blockRows, scratchBytesPerTile: 0 };
}
