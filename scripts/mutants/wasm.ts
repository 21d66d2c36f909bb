/** Wrong WebAssembly kernels: edits of the text of wasm-flash, and a wrapper around its attend that spoils rows or leaves them. */

import type { Program } from '../../kernels/kernel.ts';
import { wasmFlash } from '../../kernels/wasm/flash.ts';
import { changed, edit, edited, type Mutant, Stale } from './mutant.ts';

/** Changes the text, with the head dimension at hand. */
type Change = (text: string, rowBytes: number) => string;

const EXPORTED = /\(func \$attend \(export "attend"\)/;
const NAMES = ['q', 'o', 'rows', 'firstRow', 'packedK', 'packedV', 'scratch', 'norms'] as const;

/** What stands around the kernel's attend. Conditions are of $position, the row in the sequence, of $head, counted from any, and of $calls. */
interface Wrapper {
  /** Calls for which nothing is done. */
  skip?: string;
  /** Rows that are given to the kernel. */
  rows?: string;
  /** Rows that are multiplied by a factor afterwards. */
  where?: string;
  factor?: number;
}

function wrapped({ skip, rows, where, factor = 1.01 }: Wrapper): Change {
  return (text, rowBytes) => {
    const inner = edit(text, EXPORTED, '(func $attend');
    const params = NAMES.map((name) => `(param $${name} i32)`).join(' ');
    const args = NAMES.map((name) => (name === 'rows' && rows !== undefined ? rows : `(local.get $${name})`)).join(' ');
    const spoil =
      where === undefined
        ? ''
        : `
      (local.set $head (i32.rem_u
        (i32.div_u (local.get $q) (i32.const ${rowBytes})) (i32.div_u (global.get $qStride) (i32.const ${rowBytes}))))
      (block $end (loop $next
        (br_if $end (i32.ge_s (local.get $i) (local.get $rows)))
        (local.set $position (i32.add (local.get $firstRow) (local.get $i)))
        (if ${where} (then
          (local.set $d (i32.const 0))
          (loop $dims
            (local.set $at (i32.add (i32.add (local.get $o) (i32.mul (local.get $i) (global.get $qStride))) (local.get $d)))
            (f32.store (local.get $at) (f32.mul (f32.load (local.get $at)) (f32.const ${factor})))
            (local.set $d (i32.add (local.get $d) (i32.const 4)))
            (br_if $dims (i32.lt_s (local.get $d) (i32.const ${rowBytes}))))))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br $next)))`;
    const wrapper = `
    (global $calls (mut i32) (i32.const 0))
    (func (export "attend") ${params}
      (local $i i32) (local $d i32) (local $at i32) (local $position i32) (local $head i32)
      (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
      ${skip === undefined ? '' : `(if ${skip} (then (return)))`}
      (call $attend ${args})${spoil})`;
    const last = inner.lastIndexOf(')');
    return `${inner.slice(0, last)}${wrapper}${inner.slice(last)}`;
  };
}

const position = (compare: string, number: number) => `(i32.${compare} (local.get $position) (i32.const ${number}))`;

/** Tiles that a thread does rightly first. */
const WARM_CALLS = 12;
/** The same within a run: on a busy machine a slice may run once. */
const FIRST_CALLS = 2;
const HIGH = /\(i32\.add \(local\.get \$position\) \(global\.get \$windowHigh\)\)/;
const NEXT_V = '(call $stage_v (i32.add (local.get $v) (global.get $kvStride)) (local.get $packedV) (local.get $key))';

const FAULTS: Record<string, Change> = {
  'the last key is never seen': edited(
    /\(call \$min (\(call \$max \(i32\.add \(local\.get \$position\) \(global\.get \$windowHigh\)\) \(i32\.const 0\)\)) \(global\.get \$seqKv\)\)/,
    '(call $min $1 (i32.sub (global.get $seqKv) (i32.const 1)))',
  ),
  'a causal row does not see its own key': edited(
    HIGH,
    '(i32.sub (i32.add (local.get $position) (global.get $windowHigh)) (i32.const 1))',
  ),
  'the diagonal is a key too far': edited(
    HIGH,
    '(i32.add (i32.add (local.get $position) (global.get $windowHigh)) (i32.const 1))',
  ),
  'the diagonal is a key too far from 4,000 on': edited(
    HIGH,
    '(i32.add (i32.add (local.get $position) (global.get $windowHigh)) (i32.gt_s (local.get $position) (i32.const 3999)))',
  ),
  'the first block of keys is skipped from key 2,048 on': edited(
    /\(local\.set \$firstKey \(i32\.and \(call \$low_key \(local\.get \$firstRow\)\) (\(i32\.const -\d+\))\)\)/,
    '(local.set $firstKey (i32.and (select (i32.const 512) (call $low_key (local.get $firstRow)) (i32.gt_s (local.get $firstRow) (i32.const 2047))) $1))',
  ),
  'V of the next key': edited(
    /\(call \$stage_v \(local\.get \$v\) \(local\.get \$packedV\) \(local\.get \$key\)\)/,
    NEXT_V,
  ),
  'nothing is masked': edited(/\(if \(local\.get \$masked\)/, '(if (i32.const 0)'),
  'sums are not rescaled': edited(
    /\(local\.set \$s \(v128\.load32_splat \(local\.get \$rescale\)\)\)/,
    '(local.set $s (f32x4.splat (f32.const 1)))',
  ),
  'l is off by a weight of 1': edited(
    /\(f32\.div \(f32\.const 1\) \(local\.get \$l\)\)/,
    '(f32.div (f32.const 1) (f32.add (local.get $l) (f32.const 1)))',
  ),
  'a scale 0.1 % off': edited(
    /\(global\.set \$scale \(local\.get \$scale\)\)/,
    '(global.set $scale (f32.mul (local.get $scale) (f32.const 1.001)))',
  ),
  'all by 1e-4': wrapped({ where: '(i32.const 1)', factor: 1.0001 }),
  'a row is left out of each tile': wrapped({ rows: '(i32.sub (local.get $rows) (i32.const 1))' }),
  'one row in 128 by 1 %': wrapped({
    where: '(i32.eq (i32.rem_u (local.get $position) (i32.const 128)) (i32.const 77))',
  }),
  'rows 500 to 563 by 1 %': wrapped({ where: `(i32.and ${position('ge_s', 500)} ${position('lt_s', 564)})` }),
  'rows from 500 on by 0.1 %': wrapped({ where: position('ge_s', 500), factor: 1.001 }),
  'row 1000 zero': wrapped({ where: position('eq', 1000), factor: 0 }),
  'row 1000 by 1 %': wrapped({ where: position('eq', 1000) }),
  'row 1000 of one head by 1 %': wrapped({
    where: `(i32.and ${position('eq', 1000)} (i32.eqz (local.get $head)))`,
  }),
  'one head zero': wrapped({ where: '(i32.eqz (local.get $head))', factor: 0 }),
  'one head by 1e-4': wrapped({ where: '(i32.eqz (local.get $head))', factor: 1.0001 }),
  'one thread by 1 %': wrapped({ where: '(i32.lt_u (local.get $scratch) (i32.const 65536))' }),
  'a thread does nothing after its first tiles': wrapped({
    skip: `(i32.gt_s (global.get $calls) (i32.const ${FIRST_CALLS}))`,
  }),
  'skips every 7th tile': wrapped({ skip: '(i32.eqz (i32.rem_u (global.get $calls) (i32.const 7)))' }),
  'later runs 1 % off in a row of a tile': wrapped({
    where: `(i32.and (i32.gt_s (global.get $calls) (i32.const ${WARM_CALLS})) (i32.eqz (local.get $i)))`,
  }),
  'only long rows by 0.1 %': wrapped({ where: position('ge_s', 3000), factor: 1.001 }),
};

/** All of them. */
export function wasmMutants(): Mutant[] {
  return Object.entries(FAULTS).map(([fault, change]) => ({
    family: 'wasm-flash',
    fault,
    right: wasmFlash,
    kernel: changed(wasmFlash, (program: Program) => {
      if (program.kind !== 'wasm') throw new Stale('wasm-flash is no WebAssembly program');
      const headDim = /head dimension (\d+)/.exec(program.text)?.[1];
      if (headDim === undefined) throw new Stale('the text does not say its head dimension');
      return { ...program, text: change(program.text, 4 * Number(headDim)) };
    }),
  }));
}
