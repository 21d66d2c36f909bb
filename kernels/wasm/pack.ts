/** WAT of `pack`: K and V of one KV head, from [token, dim] rows to the panels that the products stream through. */

import { panelWidth, type WasmConfiguration } from './configuration.ts';
import { add, get, i32, interleave, joinHalves, largestLane, loop, min, mul, set, splat, sub, times } from './wat.ts';

/**
 * Packs panels first <= p < last of K and V; a panel is W = 4 * vectors keys.
 *
 * packedK is [key panel][dim][W keys]; packedV is [key block][dim panel][key, padded][W dims], each block as the products read
 * it from one end to the other, or with values 'rows' [key, padded][dim].
 * Keys past seqKv are zeros, read from address 0, where the host keeps a row of them: their weight is 0 and 0 times anything
 * finite is 0. Where $packedV is $v, V lies as the products want it and stays there.
 */
export function emitPack(headDim: number, config: WasmConfiguration): string {
  const width = panelWidth(config);
  const keyAddress = (base: string, key: string) =>
    `(select ${add(get(base), mul(key, '(global.get $kvStride)'))} ${i32(0)} (i32.lt_s ${key} (global.get $seqKv)))`;

  // Four keys by four dims: the usual transposition by interleaving, low halves then high halves.
  const transpose = `
${times(4, (i) => set(`x${i}`, `(v128.load ${add(get(`r${i}`), get('d'))})`))}
${set('y0', interleave('x0', 'x1', 'low'))}
${set('y1', interleave('x0', 'x1', 'high'))}
${set('y2', interleave('x2', 'x3', 'low'))}
${set('y3', interleave('x2', 'x3', 'high'))}
${set('to', add(get('toK'), mul(get('d'), i32(width))))}
${times(
  4,
  (i) => `
${set(`x${i}`, joinHalves(`y${i < 2 ? 0 : 1}`, `y${i < 2 ? 2 : 3}`, i % 2 === 0 ? 'low' : 'high'))}
(v128.store offset=${i * width * 4} ${get('to')} ${get(`x${i}`)})
${set('squares', `(f32x4.add ${get('squares')} (f32x4.mul ${get(`x${i}`)} ${get(`x${i}`)}))`)}`,
)}`;

  // One row after the other, or its dims to the panels that hold them.
  const rows = config.values === 'rows';
  const step = rows ? i32(width * 4) : mul(get('blockLength'), i32(width * 4));
  const target = rows
    ? mul(get('key'), i32(headDim * 4))
    : add(mul(get('blockStart'), i32(headDim * 4)), mul(sub(get('key'), get('blockStart')), i32(width * 4)));
  const values = loop(
    'key',
    sub(get('end'), i32(width)),
    get('end'),
    i32(1),
    `
${set('from', keyAddress('v', get('key')))}
${set('to', add(get('packedV'), target))}
${loop(
  'd',
  i32(0),
  i32(headDim),
  i32(width),
  `
${times(config.vectors, (i) => `(v128.store offset=${i * 16} ${get('to')} (v128.load offset=${i * 16} ${get('from')}))`)}
${set('from', add(get('from'), i32(width * 4)))}
${set('to', add(get('to'), step))}`,
)}`,
  );

  return `
;; Packs panels $first to $last (exclusive) of one KV head; the largest |k|^2 of each panel goes to $norms.
(func (export "pack") (param $k i32) (param $v i32) (param $packedK i32) (param $packedV i32) (param $first i32) (param $last i32) (param $norms i32)
(local $squares v128) (local $largest v128) (local $panel i32) (local $blockStart i32) (local $blockLength i32) (local $key i32) (local $end i32) (local $d i32) (local $from i32) (local $to i32) (local $toK i32)
${times(4, (i) => `(local $r${i} i32) (local $x${i} v128) (local $y${i} v128)`)}
${loop(
  'panel',
  get('first'),
  get('last'),
  i32(1),
  `
${set('key', mul(get('panel'), i32(width)))}
${set('end', add(get('key'), i32(width)))}
${set('blockStart', mul(`(i32.div_u ${get('key')} ${i32(config.blockKeys)})`, i32(config.blockKeys)))}
${set('blockLength', min(i32(config.blockKeys), sub('(global.get $keysPadded)', get('blockStart'))))}
${set('toK', add(get('packedK'), mul(get('panel'), i32(headDim * width * 4))))}
;; K: transposed, four keys at a time
${set('largest', splat(0))}
${loop(
  'key',
  get('key'),
  get('end'),
  i32(4),
  `
${times(4, (i) => set(`r${i}`, keyAddress('k', add(get('key'), i32(i)))))}
${set('squares', splat(0))}
${loop('d', i32(0), i32(headDim * 4), i32(16), transpose)}
${set('largest', `(f32x4.max ${get('largest')} ${get('squares')})`)}
${set('toK', add(get('toK'), i32(16)))}`,
)}
(f32.store ${add(get('norms'), `(i32.shl ${get('panel')} ${i32(2)})`)} ${largestLane('largest')})
;; V: row by row
${config.values === 'rows' ? `;; unless it is used where it lies\n(if (i32.ne ${get('packedV')} ${get('v')}) (then ${values}))` : values}`,
)}
)`;
}
