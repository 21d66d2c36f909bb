/** WAT of the two register-tiled matrix products: scores = q k^T, and sums = sums * rescale + p v. */

import type { Features } from '../device.ts';
import { panelWidth, type WasmConfiguration } from './configuration.ts';
import { add, downwards, get, i32, set, times } from './wat.ts';

/** The arithmetic that a variant has: fused multiply-add where relaxed SIMD is there, else a product and a sum. */
export type MultiplyAdd = (a: string, b: string, c: string) => string;

const fused: MultiplyAdd = (a, b, c) => `(f32x4.relaxed_madd ${a} ${b} ${c})`;
const plain: MultiplyAdd = (a, b, c) => `(f32x4.add (f32x4.mul ${a} ${b}) ${c})`;

export function multiplyAddOf(features: Features): MultiplyAdd {
  return features.relaxedSimd ? fused : plain;
}

const accumulators = (config: WasmConfiguration) =>
  times(config.rows, (r) => Array.from({ length: config.vectors }, (_, i) => `(local $c${r}_${i} v128)`).join(' '));

/**
 * One step of the contracted dimension, `step` being its place in an unrolled run: a panel row of `vectors` vectors
 * from $b, one broadcast a tile row from $a, and rows x vectors multiply-adds.
 */
function productStep(
  config: WasmConfiguration,
  step: number,
  rowBytes: number,
  panelBytes: number,
  multiplyAdd: MultiplyAdd,
): string {
  const load = times(config.vectors, (i) =>
    set(`b${i}`, `(v128.load offset=${step * panelBytes + i * 16} ${get('b')})`),
  );
  const rows = times(
    config.rows,
    (r) => `
${set('s', `(v128.load32_splat offset=${r * rowBytes + step * 4} ${get('a')})`)}
${times(config.vectors, (i) => set(`c${r}_${i}`, multiplyAdd(get('s'), get(`b${i}`), get(`c${r}_${i}`))))}`,
  );
  return `${load}\n${rows}`;
}

/** The contracted dimension from $a to $end, `rowBytes` between the rows of $a, `panelBytes` between those of $b. */
export function productLoop(
  config: WasmConfiguration,
  rowBytes: number,
  multiplyAdd: MultiplyAdd,
  panelBytes = panelWidth(config) * 4,
): string {
  return `
(loop $next
${times(config.unroll, (step) => productStep(config, step, rowBytes, panelBytes, multiplyAdd))}
${set('a', add(get('a'), i32(config.unroll * 4)))}
${set('b', add(get('b'), i32(config.unroll * panelBytes)))}
(br_if $next (i32.lt_u ${get('a')} ${get('end')})))`;
}

/** Rows of the tile to memory, each pair of vectors from its upper half down: the other way V8 stores the lower half twice. */
const storeTile = (config: WasmConfiguration, rowBytes: number) =>
  times(config.rows, (r) =>
    downwards(config.vectors, (i) => `(v128.store offset=${r * rowBytes + i * 16} ${get('c')} ${get(`c${r}_${i}`)})`),
  );

/** The locals of a product: its end, a broadcast, a panel row and the tile. */
export function productLocals(config: WasmConfiguration): string {
  const panel = Array.from({ length: config.vectors }, (_, i) => `(local $b${i} v128)`).join(' ');
  return `(local $end i32) (local $s v128) ${panel}\n${accumulators(config)}`;
}

/** $scores: the tile at $c (rows blockKeys floats apart) = rows at $a (headDim floats apart) times the K panel at $b. */
export function emitScores(headDim: number, config: WasmConfiguration, multiplyAdd: MultiplyAdd): string {
  return `
;; ${config.rows} rows x ${panelWidth(config)} keys of scores, over all ${headDim} dims
(func $scores (param $a i32) (param $b i32) (param $c i32)
${productLocals(config)}
${set('end', add(get('a'), i32(headDim * 4)))}
${productLoop(config, headDim * 4, multiplyAdd)}
${storeTile(config, config.blockKeys * 4)}
)`;
}

/**
 * $values: the tile at $c (rows headDim floats apart) = itself times rescale[row] + weights at $a (rows blockKeys floats
 * apart, $depth of them, a multiple of the unrolling and above 0) times the V panel at $b, or 16 columns of its rows.
 */
export function emitValues(headDim: number, config: WasmConfiguration, multiplyAdd: MultiplyAdd): string {
  const sum = (r: number, i: number) => `(v128.load offset=${r * headDim * 4 + i * 16} ${get('c')})`;
  const plain = times(config.rows, (r) => times(config.vectors, (i) => set(`c${r}_${i}`, sum(r, i))));
  const scaled = times(
    config.rows,
    (r) => `
${set('s', `(v128.load32_splat offset=${r * 4} ${get('rescale')})`)}
${times(config.vectors, (i) => set(`c${r}_${i}`, `(f32x4.mul ${get('s')} ${sum(r, i)})`))}`,
  );
  const unmoved = Array.from(
    { length: config.rows },
    (_, r) => `(f32.eq (f32.load offset=${r * 4} ${get('rescale')}) (f32.const 1))`,
  ).reduce((all, one) => `(i32.and ${all} ${one})`);
  const load = config.rescale === 'always' ? scaled : `(if ${unmoved}\n(then\n${plain})\n(else\n${scaled}))`;
  return `
;; ${config.rows} rows x ${panelWidth(config)} dims of the output sums, over $depth keys
(func $values (param $a i32) (param $b i32) (param $c i32) (param $rescale i32) (param $depth i32)
${productLocals(config)}
${load}
${set('end', add(get('a'), `(i32.shl ${get('depth')} ${i32(2)})`))}
${productLoop(config, config.blockKeys * 4, multiplyAdd, config.values === 'rows' ? headDim * 4 : panelWidth(config) * 4)}
${storeTile(config, headDim * 4)}
)`;
}
