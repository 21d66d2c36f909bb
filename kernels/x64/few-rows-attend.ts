/**
 * `attend_keys`: all query rows of some KV heads against a part of the keys. Steps of keys are outside and KV heads
 * inside, so that what is read lies together; the running m, l and sums of all heads are the partial result.
 */

import { slot } from './call.ts';
import { LOWEST } from './exp2-constants.ts';
import { emitFewAccumulate } from './few-rows-accumulate.ts';
import { emitFewDots, takesDots } from './few-rows-dots.ts';
import { type FewRows, rowRegister, rowRegisterBytes, STEP_KEYS } from './few-rows-layout.ts';
import { emitFewScores } from './few-rows-scores.ts';
import { emitFewMask, emitFewSoftCap, emitFewSoftmax } from './few-rows-softmax.ts';
import { clear, roundUp, vector } from './shape.ts';
import { emitTranspose } from './stage-k.ts';
import { load, preparePart, vectorsOf } from './tail.ts';
import { createLabels, func, type Labels, loop, minimum, phase, splatTo } from './text/control.ts';
import { at, atIndex, type Code, type General, op, times } from './text/instruction.ts';

export function emitAttendKeys(shape: FewRows): Code {
  const labels = createLabels('attend_keys');
  const [qHead, kHead, vHead] = [shape.private.headBytes, shape.headDim * 4, shape.headDimV * 4];
  return func(
    'attend_keys',
    [
      'attend_keys: the rows of `heads` KV heads from q on against keys firstKey .. endKey; (m, l, sums) go to `partials`.',
    ],
    [
      emitFirstFetch(shape, labels),
      emitConstants(shape),
      emitLoadRows(shape, labels),
      emitAhead('kAhead', 'kStride'),
      emitAhead('vAhead', 'vStride'),
      preparePart(shape, shape.headDimV),
      op('mov', 'rax', slot('firstKey')),
      op('mov', slot('key'), 'rax'),
      { label: 'attend_keys_step' },
      phase(
        `for each ${STEP_KEYS} keys`,
        op('mov', 'rcx', slot('endKey')),
        op('sub', 'rcx', slot('key')),
        op('cmp', 'rcx', 0),
        { jump: 'jle', to: 'attend_keys_done' },
        op('mov', 'rdx', STEP_KEYS),
        minimum('rcx', 'rdx'),
        op('mov', slot('count'), 'rcx'),
        rowAddress('kHead', 'k', 'kStride'),
        rowAddress('vHead', 'v', 'vStride'),
        op('mov', 'rax', slot('scratch')),
        op('mov', slot('qHead'), 'rax'),
        op('mov', 'rax', slot('partials')),
        op('mov', slot('partial'), 'rax'),
        op('mov', 'rax', slot('heads')),
        op('mov', slot('head'), 'rax'),
      ),
      { label: 'attend_keys_head' },
      takesDots(shape) ? emitFewDots(shape, labels) : emitFewScores(shape, labels),
      shape.softcap === null ? [] : emitFewSoftCap(shape, labels),
      emitFewMask(shape, labels),
      emitFewSoftmax(shape, labels),
      emitFewAccumulate(shape, labels),
      phase(
        'the next head',
        advance('qHead', qHead),
        advance('kHead', kHead),
        advance('vHead', vHead),
        advance('partial', shape.partial.bytes),
        op('mov', 'rax', slot('head')),
        op('sub', 'rax', 1),
        op('mov', slot('head'), 'rax'),
        op('cmp', 'rax', 0),
        { jump: 'jg', to: 'attend_keys_head' },
      ),
      op('mov', 'rax', slot('key')),
      op('add', 'rax', STEP_KEYS),
      op('mov', slot('key'), 'rax'),
      { jump: 'jmp', to: 'attend_keys_step' },
      { label: 'attend_keys_done' },
    ],
  );
}

/**
 * Reads a number of each cache line of the rows of the first step, which no step before it fetches: in order, as fast as
 * memory gives them. Prefetches in such numbers are dropped.
 */
function emitFirstFetch(shape: FewRows, labels: Labels): Code {
  const tensor = (purpose: string, base: 'k' | 'v', stride: 'kStride' | 'vStride', headBytes: number): Code => [
    op('mov', 'rsi', slot('firstKey')),
    op('imul', 'rsi', slot(stride)),
    op('add', 'rsi', slot(base)),
    op('mov', 'r9', slot('heads')),
    op('imul', 'r9', 'r9', headBytes),
    loop(labels, `${purpose}_key`, { register: 'rcx', first: 0, end: 'r8', step: 1 }, [
      loop(labels, `${purpose}_line`, { register: 'rdx', first: 0, end: 'r9', step: LINE }, [
        op('mov', 'eax', atIndex('rsi', 'rdx')),
      ]),
      op('add', 'rsi', slot(stride)),
    ]),
  ];
  return phase(
    'the rows of the first step into the cache',
    op('mov', 'r8', slot('endKey')),
    op('sub', 'r8', slot('firstKey')),
    op('mov', 'rdx', STEP_KEYS),
    minimum('r8', 'rdx'),
    tensor('first_k', 'k', 'kStride', shape.headDim * 4),
    tensor('first_v', 'v', 'vStride', shape.headDimV * 4),
  );
}

/** Bytes of a cache line. */
const LINE = 64;

/** Constants of the softmax to private memory. */
export function emitConstants(shape: FewRows): Code {
  const value = vector(shape, 0);
  return [
    op('mov', 'rdi', slot('scratch')),
    op('add', 'rdi', shape.private.constants),
    shape.constants.map((constant, i) => [
      splatTo(value as `ymm${number}`, constant.value),
      op('vmovups', at('rdi', i * shape.vectorBytes), value),
    ]),
  ];
}

const rowAddress = (name: 'kHead' | 'vHead', tensor: 'k' | 'v', stride: 'kStride' | 'vStride'): Code => [
  op('mov', 'rax', slot('key')),
  op('imul', 'rax', slot(stride)),
  op('add', 'rax', slot(tensor)),
  op('mov', slot(name), 'rax'),
];

/** Bytes from the rows of a step to those of the next, which are fetched meanwhile. */
const emitAhead = (name: 'kAhead' | 'vAhead', stride: 'kStride' | 'vStride'): Code => [
  op('mov', 'rax', slot(stride)),
  op('imul', 'rax', 'rax', STEP_KEYS),
  op('mov', slot(name), 'rax'),
];

const advance = (name: 'qHead' | 'kHead' | 'vHead' | 'partial', bytes: number): Code => [
  op('mov', 'rax', slot(name)),
  op('add', 'rax', bytes),
  op('mov', slot(name), 'rax'),
];

/** Where four rows begin. */
const FOUR: General[] = ['r8', 'r9', 'r10', 'r11'];

/** q of all heads, scaled, [head][dim][row], rows that pad it zeros; sums and l of the partial results 0, m below all scores. */
function emitLoadRows(shape: FewRows, labels: Labels): Code {
  const { headDim, group, tokens, rows, rowLanes, partial, vectorBytes, rowVectors } = shape;
  const whole = headDim - (headDim % 4);
  const rowBytes = rowLanes * 4;
  const [none, lowest, scale] = [
    vector(shape, 8),
    vector(shape, 9),
    takesDots(shape) ? vector(shape, 10) : rowRegister(shape, 10),
  ] as const;
  /** Row i of the head at rsi, or the row of zeros. */
  const address = (register: General, row: number): Code => {
    if (row >= rows) return op('mov', register, slot('zeros'));
    const [member, token] = [Math.floor(row / tokens), row % tokens];
    return [
      op('mov', register, slot('qStride')),
      op('imul', register, register, token),
      op('lea', register, atIndex(register, 'rsi', 1, member * headDim * 4)),
    ];
  };
  const loadLanes: Code = [
    times(Math.ceil(rowLanes / 4), (four) => [
      FOUR.map((register, i) => address(register, four * 4 + i)),
      op('lea', 'rdi', at('r12', four * 16)),
      whole === 0
        ? []
        : loop(
            labels,
            'four_dims',
            { register: 'rcx', first: 0, end: whole * 4, step: 16 },
            emitTranspose({ width: rowLanes }),
          ),
      times(headDim - whole, (dim) =>
        FOUR.map((register, i) => [
          op('vmovss', 'xmm0', at(register, (whole + dim) * 4)),
          op('vmovss', at('rdi', dim * rowBytes + i * 4), 'xmm0'),
        ]),
      ),
    ]),
    loop(labels, 'scaled', { register: 'rcx', first: 0, end: headDim * rowBytes, step: rowRegisterBytes(shape) }, [
      op('vmulps', rowRegister(shape, 0), scale, atIndex('r12', 'rcx')),
      op('vmovups', atIndex('r12', 'rcx'), rowRegister(shape, 0)),
    ]),
  ];
  return phase(
    'load q, times scale, [dim][row]; m, l and sums of no key',
    takesDots(shape) ? preparePart(shape, headDim) : [],
    clear(shape, none),
    splatTo(lowest as `ymm${number}`, LOWEST),
    op('vbroadcastss', scale, slot('scale')),
    op('mov', 'rsi', slot('q')),
    op('mov', 'r12', slot('scratch')),
    op('mov', 'r13', slot('partials')),
    op('mov', 'r15', slot('heads')),
    loop(labels, 'q_head', { register: 'r14', first: 0, end: 'r15', step: 1 }, [
      takesDots(shape) ? emitLoadRow(shape) : loadLanes,
      loop(
        labels,
        'no_sums',
        {
          register: 'rcx',
          first: 0,
          end: roundUp(partial.rowSums + rowVectors * vectorBytes, vectorBytes),
          step: vectorBytes,
        },
        op('vmovups', atIndex('r13', 'rcx'), none),
      ),
      times(rowVectors, (v) => op('vmovups', at('r13', partial.maximum + v * vectorBytes), lowest)),
      op('add', 'rsi', group * headDim * 4),
      op('add', 'r12', shape.private.headBytes),
      op('add', 'r13', partial.bytes),
    ]),
  );
}

/** One row of q as it lies, scaled, zeros at its end: from rsi to r12. */
const emitLoadRow = (shape: FewRows): Code =>
  vectorsOf(shape, shape.headDim).map((part) => [
    load(shape, vector(shape, 0), 'rsi', part),
    op('vmulps', vector(shape, 0), vector(shape, 0), vector(shape, 10)),
    op('vmovups', at('r12', part.offset), vector(shape, 0)),
  ]);
