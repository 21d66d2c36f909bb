/** WAT of the online softmax of one row of scores, its exponential a polynomial in base 2. */

import type { Features } from '../kernel.ts';
import { type MultiplyAdd, multiplyAddOf } from './products.ts';
import { panelWidth, type WasmTile } from './tile.ts';
import { add, get, i32, set, times } from './wat.ts';

/** Below every logit that 32-bit inputs of sane size give; the running maximum starts here. */
export const LOWEST = '-0x1p+100';
/** What masked scores are set to: far below LOWEST, so that it never becomes a maximum. */
export const MASKED = '-0x1p+126';
/** 2^-125 is still a normal number: weights below it are kept there, since denormal operands are slow. */
const SMALLEST_EXPONENT = -125;
/** Adding 1.5 * 2^23 rounds to an integer, which then sits in the low bits of the sum. */
const ROUNDER = 12582912;

/**
 * 2^f = 1 + f g(f) on [-1/2, 1/2], g of degree 5: Chebyshev interpolation, relative error 5e-9, so that rounding
 * in f32 (6e-8) is what remains.
 */
const EXP2_TERMS = [
  0.00015453162941960995, 0.0013390863364651736, 0.009618082557286533, 0.055503571142191135, 0.24022650760568082,
  0.6931471880262287, 1,
];

const splat = (value: string | number) => `(f32x4.splat (f32.const ${value}))`;

/** Statements that set $name to 2^x, x being the vector local $name itself on entry. */
export function exp2InPlace(name: string, multiplyAdd: MultiplyAdd): string[] {
  const horner = EXP2_TERMS.slice(1).reduce(
    (sum, term) => multiplyAdd(sum, get(`${name}f`), splat(term)),
    splat(EXP2_TERMS[0] ?? 0),
  );
  return [
    set(name, `(f32x4.pmax ${get(name)} ${splat(SMALLEST_EXPONENT)})`),
    set(`${name}n`, `(f32x4.add ${get(name)} ${splat(ROUNDER)})`),
    set(`${name}f`, `(f32x4.sub ${get(name)} (f32x4.sub ${get(`${name}n`)} ${splat(ROUNDER)}))`),
    set(name, `(i32x4.add ${horner} (i32x4.shl ${get(`${name}n`)} ${i32(23)}))`),
  ];
}

/**
 * How (s - m) log2(e) is computed so that large logits lose nothing to the change of base: with a fused multiply-add as
 * s log2(e) - M, M being m log2(e) rounded, the same for every key of the row; without one as a product of the difference.
 */
function baseTwo(features: Features) {
  const log2e = Math.LOG2E;
  return features.relaxedSimd
    ? {
        constant: `(f32.neg (f32.mul ${get('after')} (f32.const ${log2e})))`,
        exponent: (score: string) => `(f32x4.relaxed_madd ${score} ${splat(log2e)} ${get('m')})`,
        rescale: `(f32.sub (f32.mul ${get('before')} (f32.const ${log2e})) (f32.mul ${get('after')} (f32.const ${log2e})))`,
      }
    : {
        constant: get('after'),
        exponent: (score: string) => `(f32x4.mul (f32x4.sub ${score} ${get('m')}) ${splat(log2e)})`,
        rescale: `(f32.mul (f32.sub ${get('before')} ${get('after')}) (f32.const ${log2e}))`,
      };
}

/** Lanes of the vector expression local folded with a scalar operation. */
function horizontal(name: string, operation: string): string {
  const lane = (i: number) => `(f32x4.extract_lane ${i} ${get(name)})`;
  return `(${operation} (${operation} ${lane(0)} ${lane(1)}) (${operation} ${lane(2)} ${lane(3)}))`;
}

/**
 * $softmax: the $count scores at $row (a multiple of the panel width) become weights e^(s - m); m, l and the rescale
 * factor e^(m_before - m) of the row are at $stats, +blockRows and +2 blockRows floats.
 *
 * m' = max(m, s), l' = l e^(m - m') + sum of weights. Both passes run a panel width at a time through neighbouring
 * vectors and one pointer, the form that V8's revectoriser packs in pairs.
 */
export function emitSoftmax(tile: WasmTile, features: Features): string {
  const multiplyAdd = multiplyAddOf(features);
  const { constant, exponent, rescale } = baseTwo(features);
  const vectors = tile.vectors;
  const step = panelWidth(tile) * 4;
  const each = (emit: (i: number) => string) => times(vectors, emit);
  /** Folds the `vectors` accumulators $prefix0.. into $prefix0 with a vector operation. */
  const fold = (prefix: string, operation: string) =>
    times(vectors - 1, (i) => set(`${prefix}0`, `(${operation} ${get(`${prefix}0`)} ${get(`${prefix}${i + 1}`)})`));
  const locals = each(
    (i) => `(local $h${i} v128) (local $t${i} v128) (local $x${i} v128) (local $x${i}n v128) (local $x${i}f v128)`,
  );
  const walk = (body: string) => `
${set('p', get('row'))}
(loop $next${body.length}
${body}
${set('p', add(get('p'), i32(step)))}
(br_if $next${body.length} (i32.lt_u ${get('p')} ${get('end')})))`;
  const exponentials = Array.from({ length: vectors }, (_, i) => exp2InPlace(`x${i}`, multiplyAdd));
  // Statement by statement across the vectors, so that neighbours stay neighbours.
  const interleaved = (exponentials[0] ?? [])
    .map((_, line) => exponentials.map((lines) => lines[line]).join('\n'))
    .join('\n');

  return `
;; online softmax of $count scores of one row
(func $softmax (param $row i32) (param $count i32) (param $stats i32)
(local $p i32) (local $end i32) (local $before f32) (local $after f32) (local $rescale f32) (local $m v128)
${locals}
${set('end', add(get('row'), `(i32.shl ${get('count')} ${i32(2)})`))}
${each((i) => set(`h${i}`, splat(LOWEST)))}
${walk(each((i) => set(`h${i}`, `(f32x4.pmax ${get(`h${i}`)} (v128.load offset=${i * 16} ${get('p')}))`)))}
${fold('h', 'f32x4.pmax')}
${set('before', `(f32.load ${get('stats')})`)}
${set('after', `(f32.max ${get('before')} ${horizontal('h0', 'f32.max')})`)}
(f32.store ${get('stats')} ${get('after')})
${set('x0', `(f32x4.splat ${rescale})`)}
${exp2InPlace('x0', multiplyAdd).join('\n')}
${set('rescale', `(f32x4.extract_lane 0 ${get('x0')})`)}
(f32.store offset=${tile.blockRows * 8} ${get('stats')} ${get('rescale')})
${set('m', `(f32x4.splat ${constant})`)}
${walk(`
${each((i) => set(`x${i}`, exponent(`(v128.load offset=${i * 16} ${get('p')})`)))}
${interleaved}
${each((i) => `(v128.store offset=${i * 16} ${get('p')} ${get(`x${i}`)})`)}
${each((i) => set(`t${i}`, `(f32x4.add ${get(`t${i}`)} ${get(`x${i}`)})`))}`)}
${fold('t', 'f32x4.add')}
(f32.store offset=${tile.blockRows * 4} ${get('stats')}
(f32.add (f32.mul ${get('rescale')} (f32.load offset=${tile.blockRows * 4} ${get('stats')})) ${horizontal('t0', 'f32.add')}))
)`;
}

/** $fill: the floats from $p up to $end become $value. */
export const emitFill = `
(func $fill (param $p i32) (param $end i32) (param $value f32)
(block $done (loop $next
(br_if $done (i32.ge_u ${get('p')} ${get('end')}))
(f32.store ${get('p')} ${get('value')})
${set('p', add(get('p'), i32(4)))}
(br $next))))`;
