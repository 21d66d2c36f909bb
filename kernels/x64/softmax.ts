/** The online softmax of a row group over the scores of one key block: row maximum, rescale, exponentials and row sum. */

import { slot } from './call.ts';
import { constant, type Exponent, emitExp2, heldConstants, loadHeld } from './exp2.ts';
import { emitFold } from './fold.ts';
import { clear, type Shape, vector } from './shape.ts';
import { type Labels, loop, phase } from './text/control.ts';
import { at, atIndex, type Code, type Memory, op, times, type Vector } from './text/instruction.ts';

/**
 * m' = max(m, s); r = e^(m - m'); p = e^(s - m') in place of s; l = l r + sum of p. Powers are of two, x log2(e) with one
 * rounding: s log2(e) - M, M being m' log2(e) rounded, the same for every key of the row.
 */
export function emitSoftmax(shape: Shape, labels: Labels): Code {
  return [
    op('mov', 'rax', slot('scratch')),
    op('lea', 'r11', at('rax', shape.private.constants)),
    op('mov', 'r10', slot('high')),
    op('sub', 'r10', slot('low')),
    op('shl', 'r10', 2),
    emitRowMaximum(shape, labels),
    phase("rescale: r = e^(m - m')", op('mov', 'rdx', slot('maxima'))),
    times(shape.rowVectors, (part) => emitRescale(shape, part * shape.vectorBytes)),
    emitWeights(shape, labels),
  ];
}

/** The largest score of each row of the block, a lane a row, to the block maxima. r10: bytes of a row's scores. */
function emitRowMaximum(shape: Shape, labels: Labels): Code {
  const { rows, vectors } = shape.config;
  const largest = (v: number) => vector(shape, v);
  return phase(
    "row maximum: m' = max(m, s)",
    op('lea', 'rdi', at('rax', shape.private.scores)),
    op('lea', 'rsi', at('rax', shape.private.blockMaxima)),
    op('lea', 'r9', at('rsi', rows * 4)),
    loop(labels, 'maximum_row', { register: 'rsi', first: 'rsi', end: 'r9', step: 4 }, [
      times(vectors, (v) => op('vmovups', largest(v), constant(shape, 'lowest'))),
      overRow(shape, labels, 'maximum', (v, scores) => op('vmaxps', largest(v), largest(v), scores)),
      times(vectors - 1, (v) => op('vmaxps', largest(0), largest(0), largest(v + 1))),
      emitFold(shape, 'vmaxps', largest(0), largest(1)),
      op('vmovss', at('rsi'), `xmm${largest(0).slice(3)}` as Vector),
      op('add', 'rdi', shape.scoreBytes),
    ]),
  );
}

/** A panel's width of scores of the row at rdi at a time; rcx counts bytes. */
function overRow(
  shape: Shape,
  labels: Labels,
  purpose: string,
  each: (v: number, scores: ReturnType<typeof atIndex>) => Code,
): Code {
  return loop(labels, purpose, { register: 'rcx', first: 0, end: 'r10', step: shape.width * 4 }, [
    times(shape.config.vectors, (v) => each(v, atIndex('rdi', 'rcx', 1, v * shape.vectorBytes))),
  ]);
}

/** m, the shift and the rescale factor of all rows of the group, a lane a row, a vector of rows at `offset` bytes at once. */
function emitRescale(shape: Shape, offset: number): Code {
  const register = (i: number) => vector(shape, i);
  const [before, after, scaled] = [register(0), register(1), register(2)];
  const exponent = { x: before, n: register(3), f: register(4) };
  const largest = at('rax', shape.private.blockMaxima + offset);
  return [
    op('vmovups', before, at('rdx', offset)),
    // Scores of bf16 products are not scaled yet, but have its sign.
    shape.bf16 ? [op('vmovups', scaled, constant(shape, 'scale')), op('vmulps', scaled, scaled, largest)] : [],
    op('vmaxps', after, before, shape.bf16 ? scaled : largest),
    op('vmovups', at('rdx', offset), after),
    op('vmulps', before, before, constant(shape, 'log2e')),
    op('vmulps', scaled, after, constant(shape, 'log2e')),
    op('vsubps', before, before, scaled),
    clear(shape, after),
    op('vsubps', scaled, after, scaled),
    op('vmovups', at('rax', shape.private.shift + offset), scaled),
    emitExp2(shape, [exponent]),
    op('vmovups', at('rax', shape.private.rescale + offset), before),
  ];
}

/** Stores weights in bf16, and leaves what was stored in `x`, so that l is the sum of what is multiplied. `n` is changed. */
function rounded({ x, n }: Exponent, to: Memory): Code {
  const half = `ymm${n.slice(3)}` as Vector;
  return [op('vcvtneps2bf16', half, x), op('vmovups', to, half), op('vpmovzxwd', x, half), op('vpslld', x, x, 16)];
}

/** Weights in place of scores, and l with them added. */
function emitWeights(shape: Shape, labels: Labels): Code {
  const { rows, vectors } = shape.config;
  const shift = vector(shape, 0);
  const total = (v: number) => vector(shape, 1 + v);
  const exponent = (v: number) => {
    const first = 1 + vectors + 3 * v;
    return { x: vector(shape, first), n: vector(shape, first + 1), f: vector(shape, first + 2) };
  };
  const log2e = vector(shape, 1 + 4 * vectors);
  const all = Array.from({ length: vectors }, (_, v) => exponent(v));
  const held = heldConstants(shape, 2 + 4 * vectors);
  const scores = (v: number) => atIndex('rdi', 'rcx', 1, v * shape.vectorBytes);
  return phase(
    "exponentials: p = e^(s - m'), row sum: l = l r + sum of p",
    shape.bf16
      ? [op('vmovups', log2e, constant(shape, 'scale')), op('vmulps', log2e, log2e, constant(shape, 'log2e'))]
      : op('vmovups', log2e, constant(shape, 'log2e')),
    loadHeld(shape, held),
    op('lea', 'rdi', at('rax', shape.private.scores)),
    op('mov', 'rdx', slot('row')),
    op('imul', 'rdx', 'rdx', shape.vectorBytes),
    op('add', 'rdx', 'rax'),
    op('add', 'rdx', shape.private.rowSums),
    op('lea', 'rsi', at('rax', shape.private.shift)),
    op('lea', 'r9', at('rsi', rows * 4)),
    loop(labels, 'weight_row', { register: 'rsi', first: 'rsi', end: 'r9', step: 4 }, [
      op('vbroadcastss', total(0), at('rsi', shape.private.rescale - shape.private.shift)),
      op('vmulps', total(0), total(0), at('rdx')),
      times(vectors - 1, (v) => op('vxorps', total(v + 1), total(v + 1), total(v + 1))),
      op('vbroadcastss', shift, at('rsi')),
      shape.bf16 ? op('mov', 'r8', 'rdi') : [],
      loop(labels, 'weights', { register: 'rcx', first: 0, end: 'r10', step: shape.width * 4 }, [
        all.map(({ x }, v) => op('vmovups', x, scores(v))),
        all.map(({ x }) => op('vfmadd213ps', x, log2e, shift)),
        emitExp2(shape, all, held),
        shape.bf16
          ? [all.map((exponent, v) => rounded(exponent, at('r8', v * 32))), op('add', 'r8', vectors * 32)]
          : all.map(({ x }, v) => op('vmovups', scores(v), x)),
        all.map(({ x }, v) => op('vaddps', total(v), total(v), x)),
      ]),
      times(vectors - 1, (v) => op('vaddps', total(0), total(0), total(v + 1))),
      op('vmovups', at('rdx'), total(0)),
      op('add', 'rdx', shape.vectorBytes),
      op('add', 'rdi', shape.scoreBytes),
    ]),
  );
}
