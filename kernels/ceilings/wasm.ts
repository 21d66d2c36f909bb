/**
 * What WebAssembly can do at best on a CPU: multiply-adds from the first-level cache, exponentials, and memory reads.
 *
 * A ceiling is a kernel with the exports of any other, so that it runs on the same threads, on the same work tiles and in the same rounds; in
 * place of attention it does as many operations as the attention of its work tiles would take.
 */

import { pairFlops } from '../../src/problem/flops.ts';
import type { Workload } from '../../src/problem/workload.ts';
import { wasmConfiguration } from '../configurations.ts';
import type { DeviceProfile, Features } from '../device.ts';
import type { WasmProgram } from '../kernel.ts';
import { panelWidth, type WasmConfiguration } from '../wasm/configuration.ts';
import { type MultiplyAdd, multiplyAddOf, productLocals, productLoop } from '../wasm/products.ts';
import { emitSoftmax, exp2Constants, exp2Locals, exp2Vector, interleaved, statistics } from '../wasm/softmax.ts';
import { add, downwards, get, i32, indent, loop, max, min, mul, set, sub, times } from '../wasm/wat.ts';
import type { Probe } from './probe.ts';

/** Steps of the contracted dimension before the pointers go back to the start: the depth of a product at head dimension 128. */
const DEPTH = 128;
const BLOCK_ROWS = 48;

/** Register tiles to try, rows x vectors; which is best differs between engines and widths. */
const NARROW_TILES = ['6x2', '5x2', '4x2', '4x3', '3x4'] as const;
const WIDE_TILES = ['6x4', '5x4', '4x4', '3x4', '2x8'] as const;

function tileOf(name: string): WasmConfiguration {
  const [rows = 1, vectors = 1] = name.split('x').map(Number);
  const words = { rescale: 'always', order: 'groups', maxima: 'always', values: 'panels' } as const;
  return { rows, vectors, blockRows: BLOCK_ROWS, blockKeys: DEPTH, unroll: 4, ...words };
}

/** The multiply-add ceilings of a feature set, one for each tile; the fastest of them is the ceiling. */
export function multiplyAddCeilings(features: Features): Probe[] {
  return (features.simd256 ? WIDE_TILES : NARROW_TILES).map((name) => ({
    name: `wasm-multiply-add-${name}`,
    backend: 'wasm',
    summary: `multiply-adds in a register tile of ${name} vectors over a panel in the first-level cache`,
    unsupported: () => undefined,
    operationsPerFlop: () => 1,
    // Every step of a panel adds 2^-20 to every sum.
    expected: (w) => 2 ** -20 * DEPTH * Math.round(workTileFlops(w, BLOCK_ROWS) / panelFlops(tileOf(name))),
    build: (workload, built) => emitMultiplyAdd(workload.headDim, tileOf(name), multiplyAddOf(built.features)),
  }));
}

/** FLOPs of attention that a work tile of the first `rows` rows stands for, full mask. */
function workTileFlops(w: Workload, rows: number): number {
  return pairFlops(w.headDim, w.seqKv * Math.min(rows, w.seqQuery));
}

/** Exponentials: 2^x by the polynomial of wasm-flash, one for each 4 FLOPs of attention. All are of -3.25. */
export const exponentialCeiling: Probe = {
  name: 'wasm-exponentials',
  backend: 'wasm',
  summary: 'the exponential of wasm-flash on values in the first-level cache',
  unsupported: () => undefined,
  operationsPerFlop: () => 1 / 4,
  expected: () => 2 ** -3.25,
  build: (workload, { features }) =>
    emitExponentials(workload.headDim, features.simd256 ? 4 : 2, multiplyAddOf(features)),
};

/** The online softmax of wasm-flash, maxima and sums included, on rows of equal scores: all weights become 1. */
export const softmaxCeiling: Probe = {
  name: 'wasm-softmax',
  backend: 'wasm',
  summary: 'the online softmax of wasm-flash on scores in the first-level cache',
  unsupported: () => undefined,
  operationsPerFlop: () => 1 / 4,
  expected: () => 1,
  build: emitSoftmaxRows,
};

/** Memory: each work tile of one row reads the whole of its KV head's K, a byte for each FLOP of attention. */
export const bandwidthCeiling: Probe = {
  name: 'wasm-memory-reads',
  backend: 'wasm',
  summary: 'reads of memory too large for any cache',
  unsupported: () => undefined,
  operationsPerFlop: () => 1,
  // An even number of equal words, combined by exclusive or.
  expected: () => 0,
  build: (workload) => emitReads(workload.headDim),
};

/** A module around `attend` and its helpers. */
function ceilingModule(parts: {
  blockRows: number;
  scratchBytes: number;
  pack?: string;
  helpers?: string;
  locals?: string;
  body: string;
}): WasmProgram {
  const { blockRows, scratchBytes, pack = '', helpers = '', locals = '', body } = parts;
  const text = indent(`
(module
(import "host" "memory" (memory 1 65536 shared))
(global $seqKv (mut i32) (i32.const 0))
(global $windowLow (mut i32) (i32.const 0))
(global $windowHigh (mut i32) (i32.const 0))
(func (export "configure") (param $seqKv i32) (param $keysPadded i32) (param $windowLow i32) (param $windowHigh i32) (param $qStride i32) (param $kvStride i32) (param $scale f32)
(global.set $seqKv ${get('seqKv')})
(global.set $windowLow ${get('windowLow')})
(global.set $windowHigh ${get('windowHigh')}))
(func (export "pack") (param $k i32) (param $v i32) (param $packedK i32) (param $packedV i32) (param $first i32) (param $last i32)
${pack})
${helpers}
(func (export "attend") (param $q i32) (param $o i32) (param $rows i32) (param $firstRow i32) (param $packedK i32) (param $packedV i32) (param $scratch i32)
(local $row i32) (local $pairs i32) (local $low i32) (local $high i32) (local $p i32) (local $end i32)
${locals}
;; query-key pairs of this unit
${loop(
  'row',
  get('firstRow'),
  add(get('firstRow'), get('rows')),
  i32(1),
  `
${set('high', min(max(add(get('row'), '(global.get $windowHigh)'), i32(0)), '(global.get $seqKv)'))}
${set('low', min(max(add(get('row'), '(global.get $windowLow)'), i32(0)), get('high')))}
${set('pairs', add(get('pairs'), sub(get('high'), get('low'))))}`,
)}
${body}
)
)`);
  return { kind: 'wasm', text, blockRows, keyMultiple: 16, scratchBytes, plainValues: false, splitRows: blockRows };
}

/** FLOPs of attention that one pass over a panel stands for: 2 for each multiply-add of rows x width x DEPTH. */
const panelFlops = (tile: WasmConfiguration) => 2 * tile.rows * panelWidth(tile) * DEPTH;

function emitMultiplyAdd(headDim: number, tile: WasmConfiguration, multiplyAdd: MultiplyAdd): WasmProgram {
  const aBytes = tile.rows * DEPTH * 4;
  const bBytes = DEPTH * panelWidth(tile) * 4;
  const sums = times(tile.rows, (r) =>
    times(tile.vectors, (i) => `(v128.store offset=${(r * tile.vectors + i) * 16} ${get('c')} ${get(`c${r}_${i}`)})`),
  );
  const spin = `
;; $count times a panel of ${DEPTH} steps through a ${tile.rows} x ${panelWidth(tile)} tile; the sums go to $c
(func $spin (param $from i32) (param $panel i32) (param $c i32) (param $count i32)
(local $a i32) (local $b i32)
${productLocals(tile)}
(loop $again
${set('a', get('from'))}
${set('b', get('panel'))}
${set('end', add(get('a'), i32(DEPTH * 4)))}
${productLoop(tile, DEPTH * 4, multiplyAdd)}
${set('count', sub(get('count'), i32(1)))}
(br_if $again (i32.gt_s ${get('count')} ${i32(0)})))
${sums})`;
  const body = `
;; ones times 2^-20, so that sums stay normal numbers however many they are
${set('end', add(get('scratch'), i32(aBytes)))}
${loop('p', get('scratch'), get('end'), i32(4), `(f32.store ${get('p')} (f32.const 1))`)}
${loop('p', get('end'), add(get('end'), i32(bBytes)), i32(4), `(f32.store ${get('p')} (f32.const 0x1p-20))`)}
(call $spin ${get('scratch')} ${add(get('scratch'), i32(aBytes))} ${add(get('scratch'), i32(aBytes + bBytes))}
(i32.trunc_sat_f64_s (f64.add (f64.const 0.5) (f64.mul (f64.convert_i32_u ${get('pairs')}) (f64.const ${(4 * headDim) / panelFlops(tile)})))))
;; the first sum to the first output, for tests
(f32.store ${get('o')} (f32.load offset=${aBytes + bBytes} ${get('scratch')}))`;
  const scratchBytes = aBytes + bBytes + tile.rows * tile.vectors * 16;
  return ceilingModule({ blockRows: tile.blockRows, scratchBytes, helpers: spin, body });
}

/** Values that the exponentials run over: 4 KiB. */
const EXPONENTIALS = 1024;

function emitExponentials(headDim: number, vectors: number, multiplyAdd: MultiplyAdd): WasmProgram {
  const each = (emit: (i: number) => string) => times(vectors, emit);
  const sweep = `
;; 2^x of ${EXPONENTIALS} values at $p, in place of attention's exponentials
(func $sweep (param $p i32) (param $to i32)
(local $end i32)
${exp2Locals}
${each((i) => exp2Vector(`x${i}`))}
${exp2Constants}
${set('end', add(get('p'), i32(EXPONENTIALS * 4)))}
(loop $next
${each((i) => set(`x${i}`, `(v128.load offset=${i * 16} ${get('p')})`))}
${interleaved(vectors, multiplyAdd)}
${downwards(vectors, (i) => `(v128.store offset=${i * 16} ${get('to')} ${get(`x${i}`)})`)}
${set('to', add(get('to'), i32(vectors * 16)))}
${set('p', add(get('p'), i32(vectors * 16)))}
(br_if $next (i32.lt_u ${get('p')} ${get('end')}))))`;
  const body = `
${set('end', add(get('scratch'), i32(EXPONENTIALS * 4)))}
${loop('p', get('scratch'), get('end'), i32(4), `(f32.store ${get('p')} (f32.const -3.25))`)}
${set('pairs', `(i32.trunc_sat_f64_s (f64.add (f64.const 0.5) (f64.mul (f64.convert_i32_u ${get('pairs')}) (f64.const ${headDim / EXPONENTIALS}))))`)}
${loop('row', i32(0), get('pairs'), i32(1), `(call $sweep ${get('scratch')} ${get('end')})`)}
(f32.store ${get('o')} (f32.load ${get('end')}))`;
  return ceilingModule({ blockRows: BLOCK_ROWS, scratchBytes: EXPONENTIALS * 8, helpers: sweep, body });
}

function emitSoftmaxRows(workload: Workload, device: DeviceProfile): WasmProgram {
  const { headDim } = workload;
  const tile = wasmConfiguration(workload, device);
  const at = statistics(tile);
  // The scores of a row group, then its statistics.
  const scores = tile.rows * tile.blockKeys * 4;
  const body = `
${set('end', add(get('scratch'), i32(scores)))}
${loop('p', get('scratch'), get('end'), i32(4), `(f32.store ${get('p')} (f32.const 1))`)}
(memory.fill ${get('end')} ${i32(0)} ${i32(at.bytes)})
${set('pairs', `(i32.trunc_sat_f64_s (f64.add (f64.const 0.5) (f64.mul (f64.convert_i32_u ${get('pairs')}) (f64.const ${headDim / tile.blockKeys / tile.rows}))))`)}
${loop('row', i32(0), get('pairs'), i32(1), `(call $softmax ${get('scratch')} ${i32(tile.blockKeys)} ${get('end')} ${get('end')})`)}
(f32.store ${get('o')} (f32.load ${get('scratch')}))`;
  const scratchBytes = scores + at.bytes;
  return ceilingModule({ blockRows: BLOCK_ROWS, scratchBytes, helpers: emitSoftmax(tile, device.features), body });
}

function emitReads(headDim: number): WasmProgram {
  const vectors = 8;
  const each = (emit: (i: number) => string) => times(vectors, emit);
  // Memory never written is one page of zeros, however much of it is read: so it is written first.
  const panelBytes = i32(16 * headDim * 4);
  const pack = `(memory.fill ${add(get('packedK'), mul(get('first'), panelBytes))} ${i32(1)} ${mul(sub(get('last'), get('first')), panelBytes)})`;
  const body = `
${set('p', get('packedK'))}
${set('end', add(get('packedK'), mul('(global.get $seqKv)', i32(headDim * 4))))}
(loop $next
${each((i) => set(`s${i}`, `(v128.xor ${get(`s${i}`)} (v128.load offset=${i * 16} ${get('p')}))`))}
${set('p', add(get('p'), i32(vectors * 16)))}
(br_if $next (i32.lt_u ${get('p')} ${get('end')})))
${times(vectors - 1, (i) => set('s0', `(v128.xor ${get('s0')} ${get(`s${i + 1}`)})`))}
(v128.store ${get('o')} ${get('s0')})`;
  return ceilingModule({ blockRows: 1, scratchBytes: 64, pack, locals: each((i) => `(local $s${i} v128)`), body });
}
