/** `merge`: the partial results (m, l, sums) of the parts of the keys of a KV head to its rows of the output. */

import { slot } from './call.ts';
import { constant, emitExp2 } from './exp2.ts';
import { emitConstants } from './few-rows-attend.ts';
import type { FewRows } from './few-rows-layout.ts';
import { emitFoldKeys } from './few-rows-softmax.ts';
import { clear, vector } from './shape.ts';
import { preparePart, store, vectorsOf } from './tail.ts';
import { createLabels, floatBits, func, type Labels, loop, phase } from './text/control.ts';
import { at, atIndex, type Code, op, times, type Vector } from './text/instruction.ts';

/** Vectors of output summed at a time. */
const ABREAST = 8;

/**
 * M = max of m; the factor of a part is e^(m - M); o = sum of factor * sums / sum of factor * l. A row that saw no key
 * in any part has l = 0 and gives zeros; in a part of which it saw none, m is below all scores and its factor 0. A sink
 * is like one more part, of m = sink, l = 1 and no sums.
 */
export function emitMerge(shape: FewRows, sinks: boolean): Code {
  const labels = createLabels('merge');
  const { rowVectors, vectorBytes, partial, rowLanes, lanes, rows, tokens } = shape;
  const register = (i: number) => vector(shape, i);
  const [x, n, f, log2e] = [0, 1, 2, 3].map(register) as [Vector, Vector, Vector, Vector];
  const [top, total, sink] = [0, 1, 2].map((i) => (v: number) => register(4 + i * rowVectors + v)) as [
    (v: number) => Vector,
    (v: number) => Vector,
    (v: number) => Vector,
  ];
  const eachPart = (purpose: string, body: Code): Code => [
    op('mov', 'rsi', slot('partials')),
    loop(labels, purpose, { register: 'rcx', first: 0, end: 'r15', step: 1 }, [
      body,
      op('add', 'rsi', slot('partStride')),
    ]),
  ];
  const each = (emit: (v: number) => Code) => times(rowVectors, emit);
  const factor = (of: Vector, v: number): Code => [
    op('vmulps', x, of, log2e),
    op('vmulps', n, top(v), log2e),
    op('vsubps', x, x, n),
    emitExp2(shape, [{ x, n, f }]),
  ];
  return func(
    'merge',
    [
      'merge: the partial results of `parts` parts from `partials` on, partStride bytes apart, to the rows of a KV head at o.',
    ],
    [
      emitConstants(shape),
      op('mov', 'rdi', slot('scratch')),
      op('lea', 'r11', at('rdi', shape.private.constants)),
      op('add', 'rdi', shape.private.rowSums),
      op('mov', 'r15', slot('parts')),
      op('vmovups', log2e, constant(shape, 'log2e')),
      phase(
        'the factors of the rows, a lane each: the largest m, then e^(m - largest)',
        each((v) => op('vmovups', top(v), constant(shape, 'lowest'))),
        sinks
          ? [
              op('mov', 'rdx', slot('sink')),
              // Rows that stand in a vector several times have their sink as often.
              times((rowVectors * vectorBytes) / 4, (lane) => {
                const row = lane % rowLanes;
                return [
                  op('mov', 'eax', row < rows ? at('rdx', Math.floor(row / tokens) * 4) : 0),
                  op('mov', at('rdi', lane * 4), 'eax'),
                ];
              }),
              each((v) => [op('vmovups', sink(v), at('rdi', v * vectorBytes)), op('vmaxps', top(v), top(v), sink(v))]),
            ]
          : [],
        eachPart(
          'maxima',
          each((v) => op('vmaxps', top(v), top(v), at('rsi', partial.maximum + v * vectorBytes))),
        ),
        each((v) => clear(shape, total(v))),
        eachPart(
          'factors',
          each((v) => [
            op('vmovups', x, at('rsi', partial.maximum + v * vectorBytes)),
            factor(x, v),
            op('vmovups', at('rsi', partial.rescale + v * vectorBytes), x),
            op('vmulps', x, x, at('rsi', partial.rowSums + v * vectorBytes)),
            op('vaddps', total(v), total(v), x),
          ]),
        ),
        each((v) => [
          rowLanes < lanes ? emitFoldKeys(shape, 'vaddps', total(v), x) : [],
          sinks ? [factor(sink(v), v), op('vaddps', total(v), total(v), x)] : [],
          op('vmovups', at('rdi', v * vectorBytes), total(v)),
        ]),
      ),
      emitRows(shape, labels),
    ],
  );
}

/** Each row: its sums of all parts, times 1 / l. rdi: l of the rows; r15: parts. */
function emitRows(shape: FewRows, labels: Labels): Code {
  const { headDimV, group, tokens, oDims, partial } = shape;
  const parts = vectorsOf(shape, headDimV);
  const runs = Array.from({ length: Math.ceil(parts.length / ABREAST) }, (_, i) =>
    parts.slice(i * ABREAST, (i + 1) * ABREAST),
  );
  const sum = (i: number) => vector(shape, i);
  const inverse = vector(shape, ABREAST);
  const scale = vector(shape, ABREAST + 1);
  const xmm = (register: Vector) => `xmm${register.slice(3)}` as Vector;
  const seen = labels('row_saw_keys');
  return phase(
    'each row: its sums of all parts, times 1 / l',
    preparePart(shape, headDimV),
    // r8: the output of a query head; r9: of a row; r10, r12: four bytes and sums' bytes for each row before.
    op('mov', 'r8', slot('o')),
    op('mov', 'r10', 0),
    op('mov', 'r12', 0),
    loop(labels, 'member', { register: 'r13', first: 0, end: group, step: 1 }, [
      op('mov', 'r9', 'r8'),
      loop(labels, 'token', { register: 'r14', first: 0, end: tokens, step: 1 }, [
        op('vmovss', xmm(scale), atIndex('rdi', 'r10')),
        op('mov', 'eax', floatBits(1)),
        op('vmovd', xmm(inverse), 'eax'),
        op('vdivss', xmm(inverse), xmm(inverse), xmm(scale)),
        op('vxorps', xmm(sum(0)), xmm(sum(0)), xmm(sum(0))),
        op('vucomiss', xmm(scale), xmm(sum(0))),
        // Not a number compares as equal, and is no row without keys.
        { jump: 'jp', to: seen },
        { jump: 'jne', to: seen },
        op('vxorps', xmm(inverse), xmm(inverse), xmm(inverse)),
        { label: seen },
        op('vbroadcastss', inverse, xmm(inverse)),
        runs.map((run) => [
          run.map((_, i) => clear(shape, sum(i))),
          op('mov', 'rsi', slot('partials')),
          loop(labels, 'part', { register: 'rcx', first: 0, end: 'r15', step: 1 }, [
            op('lea', 'rdx', atIndex('rsi', 'r10')),
            op('vbroadcastss', scale, at('rdx', partial.rescale)),
            run.map(({ offset }, i) => op('vfmadd231ps', sum(i), scale, atIndex('rsi', 'r12', 1, offset))),
            op('add', 'rsi', slot('partStride')),
          ]),
          run.map((part, i) => [op('vmulps', sum(i), sum(i), inverse), store(shape, 'r9', part, sum(i))]),
        ]),
        op('add', 'r9', slot('oStride')),
        op('add', 'r10', 4),
        op('add', 'r12', oDims * 4),
      ]),
      op('add', 'r8', headDimV * 4),
    ]),
  );
}
