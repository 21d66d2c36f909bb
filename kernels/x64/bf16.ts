/** Flash attention in machine code on bf16 tensors: products of pairs by tiles (AMX), or by vectors (AVX512_BF16). */

import type { ScoreOption } from '../../src/problem/scores.ts';
import { valueDim, type Workload } from '../../src/problem/workload.ts';
import type { X64Program } from '../kernel.ts';
import { emitAccumulate } from './accumulate.ts';
import { type AttendPhases, emitAttend } from './attend.ts';
import type { TileConfiguration } from './configuration.ts';
import { emitLoadQ } from './load-q.ts';
import { emitPack } from './pack.ts';
import { emitScores } from './scores.ts';
import { type Shape, shapeOf } from './shape.ts';
import { emitStageVPairs } from './stage-v-pairs.ts';
import { type Code, note } from './text/instruction.ts';
import { emitTileAccumulate, emitTileScores } from './tile-products.ts';
import { emitConfigureTiles, emitReleaseTiles } from './tiles.ts';
import { emitWrite } from './write.ts';

/** What these programs have between scale and softmax. */
export const BF16_SCORES: readonly ScoreOption[] = ['sinks'];

/** Parts of a work tile at the end of a run, as in x64-flash. */
const PARTS = 6;

const VECTORS: AttendPhases = { loadQ: emitLoadQ, scores: emitScores, accumulate: emitAccumulate, write: emitWrite };
const TILES: AttendPhases = {
  loadQ: (shape, labels) => [emitConfigureTiles(shape.private.tileConfig), emitLoadQ(shape, labels)],
  scores: emitTileScores,
  accumulate: emitTileAccumulate,
  write: (shape, labels) => [emitReleaseTiles(), emitWrite(shape, labels)],
};

/** The program for head dimensions and a configuration; sequence lengths, strides and the mask stand in the call block. */
export function emitBf16Flash(
  w: Pick<Workload, 'headDim' | 'headDimV' | 'sinks'>,
  config: TileConfiguration,
): X64Program {
  const shape = shapeOf(w.headDim, valueDim(w), config, { sinks: w.sinks });
  return {
    kind: 'x64',
    set: config.set,
    code: [prologue(shape), emitAttend(shape, shape.tiles ? TILES : VECTORS), emitPack(shape, emitStageVPairs)],
    blockRows: config.blockRows,
    keyMultiple: shape.width,
    // Two bf16 are a float of room.
    packedDims: { k: shape.steps, v: shape.oDims / 2 },
    scratchBytes: shape.private.bytes,
    plainValues: false,
    splitRows: config.rows * Math.ceil(config.blockRows / config.rows / PARTS),
    roundedWeights: 'bf16',
  };
}

/** The algorithm and the layout of memory, which the phases repeat in detail. */
function prologue(shape: Shape): Code {
  const { config, headDim, headDimV, width, qDims, oDims, private: at } = shape;
  const { rows, vectors, blockRows, blockKeys } = config;
  const by = shape.tiles ? 'tiles (AMX)' : 'vectors (AVX512_BF16)';
  const dims = headDim === headDimV ? `${headDim}` : `${headDim}, of v ${headDimV}`;
  const product = shape.tiles
    ? '2 x 2 tiles of 16 x 16 sums, 32 products deep a step'
    : `a register tile of ${rows} rows x ${vectors} vectors`;
  return [
    `Flash attention: o = softmax(scale q k^T) v on bf16 tensors, products by ${by}, sums in f32, head dimension ${dims}, ${blockRows} query rows a work tile.`,
    '',
    `  pack (once for each KV head): stage K in panels of ${width} keys, pairs of dims; stage V in panels of ${width} dims, pairs of keys`,
    '  attend (once for each work tile): load q',
    `    for each block of ${blockKeys} keys, for each group of ${rows} rows:`,
    `      scores        s = q k^T, ${product}`,
    '      mask          s = -2^126 where the row does not see the key',
    "      row maximum   m' = max(m, scale s)",
    "      rescale       r = e^(m - m')",
    "      exponentials  p = e^(scale s - m'), rounded to bf16",
    '      row sum       l = l r + sum of the rounded p',
    '      accumulate    sums = sums r + p v',
    '    write o = sums / l, rounded to bf16',
    '',
    'rbx: the call block, 64-bit numbers at names that the listing says by their offset (kernels/x64/call.ts).',
    `  packedK       [key panel][pair of dims][${width} keys][2]`,
    `  packedV       [key block][dim panel][pair of keys][${width} dims][2]`,
    '  scratch       of a thread, by byte offset:',
    `                ${at.q} q, [${blockRows}][${qDims}][2]; ${at.sums} sums, [${blockRows}][${oDims}]; ${at.scores} scores, [row][${blockKeys}];`,
    `                ${at.rowSums} l, a vector a row; ${at.maxima} m, a lane a row; ${at.rescale} r; ${at.shift} what s is shifted by`,
    '',
  ].map(note);
}
