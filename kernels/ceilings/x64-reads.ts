/** The memory probe in machine code: reads of the K and V that a pass of few query rows takes, where they lie, in order. */

import { valueDim, type Workload } from '../../src/problem/workload.ts';
import type { InstructionSet } from '../device.ts';
import type { X64Program } from '../kernel.ts';
import { fewRowsSplit } from '../wasm/few-rows-layout.ts';
import { type Slot, slot } from '../x64/call.ts';
import { LANES } from '../x64/configuration.ts';
import { createLabels, func, type Labels, loop, phase, zero } from '../x64/text/control.ts';
import { at, atIndex, type Code, note, op, times, type Vector } from '../x64/text/instruction.ts';

/** Bytes of a cache line. */
const LINE = 64;
/** Cache lines that are read at a time, each added to sums of its own, so that no addition waits for another. */
const LINES = 4;

/**
 * Reads all of K and V that the visible keys of a workload with few query rows are, by the pieces of work that x64-flash
 * has, and adds them up as whole numbers: the sum of a run of heads goes to the first of them. The host fills K and V of
 * a probe with ones, so the sum is the count of what was read.
 */
export function emitMemoryReads(w: Workload, set: InstructionSet): X64Program {
  return {
    kind: 'x64',
    set,
    code: [emitAttendKeys(w, set), emitMerge(set)],
    blockRows: w.seqQuery,
    keyMultiple: 1,
    scratchBytes: 64,
    plainValues: true,
    splitRows: w.seqQuery,
    inPlace: { ...fewRowsSplit(w), partialBytes: 64 },
  };
}

const registerOf = (set: InstructionSet) => (i: number) => `${set === 'avx512' ? 'z' : 'y'}mm${i}` as Vector;
const clear = (set: InstructionSet, register: Vector): Code =>
  op(set === 'avx512' ? 'vpxord' : 'vxorps', register, register, register);

function emitAttendKeys(w: Workload, set: InstructionSet): Code {
  const labels = createLabels('attend_keys');
  const register = registerOf(set);
  const vectorBytes = LANES[set] * 4;
  const sums = (LINES * LINE) / vectorBytes;
  const lines = (count: number) =>
    times((count * LINE) / vectorBytes, (i) =>
      op('vpaddd', register(i), register(i), atIndex('rsi', 'rcx', 1, i * vectorBytes)),
    );
  const rows = (purpose: string, tensor: Slot, stride: Slot, headBytes: number): Code => [
    note(`the rows of one key of ${tensor}: whole cache lines, then what is left, number by number`),
    op('mov', 'rsi', 'r14'),
    op('imul', 'rsi', slot(stride)),
    op('add', 'rsi', slot(tensor)),
    op('mov', 'r9', slot('heads')),
    op('imul', 'r9', 'r9', headBytes),
    runs(labels, purpose, [
      { name: 'lines', bytes: LINES * LINE, body: lines(LINES) },
      { name: 'line', bytes: LINE, body: lines(1) },
      { name: 'number', bytes: 4, body: [op('mov', 'eax', atIndex('rsi', 'rcx')), op('add', 'rdi', 'rax')] },
    ]),
  ];
  return func(
    'attend_keys',
    ['attend_keys: what `heads` KV heads hold in rows firstKey .. endKey of K and V, added up, to `partials`.'],
    [
      times(sums, (i) => clear(set, register(i))),
      zero('rdi'),
      op('mov', 'r14', slot('firstKey')),
      op('mov', 'r15', slot('endKey')),
      loop(labels, 'key', { register: 'r14', first: 'r14', end: 'r15', step: 1 }, [
        rows('k', 'k', 'kStride', w.headDim * 4),
        rows('v', 'v', 'vStride', valueDim(w) * 4),
      ]),
      phase(
        'the sum of the sums',
        times(sums - 1, (i) => op('vpaddd', register(0), register(0), register(i + 1))),
        op('mov', 'rsi', slot('partials')),
        op('vmovups', at('rsi'), register(0)),
        op('mov', 'rax', at('rsi')),
        op('add', 'rax', 'rdi'),
        op('mov', at('rsi'), 'eax'),
      ),
    ],
  );
}

/** Bytes rcx of r9, by the longest steps first. Changes rdx. */
function runs(labels: Labels, purpose: string, steps: readonly { name: string; bytes: number; body: Code }[]): Code {
  return [
    zero('rcx'),
    steps.map(({ name, bytes, body }) => [
      op('lea', 'rdx', at('r9', 1 - bytes)),
      loop(labels, `${purpose}_${name}`, { register: 'rcx', first: 'rcx', end: 'rdx', step: bytes }, body),
    ]),
  ];
}

/** The sum over the parts, to the first output of the KV head. */
function emitMerge(set: InstructionSet): Code {
  const labels = createLabels('merge');
  return func(
    'merge',
    ['merge: the sum over the parts, to the first output of the KV head.'],
    [
      op('mov', 'rsi', slot('partials')),
      op('mov', 'r15', slot('parts')),
      zero('rdi'),
      loop(labels, 'part', { register: 'rcx', first: 0, end: 'r15', step: 1 }, [
        times(LANES[set], (lane) => [op('mov', 'eax', at('rsi', lane * 4)), op('add', 'rdi', 'rax')]),
        op('add', 'rsi', slot('partStride')),
      ]),
      op('mov', 'rdx', slot('o')),
      op('mov', 'rax', 'rdi'),
      op('vcvtsi2ss', 'xmm0', 'xmm0', 'eax'),
      op('vmovss', at('rdx'), 'xmm0'),
    ],
  );
}
