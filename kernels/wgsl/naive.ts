/** wgsl-naive: the formula in three passes, with the scores of some rows written to memory in between. */

import { formatExactBytes } from '../../src/format.ts';
import { needsMemory } from '../../src/messages.ts';
import type { Kernel, WgslPass, WgslProgram } from '../kernel.ts';
import { unsupportedScores, unsupportedShape } from '../supported-shapes.ts';
import { abi } from './abi.ts';
import { indent, lines, phase } from './emit.ts';
import { LOWEST, MASKED, rowBounds, seesBetween } from './mask.ts';
import { columnsOf, columnsOfV, fourAt, outputFour, type RowDims, rowDimsOf, valueFour } from './row-dims.ts';
import { cappedScore, WGSL_SCORES, type WgslScores } from './soft-cap.ts';
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
    return unsupportedScores(workload, WGSL_SCORES) ?? unsupportedShape(workload, ['f32', 'f16']);
  },
  build: (workload, { features }) =>
    emitWgslNaive(rowDimsOf(workload), workload.seqKv, storageOf(workload.dtype, features), workload),
};

/**
 * Three passes over scratch, [rows of the tile, seqKv] floats a work tile: scores writes it, softmax turns each row of it into weights,
 * output multiplies it by v. seqKv sizes scratch and the number of workgroups; the text does not depend on it.
 */
export function emitWgslNaive(dims: RowDims, seqKv: number, storage: Storage, scores: WgslScores): WgslProgram {
  const pass = (label: string, about: string, results: number, phases: string[]): WgslPass => ({
    label,
    workgroupsPerTile: Math.ceil(results / THREADS),
    code: `${abi({ about: `// ${about}`, ...dims, tokens: BLOCK_ROWS, storage, scratch: 'f32', scores })}
@compute @workgroup_size(${THREADS})
fn main(@builtin(global_invocation_id) thread: vec3u, @builtin(workgroup_id) workgroup: vec3u) {
  let tile = findWorkTile(params.tileBase + workgroup.y);
  let scores = workgroup.y * tileTokens * params.seqKv; // of this tile in scratch, as [row][key]
${indent(1, lines(phases))}
}
`,
  });
  const passes = [
    pass(
      'scores',
      'Attention as the formula is written, 1 of 3: S = q k^T, with the mask, a thread for each score.',
      BLOCK_ROWS * seqKv,
      scorePhases(dims, scores),
    ),
    pass(
      'softmax',
      'Attention as the formula is written, 2 of 3: P = softmax of S, a thread for each row.',
      BLOCK_ROWS,
      softmaxPhases(scores),
    ),
    pass(
      'output',
      'Attention as the formula is written, 3 of 3: O = P v, a thread for each vec4 of O.',
      BLOCK_ROWS * columnsOf(dims.headDimV),
      outputPhases(dims),
    ),
  ];
  const bytes = 4 * BLOCK_ROWS * seqKv;
  const sinks = scores.sinks === true ? { sinks: true } : {};
  return { kind: 'wgsl', passes, blockRows: BLOCK_ROWS, scratchBytesPerTile: bytes, ...sinks };
}

/** A thread leaves where its row is past the tile's last. */
const rowExists = ['if (row >= tile.rows) {', '  return;', '}'];

/** A thread for each score of the tile. */
const scorePhases = (dims: RowDims, scores: WgslScores) => [
  'let row = thread.x / params.seqKv;',
  'let key = thread.x % params.seqKv;',
  ...rowExists,
  phase('scores', 'S = q k^T, one score a thread.', [
    'let qRow = rowIndex(tile, row);',
    'let kRow = tile.kv + key * tile.kvStride;',
    'var sum = vec4f();',
    'for (var column = 0u; column < columns; column += 1u) {',
    `  sum += readQ(${fourAt(dims.headDim, 'qRow', 'column')}) * readK(${fourAt(dims.headDim, 'kRow', 'column')});`,
    '}',
    `let score = ${cappedScore(scores, '(sum.x + sum.y + sum.z + sum.w) * params.scale')};`,
  ]),
  phase('mask', 'scores of keys that the row does not see.', [
    ...rowBounds('', 'row'),
    `let seen = ${seesBetween('i32(key)', '')};`,
    `scratch[scores + thread.x] = select(${MASKED}, score, seen);`,
  ]),
];

/** A thread for each row of the tile. */
const softmaxPhases = ({ sinks = false }: WgslScores) => [
  'let row = thread.x;',
  ...rowExists,
  'let first = scores + row * params.seqKv;',
  phase('row maximum', 'm = max of a row of S.', [
    ...(sinks ? ['let sink = sinkOf(tile, row);'] : []),
    `var m = ${sinks ? 'sink' : LOWEST};`,
    'for (var key = 0u; key < params.seqKv; key += 1u) {',
    '  m = max(m, scratch[first + key]);',
    '}',
  ]),
  phase('exponentials', 'P = 2^(S - m), and', [
    '// row sum: l = sum P.',
    `var l = ${sinks ? 'exp2(sink - m)' : '0.0'};`,
    'for (var key = 0u; key < params.seqKv; key += 1u) {',
    '  let weight = exp2(scratch[first + key] - m);',
    '  scratch[first + key] = weight;',
    '  l += weight;',
    '}',
  ]),
  phase('rescale', 'P = P / l; a row that saw no key has l = 0 and weights of 0.', [
    'let factor = select(0.0, 1.0 / l, l > 0.0);',
    'for (var key = 0u; key < params.seqKv; key += 1u) {',
    '  scratch[first + key] *= factor;',
    '}',
  ]),
];

/** A thread for each vec4 of the output. */
const outputPhases = (dims: RowDims) => [
  `let row = thread.x / ${columnsOfV(dims)};`,
  `let column = thread.x % ${columnsOfV(dims)};`,
  ...rowExists,
  phase('accumulate', 'O = P v.', [
    'var o = vec4f();',
    'for (var key = 0u; key < params.seqKv; key += 1u) {',
    `  o += scratch[scores + row * params.seqKv + key] * readV(${valueFour(dims, 'key', 'column')});`,
    '}',
  ]),
  phase('write', 'O.', [`writeO(${outputFour(dims, 'row', 'column')}, o);`]),
];
