/** Phase scores of one row: dot products with rows of K, head dimensions in the lanes of vectors, each row read where it lies. */

import { slot } from './call.ts';
import type { FewRows } from './few-rows-layout.ts';
import { emitKeyAddresses, key } from './few-rows-scores.ts';
import { emitFold } from './fold.ts';
import { clear, vector } from './shape.ts';
import { loadFrom, preparePart, vectorsOf } from './tail.ts';
import { type Labels, loop, phase } from './text/control.ts';
import { at, type Code, type Memory, note, op, times, type Vector } from './text/instruction.ts';

/** Keys taken at a time. */
const KEYS = 8;
/** Bytes of a cache line. */
const LINE = 64;

/** With more rows an element of K is worth a broadcast, and no sum has to be folded over lanes. */
export const takesDots = ({ rows }: FewRows): boolean => rows === 1;

/** Scores of `count` keys from kHead on, to lane 0 of each key's; the rows of K that lie `kAhead` bytes further on are fetched. */
export function emitFewDots(shape: FewRows, labels: Labels): Code {
  const parts = vectorsOf(shape, shape.headDim);
  const [q, other] = [vector(shape, KEYS), vector(shape, KEYS + 1)];
  /** sums += q times rows of K, and the rows ahead fetched. */
  const products = (keys: number): Code => [
    times(keys, (i) => clear(shape, vector(shape, i))),
    parts.map(({ offset, part }) => [
      op('vmovups', q, at('rdx', offset)),
      times(keys, (i) => multiplyAdd(shape, vector(shape, i), q, other, key('rsi', i, offset), part)),
      keys > 1 && offset % LINE === 0 ? times(keys, (i) => op('prefetcht1', key('r12', i, offset))) : [],
    ]),
  ];
  return phase(
    's = q k^T, head dimensions in lanes',
    preparePart(shape, shape.headDim),
    emitKeyAddresses(shape),
    op('mov', 'rdx', slot('qHead')),
    op('mov', 'r15', slot('count')),
    op('sub', 'r15', KEYS - 1),
    loop(labels, 'keys', { register: 'rcx', first: 0, end: 'r15', step: KEYS }, [
      op('lea', 'r12', { base: 'rsi', index: 'r14', scale: 1, offset: 0 }),
      products(KEYS),
      [0, 4].map((first) => emitFourSums(shape, first, other)),
      op('add', 'rdi', KEYS * shape.rowLanes * 4),
      op('lea', 'rsi', { base: 'rsi', index: 'r8', scale: KEYS, offset: 0 }),
    ]),
    op('mov', 'r15', slot('count')),
    note('the keys that are left, one by one'),
    loop(labels, 'key_alone', { register: 'rcx', first: 'rcx', end: 'r15', step: 1 }, [
      products(1),
      emitFold(shape, 'vaddps', vector(shape, 0), other),
      op('vmovss', at('rdi'), 'xmm0'),
      op('add', 'rdi', shape.rowLanes * 4),
      op('add', 'rsi', 'r8'),
    ]),
    preparePart(shape, shape.headDimV),
  );
}

function multiplyAdd(shape: FewRows, sum: Vector, q: Vector, other: Vector, row: Memory, part: boolean): Code {
  if (!part) return op('vfmadd231ps', sum, q, row);
  return [loadFrom(shape, other, row, part), op('vfmadd231ps', sum, q, other)];
}

/** The lanes of four sums added up, a key a lane, then each to its place. */
function emitFourSums(shape: FewRows, first: number, other: Vector): Code {
  const sum = (i: number) => vector(shape, first + i);
  const numberOf = (register: Vector) => Number(register.slice(3));
  const xmm = (register: Vector): Vector => `xmm${numberOf(register)}`;
  const ymm = (register: Vector): Vector => `ymm${numberOf(register)}`;
  /** Of each two neighbours of a and of b the sum: those of a come first in each 128 bits. */
  const pair = (a: Vector, b: Vector): Code => [
    op('vshufps', other, a, b, 0b10_00_10_00),
    op('vshufps', a, a, b, 0b11_01_11_01),
    op('vaddps', a, a, other),
  ];
  const all = sum(0);
  return [
    pair(sum(0), sum(1)),
    pair(sum(2), sum(3)),
    pair(sum(0), sum(2)),
    shape.config.set === 'avx512'
      ? [op('vextractf64x4', ymm(other), all, 1), op('vaddps', ymm(all), ymm(all), ymm(other))]
      : [],
    op('vextractf128', xmm(other), ymm(all), 1),
    op('vaddps', xmm(all), xmm(all), xmm(other)),
    times(4, (i) => {
      const place = at('rdi', (first + i) * shape.rowLanes * 4);
      if (i === 0) return op('vmovss', place, xmm(all));
      return [op('vpermilps', xmm(other), xmm(all), i), op('vmovss', place, xmm(other))];
    }),
  ];
}
