/** Phase soft-cap: scores become C tanh(s / C) between the first product and the mask. */

import { slot } from './call.ts';
import { constant, emitExp2 } from './exp2.ts';
import { type Shape, type Vectors, vector } from './shape.ts';
import { TANH_TERMS } from './soft-cap-constants.ts';
import { type Labels, loop, phase } from './text/control.ts';
import { at, atIndex, type Code, type Memory, masked, op } from './text/instruction.ts';

/** Of all scores of the row group. */
export function emitSoftCap(shape: Shape, labels: Labels): Code {
  const { rows, vectors } = shape.config;
  return phase(
    'soft-cap: s = C tanh(s / C)',
    op('mov', 'rax', slot('scratch')),
    op('lea', 'r11', at('rax', shape.private.constants)),
    op('lea', 'rdi', at('rax', shape.private.scores)),
    op('lea', 'r9', at('rdi', rows * shape.scoreBytes)),
    op('mov', 'r10', slot('high')),
    op('sub', 'r10', slot('low')),
    op('shl', 'r10', 2),
    loop(labels, 'capped_row', { register: 'rdi', first: 'rdi', end: 'r9', step: shape.scoreBytes }, [
      loop(labels, 'capped', { register: 'rcx', first: 0, end: 'r10', step: shape.width * 4 }, [
        emitCapped(
          shape,
          Array.from({ length: vectors }, (_, v) => atIndex('rdi', 'rcx', 1, v * shape.vectorBytes)),
        ),
      ]),
    ]),
  );
}

/** Vectors of scores in memory become C tanh(s / C); infinity becomes C, NaN stays NaN. r11 points at the constants; four registers a vector are changed. */
export function emitCapped(shape: Vectors, places: readonly Memory[]): Code {
  const of = (name: string) => constant(shape, name);
  const all = places.map((scores, v) => {
    const [s, x, n, f] = [0, 1, 2, 3].map((i) => vector(shape, 4 * v + i)) as [V, V, V, V];
    return { s, x, n, f, scores };
  });
  const each = (emit: (registers: (typeof all)[number]) => Code): Code => all.map(emit);
  return [
    each(({ s, scores }) => [op('vmovups', s, scores), op('vmulps', s, s, of('oneOverSoftcap'))]),
    // e^2|x| as a power of two; the second source is what comes out where one is not a number.
    each(({ s, x }) => [op('vandps', x, s, of('sign')), op('vxorps', x, x, s)]),
    each(({ x, n }) => [op('vmovups', n, of('largest')), op('vminps', x, n, x)]),
    each(({ x }) => op('vmulps', x, x, of('twiceLog2e'))),
    emitExp2(shape, all),
    // tanh |x| = 1 - 2 / (e^2|x| + 1), with the sign of x.
    each(({ x, n }) => [op('vaddps', x, x, of('one')), op('vmovups', n, of('two')), op('vdivps', n, n, x)]),
    each(({ s, x, n }) => [
      op('vmovups', x, of('one')),
      op('vsubps', x, x, n),
      op('vandps', n, s, of('sign')),
      op('vorps', x, x, n),
    ]),
    // x + x^3 P(x^2).
    each(({ s, n, f }) => [
      op('vmulps', n, s, s),
      op('vmovups', f, of('tanh0')),
      Array.from({ length: TANH_TERMS - 1 }, (_, i) => op('vfmadd213ps', f, n, of(`tanh${i + 1}`))),
      op('vmulps', n, n, s),
      op('vfmadd213ps', f, n, s),
    ]),
    each(({ s, x, n, f, scores }) => [
      op('vandps', n, s, of('sign')),
      op('vxorps', n, n, s),
      emitChoice(shape, { size: n, below: f, above: x }),
      op('vmulps', x, x, of('softcap')),
      op('vmovups', scores, x),
    ]),
  ];
}

type V = ReturnType<typeof vector>;
/** Comparisons as vcmpps numbers them: less than; not less than, or not a number. */
const [LESS, NOT_LESS] = [1, 5];

/** above = size < small ? below : above; changes the others. */
function emitChoice(shape: Vectors, { size, below, above }: { size: V; below: V; above: V }): Code {
  const small = constant(shape, 'small');
  return shape.config.set === 'avx512'
    ? [
        op('vcmpps', 'k2', size, small, LESS),
        op('vcmpps', 'k3', size, small, NOT_LESS),
        masked('k2', op('vmovups', below, below)),
        masked('k3', op('vmovups', above, above)),
        op('vorps', above, above, below),
      ]
    : [
        op('vcmpps', size, size, small, LESS),
        op('vandps', below, below, size),
        op('vandnps', above, size, above),
        op('vorps', above, above, below),
      ];
}
