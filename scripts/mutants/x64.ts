/** Wrong x64-flash: lines of its listing changed, left out or added to. The counter of calls is a slot that only few rows use. */

import type { Program } from '../../kernels/kernel.ts';
import { slot } from '../../kernels/x64/call.ts';
import { x64Flash } from '../../kernels/x64/flash.ts';
import { floatBits } from '../../kernels/x64/text/control.ts';
import { type Code, type Instruction, type Jump, type Line, linesOf, op } from '../../kernels/x64/text/instruction.ts';
import { changed, type Mutant, Stale } from './mutant.ts';

type Change = (lines: readonly Line[]) => Code;

const CALLS = slot('partial');
/** Calls of a thread that are right first. */
const WARM_CALLS = 12;
/** The same within a run: on a busy machine a slice may run once. */
const FIRST_CALLS = 2;

/** Which line: an instruction of that name, with those operands where they are given. */
const is =
  (wanted: Instruction) =>
  (line: Line): line is Instruction =>
    'op' in line &&
    line.op === wanted.op &&
    (wanted.operands.length === 0 || JSON.stringify(line.operands) === JSON.stringify(wanted.operands));

/** The first such line after a note or a label becomes other code. */
function edited<T extends Line>(after: string, which: (line: Line) => line is T, becomes: (line: T) => Code): Change {
  return (lines) => {
    const mark = lines.findIndex(
      (line) => ('note' in line && line.note === after) || ('label' in line && line.label === after),
    );
    const index = mark < 0 ? -1 : lines.findIndex((line, i) => i > mark && which(line));
    const line = lines[index];
    if (line === undefined || !which(line)) throw new Stale(`x64-flash has no such line after '${after}'`);
    return [...lines.slice(0, index), becomes(line), ...lines.slice(index + 1)];
  };
}

const both =
  (one: Change, other: Change): Change =>
  (lines) =>
    other(linesOf(one(lines)));

/** Code that is passed over where a jump is taken. */
const unless = (jump: Jump, code: Code): Code => [{ jump, to: 'mutant_after' }, code, { label: 'mutant_after' }];

/** At the beginning of a work tile; rax: the calls so far. */
const atBegin = (code: Code) =>
  edited('attend', is(op('mov', 'rbx', 'rdi')), (line) => [
    ...[line, op('mov', 'rax', CALLS), op('add', 'rax', 1), op('mov', CALLS, 'rax')],
    code,
  ]);
/** The same once: what the host set at the beginning is changed. */
const atFirst = (code: Code) => atBegin([op('cmp', 'rax', 1), unless('jne', code)]);

const RETURN = 'mutant_return';
/** The tile is left out where a jump is taken after `test`. */
const leftOut = (test: Code, jump: Jump) =>
  both(
    atBegin([test, { jump, to: RETURN }]),
    edited('attend', is(op('vzeroupper')), (line) => [{ label: RETURN }, line]),
  );

/** xmm2, by which the sums of a row are multiplied as they are written, is changed. */
const by = (factor: number): Code => [
  op('mov', 'eax', floatBits(1 / factor)),
  op('vmovd', 'xmm0', 'eax'),
  op('vdivss', 'xmm2', 'xmm2', 'xmm0'),
];
const ZERO = op('vxorps', 'xmm2', 'xmm2', 'xmm2');
/** In every row of a tile, the row of the tile in rcx. */
const inRow = (code: Code) => edited('attend_row_saw_keys', is(op('vbroadcastss')), (line) => [code, line]);
/** rax: the row's place in the sequence. */
const ROW = [op('mov', 'rax', slot('firstRow')), op('add', 'rax', 'rcx')];
const inRows = (test: Code, jump: Jump, code: Code) => inRow([ROW, test, unless(jump, code)]);

const SEEN = 'r11 .. rax: the scores that are seen';
const HIGH = is(op('add', 'rax', slot('windowHigh')));
const EXPONENTIALS = "-- exponentials: p = e^(s - m'), row sum: l = l r + sum of p";
const jumps = (line: Line): line is Extract<Line, { jump: Jump }> => 'jump' in line;

const FAULTS: Record<string, Change> = {
  'the last key is never seen': atFirst([
    op('mov', 'rax', slot('seqKv')),
    op('sub', 'rax', 1),
    op('mov', slot('seqKv'), 'rax'),
  ]),
  'a causal row does not see its own key': edited(SEEN, HIGH, (line) => [line, op('sub', 'rax', 1)]),
  'the diagonal is a key too far': edited(SEEN, HIGH, (line) => [line, op('add', 'rax', 1)]),
  'the diagonal is a key too far from 4,000 on': edited(SEEN, HIGH, (line) => [
    line,
    op('cmp', 'r8', 4000),
    unless('jl', op('add', 'rax', 1)),
  ]),
  'the first 2,048 keys are skipped by tiles behind them': edited(
    '-- the keys that any row sees, the first rounded down to a block',
    is(op('mov', slot('key'), 'rax')),
    (line) => [op('mov', 'rcx', slot('firstRow')), op('cmp', 'rcx', 3000), unless('jl', op('mov', 'rax', 1536)), line],
  ),
  'V of the next key': edited('-- stage V', is(op('cmp', 'rax', slot('seqKv'))), (line) => [
    op('add', 'rsi', slot('vStride')),
    line,
  ]),
  'nothing is masked': edited('-- mask: s = -2^126 where the row does not see the key', jumps, () => ({
    jump: 'jmp',
    to: 'attend_all_seen',
  })),
  'a vector of sums is not rescaled': edited('-- accumulate: sums = sums r + p v', is(op('vmulps')), (line) =>
    op('vmovups', line.operands[0] as 'ymm0', line.operands[2] as 'ymm0'),
  ),
  'l is not rescaled': edited(EXPONENTIALS, is(op('vmulps')), (line) =>
    op('vmovups', line.operands[0] as 'ymm0', line.operands[2] as 'ymm0'),
  ),
  'all by 1e-4': inRow(by(1.0001)),
  'a row is left out of each tile': edited('-- write: o = sums / l', is(op('mov', 'r9', slot('rows'))), (line) => [
    line,
    op('sub', 'r9', 1),
  ]),
  'one row in 128 by 1 %': inRows([op('and', 'rax', 127), op('cmp', 'rax', 77)], 'jne', by(1.01)),
  'rows 500 to 563 by 1 %': inRows([op('sub', 'rax', 500), op('and', 'rax', -64)], 'jne', by(1.01)),
  'rows from 500 on by 0.1 %': inRows(op('cmp', 'rax', 500), 'jl', by(1.001)),
  'row 1000 zero': inRows(op('cmp', 'rax', 1000), 'jne', ZERO),
  'row 1000 by 1 %': inRows(op('cmp', 'rax', 1000), 'jne', by(1.01)),
  'a thread does nothing after its first tiles': leftOut(op('cmp', 'rax', FIRST_CALLS), 'jg'),
  'skips every 7th tile': leftOut(
    [op('xor', 'rdx', 'rdx'), op('mov', 'rcx', 7), op('div', 'rcx'), op('cmp', 'rdx', 0)],
    'je',
  ),
  'later runs 1 % off in a row of a tile': both(
    atBegin([]),
    inRow([
      op('mov', 'rax', CALLS),
      op('cmp', 'rax', WARM_CALLS),
      unless('jle', [op('cmp', 'rcx', 0), { jump: 'jne', to: 'mutant_after' }, by(1.01)]),
    ]),
  ),
  'only long rows by 0.1 %': inRows(op('cmp', 'rax', 3000), 'jl', by(1.001)),
};

/** All of them. */
export function x64Mutants(): Mutant[] {
  return Object.entries(FAULTS).map(([fault, change]) => ({
    family: 'x64-flash',
    fault,
    right: x64Flash,
    kernel: changed(x64Flash, (program: Program) => {
      if (program.kind !== 'x64') throw new Stale('x64-flash is no machine code');
      return { ...program, code: change(linesOf(program.code)) };
    }),
  }));
}
