/** WAT of the online softmax of a row group of scores, its exponential a polynomial in base 2. */

import type { Features } from '../kernel.ts';
import { type MultiplyAdd, multiplyAddOf } from './products.ts';
import { panelWidth, type WasmTile } from './tile.ts';
import { add, downwards, get, i32, interleave, joinHalves, set, splat, times } from './wat.ts';

/** Below every logit that 32-bit inputs of sane size give; the running maximum starts here. */
export const LOWEST = '-0x1p+100';
/** What masked scores are set to: far below LOWEST, so that it never becomes a maximum. */
export const MASKED = '-0x1p+126';
/** 2^-127 comes out as 0: the exponent field of 1, 127, less 127. Exponents are raised to this, so that hidden keys weigh nothing. */
const ZERO_EXPONENT = -127;
/** Adding 1.5 * 2^23 rounds to an integer, which then sits in the low bits of the sum. */
const ROUNDER = 12582912;

/**
 * 2^f = 1 + f g(f) on [-1/2, 1/2], g of degree 4, smallest largest relative error with value 1 at 0: 9e-8, beside the
 * rounding of f32 (6e-8 each step). Highest power first.
 */
const EXP2_TERMS = [0.00132647197968, 0.00967151315144, 0.0555073376787, 0.240222420742, 0.693146977582, 1];

/** Constants of the exponential, in locals so that they are broadcast once and not in every step of a loop. */
const CONSTANTS: Record<string, number> = {
  zeroExponent: ZERO_EXPONENT,
  rounder: ROUNDER,
  ...Object.fromEntries(EXP2_TERMS.map((term, i) => [`term${i}`, term])),
};
const names = Object.keys(CONSTANTS);
export const exp2Locals = names.map((name) => `(local $${name} v128)`).join(' ');
export const exp2Constants = names.map((name) => set(name, splat(CONSTANTS[name] ?? 0))).join('\n');

/** Statements that set $name to 2^x, x being the vector local $name itself on entry; uses $namen and $namef. */
export function exp2InPlace(name: string, multiplyAdd: MultiplyAdd): string[] {
  const horner = EXP2_TERMS.slice(1).reduce(
    (sum, _, i) => multiplyAdd(sum, get(`${name}f`), get(`term${i + 1}`)),
    get('term0'),
  );
  return [
    set(name, `(f32x4.pmax ${get(name)} ${get('zeroExponent')})`),
    set(`${name}n`, `(f32x4.add ${get(name)} ${get('rounder')})`),
    set(`${name}f`, `(f32x4.sub ${get(name)} (f32x4.sub ${get(`${name}n`)} ${get('rounder')}))`),
    set(name, `(i32x4.add ${horner} (i32x4.shl ${get(`${name}n`)} ${i32(23)}))`),
  ];
}

/** The locals that exp2InPlace needs for a vector, the vector itself included. */
export const exp2Vector = (name: string) => `(local $${name} v128) (local $${name}n v128) (local $${name}f v128)`;

/**
 * How (s - m) log2(e) is computed so that large logits lose nothing to the change of base: with a fused multiply-add as
 * s log2(e) - M, M being m log2(e) rounded, the same for every key of the row; without one as a product of the difference.
 * `shift` is what each row's scores are shifted by, `rescale` the exponent of the factor on what was summed before.
 */
function baseTwo(features: Features) {
  const scaled = (name: string) => `(f32x4.mul ${get(name)} ${get('log2e')})`;
  return features.relaxedSimd
    ? {
        shift: `(f32x4.neg ${scaled('after')})`,
        exponent: (score: string) => `(f32x4.relaxed_madd ${score} ${get('log2e')} ${get('shift')})`,
        rescale: `(f32x4.sub ${scaled('before')} ${scaled('after')})`,
      }
    : {
        shift: get('after'),
        exponent: (score: string) => `(f32x4.mul (f32x4.sub ${score} ${get('shift')}) ${get('log2e')})`,
        rescale: `(f32x4.mul (f32x4.sub ${get('before')} ${get('after')}) ${get('log2e')})`,
      };
}

/** Where the statistics of a row group lie: blocks of `lanes` floats, one lane a row, `blockLanes` floats apart. */
export function statistics(tile: WasmTile) {
  const lanes = Math.ceil(tile.rows / 4) * 4;
  const blockBytes = (tile.blockRows / tile.rows) * lanes * 4;
  return {
    groupBytes: lanes * 4,
    maximum: 0,
    sum: blockBytes,
    rescale: 2 * blockBytes,
    shift: 3 * blockBytes,
    /** Partial maxima and sums of the rows of one group, two vectors each. */
    partial: 4 * blockBytes,
    bytes: 4 * blockBytes + tile.rows * 32,
  };
}

/** Statements that set $x0 to the results of four rows, a lane each, from their partial vectors at $partial. */
function foldRows(tile: WasmTile, operation: string, first: number): string {
  const at = statistics(tile);
  const fold = (a: string, b: string) => `(${operation} ${a} ${b})`;
  const partialOf = (row: number, i: number) =>
    `(v128.load offset=${at.partial + row * 32 + i * 16} ${get('partial')})`;
  const vectorsOf = (row: number) => fold(partialOf(row, 0), partialOf(row, 1));
  return `
${times(4, (i) => set(`x${i}`, vectorsOf(Math.min(first + i, tile.rows - 1))))}
${set('y0', fold(interleave('x0', 'x1', 'low'), interleave('x0', 'x1', 'high')))}
${set('y1', fold(interleave('x2', 'x3', 'low'), interleave('x2', 'x3', 'high')))}
${set('x0', fold(joinHalves('y0', 'y1', 'low'), joinHalves('y0', 'y1', 'high')))}`;
}

/**
 * $softmax: the $count scores (a multiple of the panel width) of each of the tile's rows from $scores become weights
 * e^(s - m); m, l and the rescale factor e^(m_before - m) of the rows are at $stats, see statistics().
 *
 * m' = max(m, s), l' = l e^(m - m') + sum of weights. Both passes run a panel width at a time through neighbouring
 * vectors and one pointer, and end in stores: the form that V8's revectoriser packs in pairs. Maxima and sums of rows are
 * folded four rows at a time, a lane each.
 */
export function emitSoftmax(tile: WasmTile, features: Features): string {
  const multiplyAdd = multiplyAddOf(features);
  const { shift, exponent, rescale } = baseTwo(features);
  const at = statistics(tile);
  const each = (emit: (i: number) => string, count: number) => times(count, emit);
  const stepBytes = panelWidth(tile) * 4;
  const rowBytes = tile.blockKeys * 4;
  /** A pass over all rows; `before` sets the accumulators $t0 and $t1, which go to the partial results. */
  const pass = (label: string, before: string, body: string) => `
${set('row', get('scores'))}
${set('partial', get('stats0'))}
(loop $${label}_rows
${before}
${set('p', get('row'))}
${set('end', add(get('row'), `(i32.shl ${get('count')} ${i32(2)})`))}
(loop $${label}
${body}
${set('p', add(get('p'), i32(stepBytes)))}
(br_if $${label} (i32.lt_u ${get('p')} ${get('end')})))
${downwards(2, (i) => `(v128.store offset=${at.partial + i * 16} ${get('partial')} ${get(`t${i}`)})`)}
${set('row', add(get('row'), i32(rowBytes)))}
${set('partial', add(get('partial'), i32(32)))}
(br_if $${label}_rows (i32.lt_u ${get('row')} ${get('lastRow')})))
${set('partial', get('stats0'))}`;
  const fours = Array.from({ length: Math.ceil(tile.rows / 4) }, (_, i) => i);
  const load = (what: number, four: number) => `(v128.load offset=${what + four * 16} ${get('stats')})`;
  const store = (what: number, four: number, value: string) =>
    `(v128.store offset=${what + four * 16} ${get('stats')} ${value})`;

  return `
;; online softmax of $count scores of ${tile.rows} rows from $scores; their statistics at $stats, partial results in the block of statistics at $stats0
(func $softmax (param $scores i32) (param $count i32) (param $stats i32) (param $stats0 i32)
(local $row i32) (local $lastRow i32) (local $t0 v128) (local $t1 v128) (local $partial i32) (local $rowStats i32) (local $p i32) (local $end i32)
(local $log2e v128) (local $shift v128) (local $before v128) (local $after v128) (local $y0 v128) (local $y1 v128)
${exp2Locals}
${times(4, (i) => exp2Vector(`x${i}`))}
${exp2Constants}
${set('log2e', splat(Math.LOG2E))}
${set('lastRow', add(get('scores'), i32(tile.rows * rowBytes)))}
${pass(
  'maxima',
  each((i) => set(`t${i}`, splat(LOWEST)), 2),
  each(
    (i) => set(`t${i % 2}`, `(f32x4.pmax ${get(`t${i % 2}`)} (v128.load offset=${i * 16} ${get('p')}))`),
    tile.vectors,
  ),
)}
${fours
  .map(
    (four) => `${foldRows(tile, 'f32x4.pmax', four * 4)}
${set('before', load(at.maximum, four))}
${set('after', `(f32x4.pmax ${get('before')} ${get('x0')})`)}
${store(at.maximum, four, get('after'))}
${store(at.shift, four, shift)}
${set('x0', rescale)}
${exp2InPlace('x0', multiplyAdd).join('\n')}
${store(at.rescale, four, get('x0'))}`,
  )
  .join('\n')}
${set('rowStats', get('stats'))}
${pass(
  'weights',
  `${set('shift', `(v128.load32_splat offset=${at.shift} ${get('rowStats')})`)}
${set('rowStats', add(get('rowStats'), i32(4)))}
${each((i) => set(`t${i}`, splat(0)), 2)}`,
  each(
    (pair) => `
${each((i) => set(`x${i}`, exponent(`(v128.load offset=${(pair * 2 + i) * 16} ${get('p')})`)), 2)}
${interleaved(2, multiplyAdd)}
${downwards(2, (i) => `(v128.store offset=${(pair * 2 + i) * 16} ${get('p')} ${get(`x${i}`)})`)}
${each((i) => set(`t${i}`, `(f32x4.add ${get(`t${i}`)} ${get(`x${i}`)})`), 2)}`,
    tile.vectors / 2,
  ),
)}
${fours
  .map(
    (four) => `${foldRows(tile, 'f32x4.add', four * 4)}
${store(at.sum, four, `(f32x4.add (f32x4.mul ${load(at.rescale, four)} ${load(at.sum, four)}) ${get('x0')})`)}`,
  )
  .join('\n')}
)`;
}

/** The exponentials of $x0.., statement by statement across the vectors, so that neighbours stay neighbours. */
export function interleaved(vectors: number, multiplyAdd: MultiplyAdd): string {
  const exponentials = Array.from({ length: vectors }, (_, i) => exp2InPlace(`x${i}`, multiplyAdd));
  return (exponentials[0] ?? []).map((_, line) => exponentials.map((lines) => lines[line]).join('\n')).join('\n');
}

/** $fill: the floats from $p up to $end become $value. */
export const emitFill = `
(func $fill (param $p i32) (param $end i32) (param $value f32)
(block $done (loop $next
(br_if $done (i32.ge_u ${get('p')} ${get('end')}))
(f32.store ${get('p')} ${get('value')})
${set('p', add(get('p'), i32(4)))}
(br $next))))`;
