/** The online softmax of few rows, a lane each: maxima, rescale factors, weights and row sums; and the mask before it. */

import { slot } from './call.ts';
import { constant, emitExp2 } from './exp2.ts';
import { MASKED } from './exp2-constants.ts';
import { type FewRows, rowRegister, rowRegisterBytes } from './few-rows-layout.ts';
import { clear, vector } from './shape.ts';
import { emitCapped } from './soft-cap.ts';
import { floatBits, type Labels, loop, maximum, minimum, phase, zero } from './text/control.ts';
import { at, atIndex, type Code, note, op, times, type Vector } from './text/instruction.ts';
import { highKey, lowKey } from './visible-keys.ts';

/** Vectors of maxima, and of exponentials, that are worked at side by side, if there are as many. */
const ABREAST = 4;

/** Folds what stands in a vector several times, once for each of some keys, so that all of them become the same. */
export function emitFoldKeys(shape: FewRows, operation: 'vaddps' | 'vmaxps', register: Vector, other: Vector): Code {
  const { rowLanes, lanes, config } = shape;
  const fold = op(operation, register, register, other);
  if (config.set === 'avx2') {
    return rowLanes < lanes ? [op('vperm2f128', other, register, register, 0x01), fold] : [];
  }
  return [
    rowLanes <= 8 ? [op('vshuff64x2', other, register, register, 0b01_00_11_10), fold] : [],
    rowLanes <= 4 ? [op('vshuff64x2', other, register, register, 0b10_11_00_01), fold] : [],
  ];
}

/**
 * m' = max(m, s); r = e^(m - m'); p = e^(s - m') in place of s; l = l r + sum of p, of the scores of a whole step. The
 * statistics are in the partial result of the head.
 */
export function emitFewSoftmax(shape: FewRows, labels: Labels): Code {
  const { lanes, rowLanes, rowVectors, vectorBytes, partial } = shape;
  const scoreVectors = (shape.stepKeys * rowLanes) / lanes;
  const register = (i: number) => vector(shape, i);
  const statistic = (place: number, v: number) => at('rsi', place + v * vectorBytes);
  const maxima = Math.min(ABREAST, scoreVectors);
  const abreast = shape.config.set === 'avx512' ? maxima : 2;
  const [shift, total] = [(v: number) => register(v), (v: number) => register(rowVectors + v)];
  const log2e = register(2 * rowVectors);
  const exponents = Array.from({ length: abreast }, (_, i) => {
    const first = 2 * rowVectors + 1 + 3 * i;
    return { x: register(first), n: register(first + 1), f: register(first + 2) };
  });
  const [x, n, f, after] = [0, 1, 2, 3].map((i) => register(2 * rowVectors + 1 + i)) as [
    Vector,
    Vector,
    Vector,
    Vector,
  ];
  return [
    op('mov', 'rdi', slot('scratch')),
    op('lea', 'r11', at('rdi', shape.private.constants)),
    op('add', 'rdi', shape.private.scores),
    op('mov', 'rsi', slot('partial')),
    op('vmovups', log2e, constant(shape, 'log2e')),
    phase(
      "row maximum: m' = max(m, s)",
      times(maxima, (i) => op('vmovups', register(8 + i), at('rdi', i * vectorBytes))),
      times(scoreVectors - maxima, (i) => {
        const largest = register(8 + (i % maxima));
        return op('vmaxps', largest, largest, at('rdi', (maxima + i) * vectorBytes));
      }),
      times(maxima - rowVectors, (i) => {
        const largest = register(8 + (i % rowVectors));
        return op('vmaxps', largest, largest, register(8 + rowVectors + i));
      }),
      times(rowVectors, (v) => emitFoldKeys(shape, 'vmaxps', register(8 + v), x)),
    ),
    phase(
      "rescale: r = e^(m - m')",
      times(rowVectors, (v) => [
        op('vmovups', x, statistic(partial.maximum, v)),
        op('vmaxps', register(8 + v), x, register(8 + v)),
        op('vmovups', statistic(partial.maximum, v), register(8 + v)),
        op('vmulps', x, x, log2e),
        op('vmulps', after, register(8 + v), log2e),
        op('vsubps', x, x, after),
        clear(shape, shift(v)),
        op('vsubps', shift(v), shift(v), after),
        emitExp2(shape, [{ x, n, f }]),
        op('vmovups', statistic(partial.rescale, v), x),
        op('vmulps', total(v), x, statistic(partial.rowSums, v)),
      ]),
    ),
    phase(
      "exponentials: p = e^(s - m'), row sum: l = l r + sum of p",
      loop(
        labels,
        'weights',
        { register: 'rcx', first: 0, end: scoreVectors * vectorBytes, step: abreast * vectorBytes },
        [
          exponents.map((e, i) => op('vmovups', e.x, atIndex('rdi', 'rcx', 1, i * vectorBytes))),
          exponents.map((e, i) => op('vfmadd213ps', e.x, log2e, shift(i % rowVectors))),
          emitExp2(shape, exponents),
          exponents.map((e, i) => op('vmovups', atIndex('rdi', 'rcx', 1, i * vectorBytes), e.x)),
          exponents.map((e, i) => op('vaddps', total(i % rowVectors), total(i % rowVectors), e.x)),
        ],
      ),
      times(rowVectors, (v) => op('vmovups', statistic(partial.rowSums, v), total(v))),
    ),
  ];
}

/** Phase soft-cap of the scores of a step. */
export function emitFewSoftCap(shape: FewRows, labels: Labels): Code {
  const { rowLanes, vectorBytes } = shape;
  return phase(
    'soft-cap: s = C tanh(s / C)',
    op('mov', 'rdi', slot('scratch')),
    op('lea', 'r11', at('rdi', shape.private.constants)),
    op('add', 'rdi', shape.private.scores),
    loop(labels, 'capped', { register: 'rcx', first: 0, end: shape.stepKeys * rowLanes * 4, step: 2 * vectorBytes }, [
      emitCapped(shape, [atIndex('rdi', 'rcx'), atIndex('rdi', 'rcx', 1, vectorBytes)]),
    ]),
  );
}

/** Scores of keys that are not there, or that their row does not see, become so low that they weigh exactly nothing. */
export function emitFewMask(shape: FewRows, labels: Labels): Code {
  const { rowLanes, tokens, group } = shape;
  const bytes = rowRegisterBytes(shape);
  const whole = labels('whole_step');
  const masked = rowRegister(shape, 0);
  return phase(
    'mask: s = -2^126 for keys past the last of the part, and where a row does not see a key',
    op('mov', 'rdi', slot('scratch')),
    op('add', 'rdi', shape.private.scores),
    op('mov', 'ecx', floatBits(MASKED)),
    op('mov', 'r10', slot('count')),
    op('cmp', 'r10', shape.stepKeys),
    { jump: 'jge', to: whole },
    op('vmovd', `xmm0`, 'ecx'),
    op('vbroadcastss', masked, 'xmm0'),
    op('mov', 'r8', 'r10'),
    op('imul', 'r8', 'r8', rowLanes * 4),
    loop(labels, 'no_key', { register: 'r8', first: 'r8', end: shape.stepKeys * rowLanes * 4, step: bytes }, [
      op('vmovups', atIndex('rdi', 'r8'), masked),
    ]),
    { label: whole },
    tokens === 1 ? [] : maskRows(shape, labels, group),
  );
}

/** Of each token's rows, those of its query heads, the scores before and after what it sees. rdi: scores; r10: keys. */
function maskRows(shape: FewRows, labels: Labels, group: number): Code {
  const { rowLanes, tokens } = shape;
  const seen = labels('all_seen');
  const store = times(group, (member) => op('mov', at('rsi', member * tokens * 4), 'ecx'));
  const inStep: Code = [op('imul', 'rsi', 'rsi', rowLanes * 4), op('add', 'rsi', 'rdi')];
  const run = (purpose: string, first: 'r9' | 'rax', end: 'r11' | 'r10') =>
    loop(labels, purpose, { register: first, first, end, step: 1 }, [
      op('mov', 'rsi', first),
      inStep,
      op('lea', 'rsi', atIndex('rsi', 'r8', 4)),
      store,
    ]);
  return [
    note('nothing where the last token sees the first key and the first token the last one'),
    op('mov', 'rax', tokens - 1),
    lowKey('rax'),
    op('cmp', 'rax', slot('key')),
    { jump: 'jg', to: `${seen}_not` },
    zero('rax'),
    highKey('rax'),
    op('sub', 'rax', slot('key')),
    op('cmp', 'rax', 'r10'),
    { jump: 'jge', to: seen },
    { label: `${seen}_not` },
    loop(labels, 'masked_token', { register: 'r8', first: 0, end: tokens, step: 1 }, [
      op('mov', 'r11', 'r8'),
      lowKey('r11'),
      withinStep('r11'),
      op('mov', 'rax', 'r8'),
      highKey('rax'),
      withinStep('rax'),
      maximum('rax', 'r11'),
      zero('r9'),
      run('before', 'r9', 'r11'),
      run('after', 'rax', 'r10'),
    ]),
    { label: seen },
  ];
}

/** A key to how many keys of the step come before it; changes rdx. */
const withinStep = (key: 'r11' | 'rax'): Code => [
  op('sub', key, slot('key')),
  zero('rdx'),
  maximum(key, 'rdx'),
  minimum(key, 'r10'),
];
