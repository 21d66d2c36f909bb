/** Phase accumulate of few rows: sums = sums r + p v, the rows of V read where they lie. */

import { slot } from './call.ts';
import type { FewRows } from './few-rows-layout.ts';
import { vector } from './shape.ts';
import { load, vectorsOf } from './tail.ts';
import { type Labels, loop, minimum, phase } from './text/control.ts';
import { at, atIndex, type Code, type General, note, op, times } from './text/instruction.ts';

/** Bytes of a cache line. */
const LINE = 64;

/** Rows by vectors of a register tile: as many sums as fit beside the vectors of a key and one weight. */
function tileOf(shape: FewRows): { rows: number; vectors: number } {
  const wide = shape.config.set === 'avx512';
  const [mostRows, registers] = wide ? [8, 31] : [4, 14];
  const rows = Math.ceil(shape.rows / Math.ceil(shape.rows / mostRows));
  const most = Math.floor(registers / (rows + 1));
  const all = shape.oDims / shape.lanes;
  return { rows, vectors: Math.ceil(all / Math.ceil(all / most)) };
}

/** Keys taken at a time where several row tiles read V: their lines stay in the first-level cache for all of them. */
const BLOCK_KEYS = 8;

/**
 * Adds the weights of `count` keys times their rows of V, from vHead on, to the sums in the partial result; meanwhile the
 * rows of V that lie `vAhead` bytes further on are brought into the cache. k1 or the last register holds the lanes of a part of a vector.
 */
export function emitFewAccumulate(shape: FewRows, labels: Labels): Code {
  const tile = tileOf(shape);
  const rowTiles = Math.ceil(shape.rows / tile.rows);
  const parts = vectorsOf(shape, shape.headDimV);
  const passes = Array.from({ length: Math.ceil(parts.length / tile.vectors) }, (_, i) =>
    parts.slice(i * tile.vectors, (i + 1) * tile.vectors),
  );
  const tiles = (begin: 'rescaled' | 'as they are'): Code =>
    passes.map((pass) =>
      times(rowTiles, (t) => {
        const first = t * tile.rows;
        const rows = Math.min(tile.rows, shape.rows - first);
        return emitTile(shape, labels, { pass, first, rows, begin });
      }),
    );
  return phase(
    'accumulate: sums = sums r + p v',
    op('mov', 'rax', slot('partial')),
    op('mov', 'rdi', slot('scratch')),
    op('add', 'rdi', shape.private.scores),
    op('mov', 'r8', slot('vStride')),
    op('mov', 'r14', slot('vAhead')),
    op('mov', 'r9', slot('vHead')),
    op('mov', 'r10', slot('count')),
    rowTiles === 1
      ? tiles('rescaled')
      : [
          emitRescaleSums(shape, parts),
          note(`${BLOCK_KEYS} keys at a time`),
          op('mov', 'r11', 'r10'),
          op('mov', 'r15', BLOCK_KEYS),
          loop(labels, 'block', { register: 'rbp', first: 0, end: 'r11', step: BLOCK_KEYS }, [
            op('mov', 'r10', 'r11'),
            op('sub', 'r10', 'rbp'),
            minimum('r10', 'r15'),
            tiles('as they are'),
            op('lea', 'r9', atIndex('r9', 'r8', BLOCK_KEYS)),
            op('add', 'rdi', BLOCK_KEYS * shape.rowLanes * 4),
          ]),
        ],
  );
}

/** sums = sums r. */
function emitRescaleSums(shape: FewRows, parts: readonly Part[]): Code {
  const [factor, sum] = [vector(shape, 0), vector(shape, 1)];
  return times(shape.rows, (row) => [
    op('vbroadcastss', factor, at('rax', shape.partial.rescale + row * 4)),
    parts.map(({ offset }) => {
      const place = at('rax', row * shape.oDims * 4 + offset);
      return [op('vmulps', sum, factor, place), op('vmovups', place, sum)];
    }),
  ]);
}

/** Some vectors of a row of V. */
type Part = ReturnType<typeof vectorsOf>[number];

/** Rows `first` on and the vectors of a pass: r10 keys, their rows of V from r9 on, their weights from rdi on. */
function emitTile(
  shape: FewRows,
  labels: Labels,
  {
    pass,
    first,
    rows,
    begin,
  }: { pass: readonly Part[]; first: number; rows: number; begin: 'rescaled' | 'as they are' },
): Code {
  const sum = (row: number, v: number) => vector(shape, row * pass.length + v);
  const value = (v: number) => vector(shape, rows * pass.length + v);
  const weight = vector(shape, (rows + 1) * pass.length);
  const place = (row: number, v: number) => at('rax', (first + row) * shape.oDims * 4 + (pass[v]?.offset ?? 0));
  const aKey = (row: General, ahead: General, i: number): Code => [
    pass.map((part, v) => load(shape, value(v), row, part)),
    // Once for each line: other row tiles find it there.
    first > 0 ? [] : pass.map(({ offset }) => (offset % LINE === 0 ? op('prefetcht1', at(ahead, offset)) : [])),
    times(rows, (r) => [
      op('vbroadcastss', weight, at('rsi', (i * shape.rowLanes + first + r) * 4)),
      pass.map((_, v) => op('vfmadd231ps', sum(r, v), value(v), weight)),
    ]),
  ];
  return [
    times(rows, (row) =>
      begin === 'rescaled'
        ? [
            op('vbroadcastss', weight, at('rax', shape.partial.rescale + (first + row) * 4)),
            pass.map((_, v) => op('vmulps', sum(row, v), weight, place(row, v))),
          ]
        : pass.map((_, v) => op('vmovups', sum(row, v), place(row, v))),
    ),
    op('mov', 'rsi', 'rdi'),
    op('mov', 'rdx', 'r9'),
    op('lea', 'r12', atIndex('rdx', 'r14')),
    op('lea', 'r13', at('r10', -1)),
    loop(labels, 'two_keys', { register: 'rcx', first: 0, end: 'r13', step: 2 }, [
      aKey('rdx', 'r12', 0),
      op('add', 'rdx', 'r8'),
      op('add', 'r12', 'r8'),
      aKey('rdx', 'r12', 1),
      op('add', 'rdx', 'r8'),
      op('add', 'r12', 'r8'),
      op('add', 'rsi', 2 * shape.rowLanes * 4),
    ]),
    loop(labels, 'last_key', { register: 'rcx', first: 'rcx', end: 'r10', step: 1 }, aKey('rdx', 'r12', 0)),
    times(rows, (row) => pass.map((_, v) => op('vmovups', place(row, v), sum(row, v)))),
  ];
}
