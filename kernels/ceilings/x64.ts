/**
 * What machine code can do at best on a CPU: multiply-adds from registers at 256 and at 512 bits, memory reads, and the clock of
 * a core.
 *
 * A ceiling is a kernel with the functions of any other, so that it runs on the same threads, on the same work tiles and in the
 * same rounds; in place of attention it does as many operations as the attention of its work tiles would take.
 */

import { flops, pairFlops } from '../../src/problem/flops.ts';
import { valueDim, type Workload } from '../../src/problem/workload.ts';
import type { CodeSet, InstructionSet } from '../device.ts';
import type { X64Program } from '../kernel.ts';
import { hasFewRows } from '../wasm/few-rows.ts';
import { slot } from '../x64/call.ts';
import { LANES } from '../x64/configuration.ts';
import { createLabels, func, loop, phase, splatTo, zero } from '../x64/text/control.ts';
import { at, type Code, note, op, times } from '../x64/text/instruction.ts';
import { highKey, lowKey } from '../x64/visible-keys.ts';
import { CHAIN, fibonacciLow16 } from './addition-chain.ts';
import { expectedReads, keyBytes } from './key-bytes.ts';
import type { Probe } from './probe.ts';
import { emitMemoryReads } from './x64-reads.ts';

/** Query rows of a work tile. */
const BLOCK_ROWS = 48;
/** Sums that the multiply-adds of one step go to: more than their latency times the units (4 or 5 by 2), in the registers of the set. */
const SUMS: Record<InstructionSet, number> = { avx2: 12, avx512: 24 };
/** Steps of one pass. */
const STEPS = 16;

/** FLOPs of attention that one pass stands for. */
const passFlops = (set: InstructionSet) => 2 * SUMS[set] * LANES[set] * STEPS;

/** Query-key pairs of a work tile of the first rows, full mask, times what is counted for each FLOP of them. */
export const tilePasses = (w: Workload, flopsOfPass: number) =>
  Math.round(pairFlops(w, w.seqKv * Math.min(BLOCK_ROWS, w.seqQuery)) / flopsOfPass);

/** Multiply-adds of a set of instructions. */
export const x64MultiplyAdd = (set: InstructionSet): Probe => ({
  name: `x64-multiply-add-${set}`,
  backend: 'native',
  summary: `multiply-adds of ${LANES[set] * 32}-bit registers`,
  unsupported: () => undefined,
  operationsPerFlop: () => 1,
  limits: (_, w) => w.dtype !== 'bf16',
  // Every step adds 2^-20 to every sum.
  expected: (w) => 2 ** -20 * STEPS * tilePasses(w, passFlops(set)),
  build: (w) => emitMultiplyAdd(w, set),
});

/** The clock of the cores: dependent additions of one clock each, one for each 4 FLOPs of attention. */
export const x64ClockProbe: Probe = {
  name: 'x64-addition-chain',
  backend: 'native',
  summary: 'additions that each wait for the one before: their rate is the clock of a core',
  unsupported: () => undefined,
  operationsPerFlop: () => 1 / 4,
  expected: (w) => fibonacciLow16(CHAIN * tilePasses(w, 4 * CHAIN)),
  build: (w) => emitAdditionChain(w),
};

/** Memory: K and V of the visible keys, read once where they lie, by the pieces of work of a pass of few query rows. */
export const x64MemoryReads = (set: InstructionSet): Probe => ({
  name: `x64-memory-reads-${set}`,
  backend: 'native',
  summary: `reads of K and V where they lie, in order, once, by ${LANES[set] * 32}-bit registers`,
  roof: 'memory',
  limits: (_, workload) => hasFewRows(workload) && workload.dtype === 'f32',
  unsupported: () => undefined,
  operationsPerFlop: (w) => keyBytes(w) / flops(w),
  expected: expectedReads,
  build: (w) => emitMemoryReads(w, set),
});

function emitMultiplyAdd(w: Workload, set: InstructionSet): X64Program {
  const vector = (i: number) => `${set === 'avx512' ? 'z' : 'y'}mm${i}` as const;
  const [one, step] = [vector(SUMS[set]), vector(SUMS[set] + 1)];
  return ceilingProgram(w, set, passFlops(set), [
    op('mov', 'r8', 'rax'),
    note('-- ones times 2^-20, so that sums stay normal numbers however many they are'),
    times(SUMS[set], (i) => splatTo(vector(i), 0)),
    splatTo(one, 1),
    splatTo(step, 2 ** -20),
    loop(createLabels('attend'), 'pass', { register: 'rcx', first: 0, end: 'r8', step: 1 }, [
      times(STEPS, () => times(SUMS[set], (i) => op('vfmadd231ps', vector(i), one, step))),
    ]),
    phase('the first sum to the first output', op('mov', 'rdi', slot('o')), op('vmovss', at('rdi'), 'xmm0')),
  ]);
}

/** The sums are Fibonacci's. */
function emitAdditionChain(w: Workload): X64Program {
  return ceilingProgram(w, 'avx2', 4 * CHAIN, [
    op('mov', 'r8', 'rax'),
    zero('rax'),
    op('mov', 'rdx', 1),
    loop(createLabels('attend'), 'additions', { register: 'rcx', first: 0, end: 'r8', step: 1 }, [
      times(CHAIN / 2, () => [op('add', 'eax', 'edx'), op('add', 'edx', 'eax')]),
    ]),
    phase(
      'the last 16 bits to the first output',
      op('and', 'rax', 0xffff),
      op('vcvtsi2ss', 'xmm0', 'xmm0', 'eax'),
      op('mov', 'rdi', slot('o')),
      op('vmovss', at('rdi'), 'xmm0'),
    ),
  ]);
}

/** A program whose `attend` finds in rax how many passes, of so many FLOPs each, the query-key pairs of its work tile stand for. */
export function ceilingProgram(
  w: Workload,
  set: CodeSet,
  flopsOfPass: number,
  body: Code,
  scratchBytes = 64,
): X64Program {
  const labels = createLabels('attend');
  return {
    kind: 'x64',
    set,
    code: [
      func(
        'attend',
        ['attend: as much as the query-key pairs of `rows` rows from `firstRow` stand for.'],
        [
          phase(
            'rbp: query-key pairs of the work tile',
            zero('rbp'),
            op('mov', 'rsi', slot('firstRow')),
            op('mov', 'rdi', 'rsi'),
            op('add', 'rdi', slot('rows')),
            loop(labels, 'row', { register: 'rsi', first: 'rsi', end: 'rdi', step: 1 }, [
              op('mov', 'rax', 'rsi'),
              lowKey('rax'),
              op('mov', 'rcx', 'rsi'),
              highKey('rcx'),
              op('sub', 'rcx', 'rax'),
              zero('rax'),
              op('cmp', 'rcx', 'rax'),
              op('cmovl', 'rcx', 'rax'),
              op('add', 'rbp', 'rcx'),
            ]),
          ),
          phase(
            `rax: that times ${2 * (w.headDim + valueDim(w))} FLOPs, in passes of ${flopsOfPass}, rounded`,
            op('imul', 'rax', 'rbp', 2 * (w.headDim + valueDim(w))),
            op('add', 'rax', flopsOfPass / 2),
            zero('rdx'),
            op('mov', 'rcx', flopsOfPass),
            op('div', 'rcx'),
          ),
          body,
        ],
      ),
      func('pack', ['pack: called once for some panels of each KV head, as in attention.'], []),
    ],
    blockRows: BLOCK_ROWS,
    keyMultiple: 16,
    scratchBytes,
    plainValues: false,
    splitRows: BLOCK_ROWS,
  };
}
