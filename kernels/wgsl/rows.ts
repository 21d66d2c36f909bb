/**
 * wgsl-rows: flash attention with each query row split over four lanes of a subgroup. A lane holds every fourth vec4 of its rows'
 * q and output in registers; scores are summed by shuffles, so that neither they nor the weights go through workgroup memory.
 */

import { subgroupsMissing } from '../../src/messages.ts';
import { groupSize, type Workload } from '../../src/problem/workload.ts';
import type { Kernel, WgslProgram } from '../kernel.ts';
import { unsupportedShape } from '../supported-shapes.ts';
import { abi, LOWEST, MASKED } from './abi.ts';
import { LANES, lines, range } from './emit.ts';
import { type Storage, storageOf } from './storage.ts';
import { rowAddress, tokenOf } from './work-tiles.ts';

/** Lanes that share a row: no subgroup is smaller. */
const SPLIT = 4;
const THREADS = 64;
/** Keys whose scores are one vec4. */
const BATCH = 4;

export const wgslRows: Kernel = {
  name: 'wgsl-rows',
  backend: 'webgpu',
  summary: 'one pass, each row split over four lanes: q and output in registers, scores by subgroup shuffles',
  unsupported: (workload, { features }) =>
    features.subgroups === true ? unsupportedShape(workload, ['f32', 'f16']) : subgroupsMissing,
  build: (workload, { features }) => emitWgslRows(workload, storageOf(workload.dtype, features)),
};

/** Rows of a lane and keys staged at a time: what fits some 200 registers and 16 KiB of workgroup memory. */
function sizesOf(headDim: number) {
  const rows = headDim <= 64 ? 4 : headDim <= 128 ? 2 : 1;
  return { rows, blockRows: (THREADS / SPLIT) * rows, keys: headDim <= 128 ? 8 : 4 };
}

export function emitWgslRows(w: Workload, storage: Storage): WgslProgram {
  const { headDim } = w;
  const { rows, blockRows, keys } = sizesOf(headDim);
  const group = groupSize(w) <= blockRows ? groupSize(w) : 1;
  const own = range(rows);
  const columns = range(headDim / 4 / SPLIT);
  const each = (emit: (r: number, c: number) => string) => lines(own.flatMap((r) => columns.map((c) => emit(r, c))));

  const code = `enable subgroups;
${abi(headDim, Math.floor(blockRows / group), false, storage, group > 1)}
// Flash attention with an online softmax, four keys at a time:
//   S = q k^T;  m' = max(m, rows of S);  P = 2^(S - m');  l = l 2^(m - m') + sum P;  O = O 2^(m - m') + P v
// and at the end O / l. ${SPLIT} lanes share ${rows} row${rows > 1 ? 's' : ''}; lane p of them holds the vec4 columns p, p + ${SPLIT}, p + ${2 * SPLIT} and so on.
const keys = ${keys}u; // staged at a time

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
  let qStride = params.queryHeads * columns;
  let kvStride = params.kvHeads * columns;
  // How invocations are numbered within subgroups is the device's choice: the first lane of each four draws their rows.
  let part = lane % ${SPLIT}u;
  var ticket = 0u;
  if (part == 0u) {
    ticket = atomicAdd(&tickets, 1u);
  }
  let firstRow = subgroupShuffle(ticket, lane - part) * ${rows}u;
${lines(
  own.map(
    (r) => `  let row${r} = min(firstRow + ${r}u, tile.rows - 1u);
  let token${r} = tile.firstRow + ${tokenOf(`row${r}`, group)};
  let low${r} = lowKey(token${r});
  let high${r} = highKey(token${r});
  var m${r} = ${LOWEST};
  var l${r} = 0.0;`,
  ),
)}
${each((r, c) => `  let q${r}_${c} = readQ(${rowAddress(`row${r}`, group)} + part + ${c * SPLIT}u) * params.scale;\n  var o${r}_${c} = vec4f();`)}

  let lastToken = tile.firstRow + tile.tokens - 1u;
  let endKey = highKey(lastToken);
  for (var base = lowKey(tile.firstRow) / i32(keys) * i32(keys); base < endKey; base += i32(keys)) {
    workgroupBarrier();
    for (var t = thread; t < ${(keys * headDim) / 4}u; t += ${THREADS}u) {
      let key = u32(base) + t / columns;
      let at = tile.kv + min(key, params.seqKv - 1u) * kvStride + t % columns;
      stagedK[t] = readK(at);
      // Keys past the end weigh nothing, but nothing times infinity would.
      stagedV[t] = select(vec4f(), readV(at), key < params.seqKv);
    }
    workgroupBarrier();
    for (var batch = 0u; batch < ${keys / BATCH}u; batch += 1u) {
      let first = batch * ${BATCH}u;
${lines(range(BATCH).flatMap((j) => own.map((r) => `      var d${r}_${j} = vec4f();`)))}
${lines(
  range(BATCH).flatMap((j) =>
    columns.flatMap((c) => [
      `      let k${j}_${c} = stagedK[(first + ${j}u) * columns + part + ${c * SPLIT}u];`,
      ...own.map((r) => `      d${r}_${j} = fma(q${r}_${c}, k${j}_${c}, d${r}_${j});`),
    ]),
  ),
)}
      let ownKeys = vec4i(base + i32(first)) + vec4i(0, 1, 2, 3);
${lines(
  own.map(
    (r) => `      var s${r} = vec4f(${range(BATCH)
      .map((j) => `dot(d${r}_${j}, vec4f(1.0))`)
      .join(', ')});
      s${r} += subgroupShuffleXor(s${r}, 1u);
      s${r} += subgroupShuffleXor(s${r}, 2u);
      let seen${r} = (ownKeys >= vec4i(low${r})) & (ownKeys < vec4i(high${r}));
      s${r} = select(vec4f(${MASKED}), s${r}, seen${r});
      let next${r} = max(m${r}, max(max(s${r}.x, s${r}.y), max(s${r}.z, s${r}.w)));
      let p${r} = exp2(s${r} - next${r});
      let rescale${r} = exp2(m${r} - next${r});
      m${r} = next${r};
      l${r} = fma(l${r}, rescale${r}, dot(p${r}, vec4f(1.0)));`,
  ),
)}
${each((r, c) => `      o${r}_${c} *= rescale${r};`)}
${lines(
  range(BATCH).flatMap((j) =>
    columns.flatMap((c) => [
      `      let v${j}_${c} = stagedV[(first + ${j}u) * columns + part + ${c * SPLIT}u];`,
      ...own.map((r) => `      o${r}_${c} = fma(vec4f(p${r}.${LANES[j]}), v${j}_${c}, o${r}_${c});`),
    ]),
  ),
)}
    }
  }
  // A row that saw no key has sum 0 and gives zeros.
${lines(
  own.map(
    (r) => `  if (firstRow + ${r}u < tile.rows) {
    let factor${r} = select(0.0, 1.0 / l${r}, l${r} > 0.0);
${lines(columns.map((c) => `    writeO(${rowAddress(`row${r}`, group)} + part + ${c * SPLIT}u, o${r}_${c} * factor${r});`))}
  }`,
  ),
)}
}
`;
  return {
    kind: 'wgsl',
    passes: [{ label: 'attention', code, workgroupsPerTile: 1 }],
    blockRows: Math.floor(blockRows / group),
    scratchBytesPerTile: 0,
    groupedRows: group > 1,
  };
}
