/**
 * wgsl-rows: flash attention with each query row split over four lanes of a subgroup. A lane holds every fourth vec4 of its rows'
 * q and output in registers; scores are summed by shuffles, so that neither they nor the weights go through workgroup memory.
 */

import { subgroupsMissing } from '../../src/messages.ts';
import { groupSize, type Workload } from '../../src/problem/workload.ts';
import type { Kernel, WgslProgram } from '../kernel.ts';
import { LARGEST_WGSL_HEAD_DIM, unsupportedScores, unsupportedShape } from '../supported-shapes.ts';
import { abi } from './abi.ts';
import { indent, range, times } from './emit.ts';
import {
  BATCH,
  emitAccumulate,
  emitLoadQ,
  emitRowState,
  emitScores,
  emitSoftmax,
  emitStage,
  emitWrite,
  SPLIT,
} from './rows-phases.ts';
import { WGSL_SCORES } from './soft-cap.ts';
import { type Storage, storageOf } from './storage.ts';

const THREADS = 64;

export const wgslRows: Kernel = {
  name: 'wgsl-rows',
  backend: 'webgpu',
  summary: 'one pass, each row split over four lanes: q and output in registers, scores by subgroup shuffles',
  unsupported: (workload, { features }) =>
    features.subgroups === true
      ? (unsupportedScores(workload, WGSL_SCORES) ?? unsupportedShape(workload, ['f32', 'f16'], LARGEST_WGSL_HEAD_DIM))
      : subgroupsMissing,
  build: (workload, { features }) => emitWgslRows(workload, storageOf(workload.dtype, features)),
};

/** Rows of a lane and keys staged at a time: what fits some 200 registers and 16 KiB of workgroup memory. */
function sizesOf(headDim: number) {
  const rows = headDim <= 64 ? 4 : headDim <= 128 ? 2 : 1;
  return { rows, blockRows: (THREADS / SPLIT) * rows, keys: headDim <= 128 ? 8 : 4 };
}

/**
 * The pass of wgsl-rows for a workload's head dimension and grouping: a workgroup of 64 threads takes 16 times `rows` query rows.
 * Lane `part` of the four that share a row holds its vec4 columns part, part + 4 and so on: q<row>_<i>, o<row>_<i>.
 */
export function emitWgslRows(w: Workload, storage: Storage): WgslProgram {
  const { headDim } = w;
  const { rows, blockRows, keys } = sizesOf(headDim);
  const group = groupSize(w) <= blockRows ? groupSize(w) : 1;
  const tokens = Math.floor(blockRows / group);
  const own = range(rows);
  const columns = range(headDim / 4 / SPLIT);

  const about = `// Flash attention with an online softmax, four keys at a time:
//   S = q k^T;  m' = max(m, rows of S);  P = 2^(S - m');  l = l 2^(m - m') + sum P;  O = O 2^(m - m') + P v
// and at the end O / l. ${SPLIT} lanes share ${rows} row${rows > 1 ? 's' : ''}; lane p of them holds the vec4 columns p, p + ${SPLIT}, p + ${2 * SPLIT} and so on:
// q<row>_<i>, o<row>_<i>. d<row>_<key> are its products of q and k, s<row> the scores of four keys.`;
  const code = `${abi({ directives: 'enable subgroups;\n', about, headDim, tokens, storage, group, scores: w })}
const threads = ${THREADS}u;
const blockKeys = ${keys}u; // staged at a time

// as [key][column]
var<workgroup> stagedK: array<vec4f, ${(keys * headDim) / 4}>;
var<workgroup> stagedV: array<vec4f, ${(keys * headDim) / 4}>;
var<workgroup> tickets: atomic<u32>;

@compute @workgroup_size(${THREADS})
fn main(
  @builtin(local_invocation_index) thread: u32,
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(subgroup_invocation_id) lane: u32,
) {
  let tile = findWorkTile(params.tileBase + workgroup.y);
  // How invocations are numbered within subgroups is the device's choice: the first lane of each four draws their rows.
  let part = lane % ${SPLIT}u;
  var ticket = 0u;
  if (part == 0u) {
    ticket = atomicAdd(&tickets, 1u);
  }
  let firstRow = ${times('subgroupShuffle(ticket, lane - part)', rows)};

  // Of each row: the keys that it sees, the running maximum, the row sum and the output.
${indent(1, emitRowState(own, columns, w.sinks === true))}
${indent(1, emitLoadQ(own, columns))}

  let endKey = highKey(tile.firstRow + tile.tokens - 1u);
  for (var base = lowKey(tile.firstRow) / i32(blockKeys) * i32(blockKeys); base < endKey; base += i32(blockKeys)) {${indent(2, emitStage(keys * headDim))}
    for (var batch = 0u; batch < ${keys / BATCH}u; batch += 1u) {
      let first = batch * ${BATCH}u;${indent(3, emitScores(own, columns))}
${indent(3, emitSoftmax(own, columns, w))}
${indent(3, emitAccumulate(own, columns))}
    }
  }
${indent(1, emitWrite(own, columns))}
}
`;
  return {
    kind: 'wgsl',
    passes: [{ label: 'attention', code, workgroupsPerTile: 1 }],
    blockRows: tokens,
    scratchBytesPerTile: 0,
    groupedRows: group > 1,
    ...(w.sinks === true ? { sinks: true } : {}),
  };
}
