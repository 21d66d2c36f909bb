/** The two products on tiles: scores of a row group panel by panel, and its weights times the values. */

import { slot } from './call.ts';
import { type Shape, vector } from './shape.ts';
import { type Labels, loop, phase } from './text/control.ts';
import { at, atIndex, type Code, note, op, times } from './text/instruction.ts';
import { eachSum, emitTileStep, TILE_BYTES, TILE_PAIRS, TILE_ROWS } from './tiles.ts';

/** Scores of keys low .. high to private memory, [row][key - low], not scaled. */
export function emitTileScores(shape: Shape, labels: Labels): Code {
  const qBytes = shape.qDims * 4;
  const panelBytes = shape.width * 4;
  const left = { base: 'r8', stride: 'rsi', next: TILE_ROWS * qBytes } as const;
  const right = { base: 'rdx', stride: 'rcx', next: TILE_BYTES } as const;
  return phase(
    'scores: s = q k^T',
    op('mov', 'rax', slot('scratch')),
    op('mov', 'r8', slot('row')),
    op('imul', 'r8', 'r8', qBytes),
    op('add', 'r8', 'rax'),
    shape.private.q === 0 ? [] : op('add', 'r8', shape.private.q),
    op('lea', 'rdi', at('rax', shape.private.scores)),
    note('bytes from row to row of q, of a panel of K, of scores'),
    op('mov', 'rsi', qBytes),
    op('mov', 'rcx', panelBytes),
    op('mov', 'r11', shape.scoreBytes),
    op('mov', 'r10', slot('high')),
    op('mov', 'r9', slot('low')),
    loop(labels, 'key_panel', { register: 'r9', first: 'r9', end: 'r10', step: shape.width }, [
      op('imul', 'rdx', 'r9', shape.steps * 4),
      op('add', 'rdx', slot('packedK')),
      eachSum(0, (tile) => op('tilezero', tile)),
      times(shape.steps / TILE_PAIRS, (i) =>
        emitTileStep({ ...left, offset: i * TILE_BYTES }, { ...right, offset: i * TILE_PAIRS * panelBytes }),
      ),
      eachSum(shape.scoreBytes, (tile, offset) => op('tilestored', atIndex('rdi', 'r11', 1, offset), tile)),
      op('add', 'rdi', panelBytes),
    ]),
  );
}

/** sums = sums r + p v of a row group and the keys that it may see of a block, panel of dims by panel. */
export function emitTileAccumulate(shape: Shape, labels: Labels): Code {
  const { width } = shape;
  const rowBytes = shape.oDims * 4;
  const panelBytes = width * 4;
  const left = { base: 'rsi', stride: 'r11', offset: 0, next: TILE_ROWS * shape.scoreBytes } as const;
  const right = { base: 'rdx', stride: 'rax', offset: 0, next: TILE_BYTES } as const;
  return phase(
    'accumulate: sums = sums r + p v',
    op('mov', 'rax', slot('scratch')),
    op('mov', 'rdi', slot('row')),
    op('imul', 'rdi', 'rdi', rowBytes),
    op('add', 'rdi', 'rax'),
    op('add', 'rdi', shape.private.sums),
    op('lea', 'r8', at('rax', shape.private.scores)),
    emitRescaleSums(shape, labels),
    op('mov', 'r10', slot('high')),
    op('sub', 'r10', slot('low')),
    // Packed V: block, panel of dims, pair of keys of the block.
    op('mov', 'r9', slot('key')),
    op('imul', 'r9', 'r9', shape.oDims * 2),
    op('add', 'r9', slot('packedV')),
    op('mov', 'rax', slot('low')),
    op('sub', 'rax', slot('key')),
    op('imul', 'rax', 'rax', width * 2),
    op('add', 'r9', 'rax'),
    op('mov', 'r12', slot('blockLength')),
    op('imul', 'r12', 'r12', width * 2),
    op('mov', 'r13', shape.oDims / width),
    note('bytes from row to row of weights, of V, of sums'),
    op('mov', 'r11', shape.scoreBytes),
    op('mov', 'rax', panelBytes),
    op('mov', 'rbp', rowBytes),
    loop(labels, 'dim_panel', { register: 'r14', first: 0, end: 'r13', step: 1 }, [
      eachSum(rowBytes, (tile, offset) => op('tileloadd', tile, atIndex('rdi', 'rbp', 1, offset))),
      op('mov', 'rsi', 'r8'),
      op('mov', 'rdx', 'r9'),
      loop(labels, 'key_step', { register: 'rcx', first: 0, end: 'r10', step: 2 * TILE_PAIRS }, [
        emitTileStep(left, right),
        op('add', 'rsi', TILE_BYTES),
        op('add', 'rdx', TILE_PAIRS * panelBytes),
      ]),
      eachSum(rowBytes, (tile, offset) => op('tilestored', atIndex('rdi', 'rbp', 1, offset), tile)),
      op('add', 'rdi', panelBytes),
      op('add', 'r9', 'r12'),
    ]),
  );
}

/** sums = sums r, a row at a time, before tiles are loaded from them. rdi: the sums of the group. */
function emitRescaleSums(shape: Shape, labels: Labels): Code {
  const { rows } = shape.config;
  const [factor, value] = [vector(shape, 0), vector(shape, 1)];
  return [
    op('mov', 'rsi', 'rdi'),
    op('lea', 'rdx', at('rax', shape.private.rescale)),
    op('lea', 'r9', at('rdx', rows * 4)),
    loop(labels, 'rescaled_row', { register: 'rdx', first: 'rdx', end: 'r9', step: 4 }, [
      op('vbroadcastss', factor, at('rdx')),
      times(shape.oDims / shape.lanes, (i) => [
        op('vmulps', value, factor, at('rsi', i * shape.vectorBytes)),
        op('vmovups', at('rsi', i * shape.vectorBytes), value),
      ]),
      op('add', 'rsi', shape.oDims * 4),
    ]),
  ];
}
