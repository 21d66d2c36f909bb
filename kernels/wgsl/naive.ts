/** wgsl-naive: the formula in three passes, with the scores of some rows written to memory in between. */

import { formatExactBytes } from '../../src/format.ts';
import { needsMemory } from '../../src/messages.ts';
import type { Kernel, WgslProgram } from '../kernel.ts';
import { unsupportedShape } from '../supported-shapes.ts';
import { abi, LOWEST, MASKED } from './abi.ts';
import { type Storage, storageOf } from './storage.ts';

const BLOCK_ROWS = 16;
const THREADS = 64;

export const wgslNaive: Kernel = {
  name: 'wgsl-naive',
  backend: 'webgpu',
  summary: 'three passes: all scores to memory, softmax in place, weighted sum of V; one thread for each result',
  unsupported(workload, { limits }) {
    const need = 4 * BLOCK_ROWS * workload.seqKv;
    if (need > limits.tensorBytes)
      return needsMemory(
        'the score buffer of one work tile',
        formatExactBytes(need),
        formatExactBytes(limits.tensorBytes),
      );
    return unsupportedShape(workload, ['f32', 'f16']);
  },
  build: (workload, { features }) =>
    emitWgslNaive(workload.headDim, workload.seqKv, storageOf(workload.dtype, features)),
};

export function emitWgslNaive(headDim: number, seqKv: number, storage: Storage): WgslProgram {
  const common = abi(headDim, BLOCK_ROWS, true, storage);
  const pass = (label: string, results: number, body: string) => ({
    label,
    workgroupsPerTile: Math.ceil(results / THREADS),
    code: `${common}
@compute @workgroup_size(${THREADS})
fn main(@builtin(global_invocation_id) thread: vec3u, @builtin(workgroup_id) workgroup: vec3u) {
  let tile = findWorkTile(params.tileBase + workgroup.y);
  // scores of this unit: [blockRows, seqKv]
  let scores = workgroup.y * blockRows * params.seqKv;
${body}
}
`,
  });

  const scorePass = pass(
    'scores',
    BLOCK_ROWS * seqKv,
    `  let row = thread.x / params.seqKv;
  let key = thread.x % params.seqKv;
  if (row >= tile.rows) {
    return;
  }
  let qRow = tile.q + row * params.queryHeads * columns;
  let kRow = tile.kv + key * params.kvHeads * columns;
  var sum = vec4f();
  for (var c = 0u; c < columns; c += 1u) {
    sum += readQ(qRow + c) * readK(kRow + c);
  }
  let position = tile.firstRow + row;
  let visible = i32(key) >= lowKey(position) && i32(key) < highKey(position);
  scratch[scores + thread.x] = select(${MASKED}, (sum.x + sum.y + sum.z + sum.w) * params.scale, visible);`,
  );

  const softmaxPass = pass(
    'softmax',
    BLOCK_ROWS,
    `  let row = thread.x;
  if (row >= tile.rows) {
    return;
  }
  let first = scores + row * params.seqKv;
  var maximum = ${LOWEST};
  for (var key = 0u; key < params.seqKv; key += 1u) {
    maximum = max(maximum, scratch[first + key]);
  }
  var total = 0.0;
  for (var key = 0u; key < params.seqKv; key += 1u) {
    let weight = exp2(scratch[first + key] - maximum);
    scratch[first + key] = weight;
    total += weight;
  }
  let factor = select(0.0, 1.0 / total, total > 0.0);
  for (var key = 0u; key < params.seqKv; key += 1u) {
    scratch[first + key] *= factor;
  }`,
  );

  const outputPass = pass(
    'output',
    BLOCK_ROWS * (headDim / 4),
    `  let row = thread.x / columns;
  let column = thread.x % columns;
  if (row >= tile.rows) {
    return;
  }
  var sum = vec4f();
  for (var key = 0u; key < params.seqKv; key += 1u) {
    sum += scratch[scores + row * params.seqKv + key] * readV(tile.kv + key * params.kvHeads * columns + column);
  }
  writeO(tile.q + row * params.queryHeads * columns + column, sum);`,
  );

  const passes = [scorePass, softmaxPass, outputPass];
  return { kind: 'wgsl', passes, blockRows: BLOCK_ROWS, scratchBytesPerTile: 4 * BLOCK_ROWS * seqKv };
}
