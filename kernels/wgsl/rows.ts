/**
 * wgsl-rows: flash attention with each query row split over four lanes of a subgroup. A lane holds every fourth vec4 of its rows'
 * q and output in registers; scores are summed by shuffles, so that neither they nor the weights go through workgroup memory.
 */

import { formatExactBytes } from '../../src/format.ts';
import { needsMemory, subgroupsMissing } from '../../src/messages.ts';
import type { Workload } from '../../src/problem/workload.ts';
import type { Kernel, WgslProgram } from '../kernel.ts';
import { unsupportedScores, unsupportedShape } from '../supported-shapes.ts';
import { abi } from './abi.ts';
import { indent, range, times } from './emit.ts';
import { columnsOf, type RowDims, rowDimsOf } from './row-dims.ts';
import {
  BATCH,
  emitAccumulate,
  emitLoadQ,
  emitRowState,
  emitScores,
  emitSoftmax,
  emitStage,
  emitStagedColumns,
  emitWrite,
  type LaneRows,
  paddedColumns,
  SPLIT,
} from './rows-phases.ts';
import { WGSL_SCORES } from './soft-cap.ts';
import { type Storage, storageOf } from './storage.ts';
import { groupOf } from './work-tiles.ts';

const THREADS = 64;

export const wgslRows: Kernel = {
  name: 'wgsl-rows',
  backend: 'webgpu',
  summary: 'one pass, each row split over four lanes: q and output in registers, scores by subgroup shuffles',
  unsupported(workload, { features, limits }) {
    if (features.subgroups !== true) return subgroupsMissing;
    const { workgroupBytes } = sizesOf(rowDimsOf(workload));
    if (workgroupBytes > limits.workgroupMemoryBytes)
      return needsMemory(
        'workgroup memory',
        formatExactBytes(workgroupBytes),
        formatExactBytes(limits.workgroupMemoryBytes),
      );
    return unsupportedScores(workload, WGSL_SCORES) ?? unsupportedShape(workload, ['f32', 'f16']);
  },
  build: (workload, { features }) => emitWgslRows(workload, storageOf(workload.dtype, features)),
};

/** Up to this head dimension of q and k a lane holds q in registers. */
const LARGEST_HELD_Q = 256;

/** Rows of a lane and keys staged at a time: what fits some 200 registers and 16 KiB of workgroup memory, 18 above head dimension 512. */
function sizesOf(dims: RowDims) {
  const larger = Math.max(dims.headDim, dims.headDimV);
  const rows = larger <= 64 ? 4 : larger <= 128 ? 2 : 1;
  const keys = larger <= 128 ? 8 : 4;
  /** Where the lanes do not share a row evenly the last columns are zeros. */
  const columnsOfLane = (dim: number) => range(Math.ceil(columnsOf(dim) / SPLIT));
  const lanes: LaneRows = {
    dims,
    own: range(rows),
    columns: columnsOfLane(dims.headDim),
    columnsV: columnsOfLane(dims.headDimV),
    heldQ: dims.headDim <= LARGEST_HELD_Q,
  };
  const vectors = [lanes.columns, lanes.columnsV].map(({ length }) => keys * SPLIT * length);
  const workgroupBytes = 4 + 16 * vectors.reduce((a, b) => a + b);
  return { blockRows: (THREADS / SPLIT) * rows, keys, lanes, vectors, workgroupBytes };
}

/**
 * The pass of wgsl-rows for a workload's head dimension and grouping: a workgroup of 64 threads takes 16 times `rows` query rows.
 * Lane `part` of the four that share a row holds its vec4 columns part, part + 4 and so on: q<row>_<i>, o<row>_<i>.
 */
export function emitWgslRows(w: Workload, storage: Storage): WgslProgram {
  const dims = rowDimsOf(w);
  const { keys, blockRows, lanes, vectors } = sizesOf(dims);
  const rows = lanes.own.length;
  const heads = groupOf(w, blockRows);
  const { group } = heads;
  const tokens = Math.floor(blockRows / group);

  const about = `// Flash attention with an online softmax, four keys at a time:
//   S = q k^T;  m' = max(m, rows of S);  P = 2^(S - m');  l = l 2^(m - m') + sum P;  O = O 2^(m - m') + P v
// and at the end O / l. ${SPLIT} lanes share ${rows} row${rows > 1 ? 's' : ''}; lane p of them holds the vec4 columns p, p + ${SPLIT}, p + ${2 * SPLIT} and so on:
// ${lanes.heldQ ? 'q<row>_<i>, ' : ''}o<row>_<i>. d<row>_<key> are its products of q and k, s<row> the scores of four keys.`;
  const code = `${abi({ directives: 'enable subgroups;\n', about, ...dims, tokens, storage, ...heads, scores: w, ...paddedColumns(lanes) })}
const threads = ${THREADS}u;
const blockKeys = ${keys}u; // staged at a time
${emitStagedColumns(lanes)}
// as [key][column]
var<workgroup> stagedK: array<vec4f, ${vectors[0]}>;
var<workgroup> stagedV: array<vec4f, ${vectors[1]}>;
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
${indent(1, emitRowState(lanes, w.sinks === true))}
${lanes.heldQ ? `${indent(1, emitLoadQ(lanes))}\n` : ''}
  let endKey = highKey(tile.firstRow + tile.tokens - 1u);
  for (var base = lowKey(tile.firstRow) / i32(blockKeys) * i32(blockKeys); base < endKey; base += i32(blockKeys)) {${indent(2, emitStage(lanes, keys))}
    for (var batch = 0u; batch < ${keys / BATCH}u; batch += 1u) {
      let first = batch * ${BATCH}u;${indent(3, emitScores(lanes))}
${indent(3, emitSoftmax(lanes, w))}
${indent(3, emitAccumulate(lanes))}
    }
  }
${indent(1, emitWrite(lanes))}
}
`;
  return {
    kind: 'wgsl',
    passes: [{ label: 'attention', code, workgroupsPerTile: 1 }],
    blockRows: tokens,
    scratchBytesPerTile: 0,
    groupedRows: group > 1,
    ...(heads.groupParts === undefined ? {} : { groupParts: heads.groupParts }),
    ...(w.sinks === true ? { sinks: true } : {}),
  };
}
