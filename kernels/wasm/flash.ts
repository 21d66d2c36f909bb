/** wasm-flash: flash attention in WebAssembly SIMD, two register-tiled products around an online softmax. */

import type { Features, Kernel, WasmProgram } from '../kernel.ts';
import { unsupportedShape } from '../shapes.ts';
import { wasmTile } from '../tiles.ts';
import { wasmCandidates, wasmTileProblem } from './candidates.ts';
import { emitPack } from './pack.ts';
import { emitScores, emitValues, multiplyAddOf } from './products.ts';
import { emitFill, emitSoftmax, LOWEST, MASKED } from './softmax.ts';
import { panelWidth, type WasmTile } from './tile.ts';
import { add, get, i32, indent, loop, max, min, mul, roundUp, set, sub, times } from './wat.ts';

export const wasmFlash: Kernel = {
  name: 'wasm-flash',
  backend: 'wasm',
  summary: 'WebAssembly SIMD on all cores: packed K and V, register-tiled products, online softmax in the cache',
  unsupported: unsupportedShape,
  build: (workload, features) => emitWasmFlash(workload.headDim, wasmTile(features), features),
  tunable: {
    shipped: (_, features) => ({ ...wasmTile(features) }),
    candidates: wasmCandidates,
    problem: wasmTileProblem,
    build: (workload, features, tile) => emitWasmFlash(workload.headDim, tile as unknown as WasmTile, features),
  },
};

/** The program for a head dimension, tile and feature set; sequence lengths, strides and the mask are arguments of it. */
export function emitWasmFlash(headDim: number, tile: WasmTile, features: Features): WasmProgram {
  const multiplyAdd = multiplyAddOf(features);
  const globals = ['seqKv', 'keysPadded', 'lowOffset', 'highOffset', 'qStride', 'kvStride'];
  const text = indent(`
;; Flash attention, head dimension ${headDim}. Register tile ${tile.rows} x ${tile.vectors} vectors, ${tile.blockRows} query rows x ${tile.blockKeys} keys a block.
;; Strides are in bytes. Address 0 holds a row of zeros.
(module
(import "host" "memory" (memory 1 65536 shared))
${globals.map((name) => `(global $${name} (mut i32) ${i32(0)})`).join('\n')}
(global $scale (mut f32) (f32.const 0))
(func (export "configure") ${globals.map((name) => `(param $${name} i32)`).join(' ')} (param $scale f32)
${globals.map((name) => `(global.set $${name} ${get(name)})`).join('\n')}
(global.set $scale ${get('scale')}))
${emitPack(headDim, tile)}
${emitScores(headDim, tile, multiplyAdd)}
${emitValues(headDim, tile, multiplyAdd)}
${emitSoftmax(tile, features)}
${emitFill}
${emitAttend(headDim, tile)}
)`);
  return {
    kind: 'wasm',
    text,
    blockRows: tile.blockRows,
    keyMultiple: panelWidth(tile),
    scratchBytes: scratchLayout(headDim, tile).bytes,
  };
}

/** Byte offsets of a thread's private block: scaled q, output sums, scores, then the three statistics of each row. */
function scratchLayout(headDim: number, tile: WasmTile) {
  const q = 0;
  const sums = q + tile.blockRows * headDim * 4;
  const scores = sums + tile.blockRows * headDim * 4;
  const stats = scores + tile.blockRows * tile.blockKeys * 4;
  return { q, sums, scores, stats, bytes: stats + tile.blockRows * 12 };
}

/**
 * `attend`: one work unit. For each block of keys: scores of all rows, panel by panel so that a panel is read once from
 * the second-level cache; softmax row by row; then sums += p v, again panel by panel. Row groups that see nothing of a
 * panel skip it, so only blocks on the diagonal do masked work.
 */
function emitAttend(headDim: number, tile: WasmTile): string {
  const width = panelWidth(tile);
  const at = scratchLayout(headDim, tile);
  const rowBytes = headDim * 4;
  const scoreRowBytes = tile.blockKeys * 4;
  /** First key not seen by row $name (a row of the whole sequence), at least 0 and at most seqKv. */
  const high = (row: string) => min(max(add(row, '(global.get $highOffset)'), i32(0)), '(global.get $seqKv)');
  const low = (row: string) => max(add(row, '(global.get $lowOffset)'), i32(0));
  /** Keys of this block, rounded up to panels, that any row of the group starting at $row sees. */
  const groupCount = set(
    'groupKeys',
    min(
      max(roundUp(sub(high(add(get('firstRow'), add(get('row'), i32(tile.rows - 1)))), get('key')), width), i32(0)),
      get('keys'),
    ),
  );
  const overGroups = (body: string) => loop('row', i32(0), get('padded'), i32(tile.rows), body);

  const load = loop(
    'row',
    i32(0),
    get('padded'),
    i32(1),
    `
${set('to', add(get('scratch'), mul(get('row'), i32(rowBytes))))}
;; rows past the end repeat the zeros at address 0
${set('from', `(select ${add(get('q'), mul(get('row'), '(global.get $qStride)'))} ${i32(0)} (i32.lt_s ${get('row')} ${get('rows')}))`)}
${loop(
  'd',
  i32(0),
  i32(rowBytes),
  i32(16),
  `
(v128.store ${add(get('to'), get('d'))} (f32x4.mul ${get('scale')} (v128.load ${add(get('from'), get('d'))})))
(v128.store offset=${at.sums} ${add(get('to'), get('d'))} (v128.const i32x4 0 0 0 0))`,
)}
${set('stats', add(get('scratch'), add(i32(at.stats), mul(get('row'), i32(4)))))}
(f32.store ${get('stats')} (f32.const ${LOWEST}))
(f32.store offset=${tile.blockRows * 4} ${get('stats')} (f32.const 0))`,
  );

  const panelAddress = set('from', add(get('packedK'), mul(add(get('key'), get('panel')), i32(rowBytes))));
  const groupScores = `
(call $scores
${add(get('scratch'), mul(get('row'), i32(rowBytes)))}
${get('from')}
${add(get('scratch'), add(i32(at.scores), add(mul(get('row'), i32(scoreRowBytes)), `(i32.shl ${get('panel')} ${i32(2)})`)))})`;
  const scorePanels = loop(
    'panel',
    i32(0),
    get('keys'),
    i32(width),
    `
${panelAddress}
${overGroups(`
${groupCount}
(if (i32.lt_s ${get('panel')} ${get('groupKeys')}) (then ${groupScores}))`)}`,
  );

  const softmaxRow = (index: string) => `
${set('position', add(get('firstRow'), index))}
${set('stats', add(get('scratch'), add(i32(at.stats), `(i32.shl ${index} ${i32(2)})`)))}
${set('to', add(get('scratch'), add(i32(at.scores), mul(index, i32(scoreRowBytes)))))}
${set('end', add(get('to'), `(i32.shl ${get('groupKeys')} ${i32(2)})`))}
${set('low', add(get('to'), `(i32.shl ${min(max(sub(low(get('position')), get('key')), i32(0)), get('groupKeys'))} ${i32(2)})`))}
${set('high', add(get('to'), `(i32.shl ${min(max(sub(high(get('position')), get('key')), i32(0)), get('groupKeys'))} ${i32(2)})`))}
(if (i32.ge_u ${get('low')} ${get('high')})
(then
;; nothing of this block is seen: no weight, and the sums stay as they are
(call $fill ${get('to')} ${get('end')} (f32.const 0))
(f32.store offset=${tile.blockRows * 8} ${get('stats')} (f32.const 1)))
(else
(call $fill ${get('to')} ${get('low')} (f32.const ${MASKED}))
(call $fill ${get('high')} ${get('end')} (f32.const ${MASKED}))
(call $softmax ${get('to')} ${get('groupKeys')} ${get('stats')})
(call $fill ${get('to')} ${get('low')} (f32.const 0))
(call $fill ${get('high')} ${get('end')} (f32.const 0))))`;

  const softmaxGroup = loop('r', get('row'), add(get('row'), i32(tile.rows)), i32(1), softmaxRow(get('r')));
  const softmaxRows = overGroups(`
${groupCount}
(if ${get('groupKeys')} (then
${softmaxGroup}))`);
  // The other order: a row group's scores from all panels, then its softmax, before the next group begins.
  const scoresAndSoftmax = overGroups(`
${groupCount}
(if ${get('groupKeys')} (then
${loop('panel', i32(0), get('groupKeys'), i32(width), `${panelAddress}\n${groupScores}`)}
${softmaxGroup}))`);

  const valuePanels = loop(
    'panel',
    i32(0),
    i32(headDim),
    i32(width),
    `
${set('from', add(get('packedV'), mul(add(mul(get('panel'), '(global.get $keysPadded)'), mul(get('key'), i32(width))), i32(4))))}
${overGroups(`
${groupCount}
(if ${get('groupKeys')} (then
(call $values
${add(get('scratch'), add(i32(at.scores), mul(get('row'), i32(scoreRowBytes))))}
${get('from')}
${add(get('scratch'), add(i32(at.sums), add(mul(get('row'), i32(rowBytes)), `(i32.shl ${get('panel')} ${i32(2)})`)))}
${add(get('scratch'), add(i32(at.stats + tile.blockRows * 8), `(i32.shl ${get('row')} ${i32(2)})`))}
${get('groupKeys')})))`)}`,
  );

  const store = loop(
    'row',
    i32(0),
    get('rows'),
    i32(1),
    `
${set('from', add(get('scratch'), mul(get('row'), i32(rowBytes))))}
${set('to', add(get('o'), mul(get('row'), '(global.get $qStride)')))}
${set('total', `(f32.load offset=${at.stats + tile.blockRows * 4} ${add(get('scratch'), `(i32.shl ${get('row')} ${i32(2)})`)})`)}
;; a row that saw no key has l = 0 and gives zeros
${set('scale', `(f32x4.splat (select (f32.div (f32.const 1) ${get('total')}) (f32.const 0) (f32.gt ${get('total')} (f32.const 0))))`)}
${loop('d', i32(0), i32(rowBytes), i32(16), `(v128.store ${add(get('to'), get('d'))} (f32x4.mul ${get('scale')} (v128.load offset=${at.sums} ${add(get('from'), get('d'))})))`)}`,
  );

  const names = [
    'padded',
    'row',
    'r',
    'd',
    'key',
    'lastKey',
    'keys',
    'groupKeys',
    'panel',
    'from',
    'to',
    'end',
    'low',
    'high',
    'position',
    'stats',
  ];
  return `
;; One work unit: $rows query rows from $firstRow of the sequence; q and o point at the first, packedK and packedV at the KV head.
(func (export "attend") (param $q i32) (param $o i32) (param $rows i32) (param $firstRow i32) (param $packedK i32) (param $packedV i32) (param $scratch i32)
${times(names.length, (i) => `(local $${names[i]} i32)`)}
(local $scale v128) (local $total f32)
${set('padded', mul(`(i32.div_u ${add(get('rows'), i32(tile.rows - 1))} ${i32(tile.rows)})`, i32(tile.rows)))}
${set('scale', '(f32x4.splat (global.get $scale))')}
${load}
${set('position', sub(add(get('firstRow'), get('rows')), i32(1)))}
${set('lastKey', high(get('position')))}
;; from the first block that any row sees to the last
${loop(
  'key',
  mul(`(i32.div_u ${low(get('firstRow'))} ${i32(tile.blockKeys)})`, i32(tile.blockKeys)),
  get('lastKey'),
  i32(tile.blockKeys),
  `
${set('keys', min(i32(tile.blockKeys), roundUp(sub(get('lastKey'), get('key')), width)))}
${tile.softmax === 'after-block' ? `${scorePanels}\n${softmaxRows}` : scoresAndSoftmax}
${valuePanels}`,
)}
${store}
)`;
}
