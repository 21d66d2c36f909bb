/** WAT of the online softmax of a row group of scores, its exponential a polynomial in base 2. */

import type { Features } from '../device.ts';
import { panelWidth, type WasmConfiguration } from './configuration.ts';
import { type MultiplyAdd, multiplyAddOf } from './products.ts';
import { add, downwards, get, i32, interleave, joinHalves, set, splat, times } from './wat.ts';

/** Below every logit that 32-bit inputs of sane size give; the running maximum starts here. */
export const LOWEST = -(2 ** 100);
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

/**
 * Statements that set $name to 2^x, x being the vector local $name itself on entry; uses $namen and $namef. Unless `clamp`, x must
 * be above -126.
 */
export function exp2InPlace(name: string, multiplyAdd: MultiplyAdd, clamp = true): string[] {
  const horner = EXP2_TERMS.slice(1).reduce(
    (sum, _, i) => multiplyAdd(sum, get(`${name}f`), get(`term${i + 1}`)),
    get('term0'),
  );
  return [
    ...(clamp ? [set(name, `(f32x4.pmax ${get(name)} ${get('zeroExponent')})`)] : []),
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

/** Bytes of two vectors: the partial maxima or sums of a row, packed as one by the revectoriser. */
const PARTIAL_BYTES = 32;

/**
 * Where the statistics of a row group lie: m, the rescale factor and the shift in blocks of `groupBytes` a group, a lane each
 * row; l in partial sums, 8 lanes a row; then the partial maxima of one group, which all groups share.
 */
export function statistics(config: WasmConfiguration) {
  const lanes = Math.ceil(config.rows / 4) * 4;
  const blockBytes = (config.blockRows / config.rows) * lanes * 4;
  const sums = 3 * blockBytes;
  const partial = sums + config.blockRows * PARTIAL_BYTES;
  return {
    groupBytes: lanes * 4,
    maximum: 0,
    rescale: blockBytes,
    shift: 2 * blockBytes,
    sums,
    rowSumBytes: PARTIAL_BYTES,
    partial,
    bytes: partial + config.rows * PARTIAL_BYTES,
  };
}

/** Statements that set $x0 to the maxima of four rows, a lane each, from their partial vectors at $partial. */
function foldMaxima(config: WasmConfiguration, first: number): string {
  const fold = (a: string, b: string) => `(f32x4.pmax ${a} ${b})`;
  return `
${times(4, (i) => set(`x${i}`, partialMaximum(config, Math.min(first + i, config.rows - 1))))}
${set('y0', fold(interleave('x0', 'x1', 'low'), interleave('x0', 'x1', 'high')))}
${set('y1', fold(interleave('x2', 'x3', 'low'), interleave('x2', 'x3', 'high')))}
${set('x0', fold(joinHalves('y0', 'y1', 'low'), joinHalves('y0', 'y1', 'high')))}`;
}

/** The partial maxima of a row of the group, in four lanes. */
function partialMaximum(config: WasmConfiguration, row: number): string {
  const at = statistics(config).partial + row * PARTIAL_BYTES;
  return `(f32x4.pmax (v128.load offset=${at} ${get('stats0')}) (v128.load offset=${at + 16} ${get('stats0')}))`;
}

/**
 * $softmax: the $count scores (a multiple of the panel width) of each of the tile's rows from $scores become weights
 * e^(s - m); m, l and the rescale factor e^(m_before - m) of the rows are at $stats, see statistics().
 *
 * m' = max(m, s), l' = l e^(m - m') + sum of weights. Both passes run a panel width at a time through neighbouring
 * vectors and one pointer, and end in stores: the form that V8's revectoriser packs in pairs. Maxima are folded four rows at a
 * time, a lane each; sums stay in 8 lanes to the end.
 */
export function emitSoftmax(config: WasmConfiguration, features: Features): string {
  const multiplyAdd = multiplyAddOf(features);
  const { shift, exponent, rescale } = baseTwo(features);
  const at = statistics(config);
  const each = (emit: (i: number) => string, count: number) => times(count, emit);
  const rowBytes = config.blockKeys * 4;
  /** A pass over all rows: `before` sets the accumulators $t0 and $t1, which go to $partial, one row's place after the other. */
  const pass = (label: string, partial: string, before: string, body: string) => `
${set('row', get('scores'))}
${set('partial', partial)}
(loop $${label}_rows
${before}
${set('p', get('row'))}
${set('end', add(get('row'), `(i32.shl ${get('count')} ${i32(2)})`))}
(loop $${label}
${body}
${set('p', add(get('p'), i32(panelWidth(config) * 4)))}
(br_if $${label} (i32.lt_u ${get('p')} ${get('end')})))
${downwards(2, (i) => `(v128.store offset=${i * 16} ${get('partial')} ${get(`t${i}`)})`)}
${set('row', add(get('row'), i32(rowBytes)))}
${set('partial', add(get('partial'), i32(PARTIAL_BYTES)))}
(br_if $${label}_rows (i32.lt_u ${get('row')} ${get('lastRow')})))`;
  const fours = Array.from({ length: Math.ceil(config.rows / 4) }, (_, i) => i);
  const store = (what: number, four: number, value: string) =>
    `(v128.store offset=${what + four * 16} ${get('stats')} ${value})`;

  const move = fours
    .map(
      (four) => `${foldMaxima(config, four * 4)}
${set('before', `(v128.load offset=${at.maximum + four * 16} ${get('stats')})`)}
${set('after', `(f32x4.pmax ${get('before')} ${get('x0')})`)}
${store(at.maximum, four, get('after'))}
${store(at.shift, four, shift)}
${set('x0', rescale)}
${exp2InPlace('x0', multiplyAdd).join('\n')}
${store(at.rescale, four, get('x0'))}`,
    )
    .join('\n');

  /** Vectors whose exponentials are taken side by side: two pairs where the panel has them and the pairs share registers. */
  const abreast = Math.min(4, config.vectors);
  const weights = (clamp: boolean) => (group: number) =>
    `
${each((i) => set(`x${i}`, exponent(`(v128.load offset=${(group * abreast + i) * 16} ${get('p')})`)), abreast)}
${interleaved(abreast, multiplyAdd, clamp)}
${downwards(abreast, (i) => `(v128.store offset=${(group * abreast + i) * 16} ${get('p')} ${get(`x${i}`)})`)}
${each((i) => set(`t${i % 2}`, `(f32x4.add ${get(`t${i % 2}`)} ${get(`x${i}`)})`), abreast)}`;

  const weightsPass = (clamp: boolean, sums: string) => `
${set('rowStats', get('stats'))}
${pass(
  'weights',
  sumsOf(config),
  `${sums}
${set('shift', `(v128.load32_splat offset=${at.shift} ${get('rowStats')})`)}
${set('rowStats', add(get('rowStats'), i32(4)))}`,
  each(weights(clamp), config.vectors / abreast),
)}`;
  const sum = (i: number) => `(v128.load offset=${i * 16} ${get('partial')})`;
  const common = `(param $scores i32) (param $count i32) (param $stats i32) (param $stats0 i32)
(local $row i32) (local $lastRow i32) (local $t0 v128) (local $t1 v128) (local $partial i32) (local $rowStats i32) (local $p i32) (local $end i32)
(local $log2e v128) (local $shift v128) (local $before v128) (local $after v128) (local $y0 v128) (local $y1 v128)
${exp2Locals}
${times(4, (i) => exp2Vector(`x${i}`))}
${exp2Constants}
${set('log2e', splat(Math.LOG2E))}
${set('lastRow', add(get('scores'), i32(config.rows * rowBytes)))}`;
  return `
;; online softmax of $count scores of ${config.rows} rows from $scores; their statistics at $stats, in the block of statistics at $stats0
(func $softmax ${common}
${pass(
  'maxima',
  add(get('stats0'), i32(at.partial)),
  each((i) => set(`t${i}`, splat(LOWEST)), 2),
  each(
    (i) => set(`t${i % 2}`, `(f32x4.pmax ${get(`t${i % 2}`)} (v128.load offset=${i * 16} ${get('p')}))`),
    config.vectors,
  ),
)}
${move}
${weightsPass(
  true,
  `${set('shift', `(v128.load32_splat offset=${at.rescale} ${get('rowStats')})`)}
${each((i) => set(`t${i}`, `(f32x4.mul ${get('shift')} ${sum(i)})`), 2)}`,
)}
)
;; the same where logits are bounded: m stays as it is, and no exponent needs raising
(func $softmax_bounded ${common}
${fours.map((four) => store(at.rescale, four, splat(1))).join('\n')}
${weightsPass(
  false,
  each((i) => set(`t${i}`, sum(i)), 2),
)}
)`;
}

/** Where the partial sums of the group at $stats begin: groups are as far apart as their rows take. */
function sumsOf(config: WasmConfiguration): string {
  const at = statistics(config);
  const scale = i32((config.rows * PARTIAL_BYTES) / at.groupBytes);
  return add(add(get('stats0'), i32(at.sums)), `(i32.mul (i32.sub ${get('stats')} ${get('stats0')}) ${scale})`);
}

/** The exponentials of $x0.., statement by statement across the vectors, so that neighbours stay neighbours. */
export function interleaved(vectors: number, multiplyAdd: MultiplyAdd, clamp = true): string {
  const exponentials = Array.from({ length: vectors }, (_, i) => exp2InPlace(`x${i}`, multiplyAdd, clamp));
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
