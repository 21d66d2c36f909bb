/** Phase scores of few rows: q k^T of the rows of a KV head, a lane each, and the keys of a step, each read where it lies. */

import { slot } from './call.ts';
import { type FewRows, rowRegister, rowRegisterBytes, rowRegisters, tileKeys } from './few-rows-layout.ts';
import { type Labels, loop, phase } from './text/control.ts';
import { at, atIndex, type Code, type General, type Memory, note, op, times, type Vector } from './text/instruction.ts';

/** Dims that a trip of the inner loop takes: of each row of K a cache line. */
const DIMS = 16;
/** Sums of a key taken alone, so that no multiply-add waits for the one before. */
const ALONE = 4;

/** Multiples of the stride, r8 to r11: 1, 3, 5 and 7 of them. */
const STRIDES: Record<number, [General, 1 | 2 | 4 | 8]> = {
  1: ['r8', 1],
  2: ['r8', 2],
  3: ['r9', 1],
  4: ['r8', 4],
  5: ['r10', 1],
  6: ['r9', 2],
  7: ['r11', 1],
};

/** An element of key i of a tile whose first key begins at `base`. */
export function key(base: General, i: number, offset: number): Memory {
  const stride = STRIDES[i];
  return stride === undefined ? at(base, offset) : { base, index: stride[0], scale: stride[1], offset };
}

/**
 * Scores of `count` keys from kHead on, [key][row]. Meanwhile the rows of K that lie `kAhead` bytes further on are brought
 * into the cache. Changes all general registers but rbx and rbp.
 */
export function emitFewScores(shape: FewRows, labels: Labels): Code {
  const { rowLanes, headDim } = shape;
  const keys = tileKeys(shape);
  const registers = rowRegisters(shape);
  const bytes = rowRegisterBytes(shape);
  const sum = (i: number, v: number) => rowRegister(shape, i * registers + v);
  const whole = Math.floor(headDim / DIMS);
  // The row of the next step into the second-level cache, the line after this one, which is there, into the first.
  const fetch = (i: number): Code => [op('prefetcht1', key('r12', i, 0)), op('prefetcht0', key('rsi', i, DIMS * 4))];
  const tile: Code = [
    op('lea', 'r12', atIndex('rsi', 'r14')),
    op('mov', 'rdx', slot('qHead')),
    times(keys, (i) => times(registers, (v) => clearRow(sum(i, v)))),
    whole === 0
      ? []
      : [
          note(`for each ${DIMS} dims: the sums of ${keys} keys += q times the key's element, the row ahead fetched`),
          loop(labels, 'dims', { register: 'r13', first: 0, end: whole, step: 1 }, [
            emitDims(shape, DIMS, fetch),
            op('add', 'rdx', DIMS * rowLanes * 4),
            op('add', 'rsi', DIMS * 4),
            op('add', 'r12', DIMS * 4),
          ]),
        ],
    emitDims(shape, headDim % DIMS, fetch),
    times(keys, (i) => times(registers, (v) => op('vmovups', at('rdi', i * rowLanes * 4 + v * bytes), sum(i, v)))),
    op('add', 'rdi', keys * rowLanes * 4),
    whole === 0 ? [] : op('sub', 'rsi', whole * DIMS * 4),
    op('lea', 'rsi', atIndex('rsi', 'r8', keys as 4 | 8)),
  ];
  return phase(
    'scores: s = q k^T, a row of q a lane',
    emitKeyAddresses(shape),
    op('mov', 'r15', slot('count')),
    op('sub', 'r15', keys - 1),
    loop(labels, 'keys', { register: 'rcx', first: 0, end: 'r15', step: keys }, tile),
    op('mov', 'r15', slot('count')),
    note('the keys that are left, one by one'),
    loop(labels, 'key_alone', { register: 'rcx', first: 'rcx', end: 'r15', step: 1 }, emitAlone(shape, labels)),
  );
}

/** rdi: the scores; rsi: the first key's row of K; r8 to r11: the stride, and 3, 5 and 7 of them; r14: how far ahead rows are fetched. */
export const emitKeyAddresses = (shape: FewRows): Code => [
  op('mov', 'rdi', slot('scratch')),
  op('add', 'rdi', shape.private.scores),
  op('mov', 'rsi', slot('kHead')),
  op('mov', 'r8', slot('kStride')),
  op('lea', 'r9', atIndex('r8', 'r8', 2)),
  op('lea', 'r10', atIndex('r8', 'r8', 4)),
  op('lea', 'r11', atIndex('r9', 'r8', 4)),
  op('mov', 'r14', slot('kAhead')),
];

/** Sets one of the first sixteen registers to zeros. */
const clearRow = (register: Vector): Code =>
  op(register.startsWith('z') ? 'vpxord' : 'vxorps', register, register, register);

/** `dims` elements of the tile's keys; key i's row ahead is fetched once. */
function emitDims(shape: FewRows, dims: number, fetch: (key: number) => Code): Code {
  const keys = tileKeys(shape);
  const registers = rowRegisters(shape);
  const perDim = dims === 0 ? 0 : Math.ceil(keys / dims);
  return times(dims, (dim) => [
    times(registers, (v) =>
      op('vmovups', qRegister(shape, v), at('rdx', dim * shape.rowLanes * 4 + v * rowRegisterBytes(shape))),
    ),
    times(keys, (i) => multiplyAdd(shape, i * registers, key('rsi', i, dim * 4))),
    times(Math.min(perDim, keys - dim * perDim), (n) => fetch(dim * perDim + n)),
  ]);
}

/** Registers of q come after those of the sums. */
const qRegister = (shape: FewRows, v: number): Vector => rowRegister(shape, tileKeys(shape) * rowRegisters(shape) + v);

/** Sums from register `first` on += q times the element of K in memory. */
function multiplyAdd(shape: FewRows, first: number, element: Memory): Code {
  const registers = rowRegisters(shape);
  if (shape.config.set === 'avx512') {
    return op('vfmadd231ps', rowRegister(shape, first), qRegister(shape, 0), { ...element, each: true });
  }
  const each = rowRegister(shape, tileKeys(shape) * registers + registers);
  return [
    op('vbroadcastss', each, element),
    times(registers, (v) => op('vfmadd231ps', rowRegister(shape, first + v), qRegister(shape, v), each)),
  ];
}

/** One key at rsi, its scores to rdi; both move on. */
function emitAlone(shape: FewRows, labels: Labels): Code {
  const { headDim, rowLanes } = shape;
  const registers = rowRegisters(shape);
  const bytes = rowRegisterBytes(shape);
  const whole = Math.floor(headDim / ALONE);
  const dims = (count: number) =>
    times(count, (dim) => [
      times(registers, (v) => op('vmovups', qRegister(shape, v), at('rdx', dim * rowLanes * 4 + v * bytes))),
      multiplyAdd(shape, dim * registers, at('r12', dim * 4)),
    ]);
  return [
    op('mov', 'r12', 'rsi'),
    op('mov', 'rdx', slot('qHead')),
    times(ALONE * registers, (i) => clearRow(rowRegister(shape, i))),
    whole === 0
      ? []
      : loop(labels, 'dims_alone', { register: 'r13', first: 0, end: whole, step: 1 }, [
          dims(ALONE),
          op('add', 'rdx', ALONE * rowLanes * 4),
          op('add', 'r12', ALONE * 4),
        ]),
    dims(headDim % ALONE),
    times(ALONE - 1, (i) =>
      times(registers, (v) => {
        const sum = rowRegister(shape, v);
        return op('vaddps', sum, sum, rowRegister(shape, (i + 1) * registers + v));
      }),
    ),
    times(registers, (v) => op('vmovups', at('rdi', v * bytes), rowRegister(shape, v))),
    op('add', 'rdi', rowLanes * 4),
    op('add', 'rsi', 'r8'),
  ];
}
