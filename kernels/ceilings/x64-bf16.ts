/** What machine code can do at best with products of bf16: of vectors (AVX512_BF16), and of tiles (AMX). */

import type { Workload } from '../../src/problem/workload.ts';
import type { Bf16Set } from '../device.ts';
import type { X64Program } from '../kernel.ts';
import { amxFlash } from '../x64/amx-flash.ts';
import { slot } from '../x64/call.ts';
import { x64Flash } from '../x64/flash.ts';
import { createLabels, loop, phase, splatTo } from '../x64/text/control.ts';
import { at, atIndex, type Code, note, op, times } from '../x64/text/instruction.ts';
import { emitConfigureTiles, emitReleaseTiles, TILE_BYTES, TILE_ROWS } from '../x64/tiles.ts';
import type { Probe } from './probe.ts';
import { ceilingProgram, tilePasses } from './x64.ts';

/** Sums of vectors: more than the latency of a product times the units. */
const SUMS = 24;
/** Products of tiles that are made from two tiles by two. */
const TILE_SUMS = 4;
/** Steps of one pass, each a product for every sum. */
const STEPS = 16;
/** Multiply-adds of an instruction: pairs in 16 lanes, and 16 x 16 sums of 32. */
const VECTOR_PRODUCTS = 2 * 16;
const TILE_PRODUCTS = 16 * 16 * 32;

/** FLOPs of attention that one pass stands for. */
const PASS_FLOPS: Record<Bf16Set, number> = {
  'avx512-bf16': 2 * VECTOR_PRODUCTS * SUMS * STEPS,
  'amx-bf16': 2 * TILE_PRODUCTS * TILE_SUMS * STEPS,
};
/** Two bf16, 1 and 1, as a float; times `left`, each step of vectors adds 2^-19 to a sum, each of tiles 2^-14. */
const ONES = new Float32Array(new Uint32Array([0x3f803f80]).buffer)[0] as number;
const SMALL = new Float32Array(new Uint32Array([0x35803580]).buffer)[0] as number;
const ADDED: Record<Bf16Set, number> = { 'avx512-bf16': 2 * 2 ** -20, 'amx-bf16': 32 * 2 ** -20 };

/** Products of bf16 with sums in f32. */
export const x64Bf16Products = (set: Bf16Set): Probe => ({
  name: `x64-products-${set}`,
  backend: 'native',
  summary:
    set === 'amx-bf16' ? 'products of bf16 tiles with sums in f32 (AMX)' : 'products of bf16 pairs (AVX512_BF16)',
  unsupported: () => undefined,
  operationsPerFlop: () => 1,
  limits: ({ name }, w) => w.dtype === 'bf16' && name === (set === 'amx-bf16' ? amxFlash : x64Flash).name,
  expected: (w) => ADDED[set] * STEPS * tilePasses(w, PASS_FLOPS[set]),
  build: (w) => (set === 'amx-bf16' ? emitTileProducts(w) : emitPairs(w)),
});

const passes = (body: Code) =>
  loop(createLabels('attend'), 'pass', { register: 'rcx', first: 0, end: 'r8', step: 1 }, body);

function emitPairs(w: Workload): X64Program {
  const vector = (i: number) => `zmm${i}` as const;
  const [ones, small] = [vector(SUMS), vector(SUMS + 1)];
  return ceilingProgram(w, 'avx512-bf16', PASS_FLOPS['avx512-bf16'], [
    op('mov', 'r8', 'rax'),
    note('-- pairs of ones times pairs of 2^-20'),
    times(SUMS, (i) => splatTo(vector(i), 0)),
    splatTo(ones, ONES),
    splatTo(small, SMALL),
    passes(times(STEPS, () => times(SUMS, (i) => op('vdpbf16ps', vector(i), ones, small)))),
    phase('the first sum to the first output', op('mov', 'rdi', slot('o')), op('vmovss', at('rdi'), 'xmm0')),
  ]);
}

/** The scratch: what the tiles are told to be, a row of ones, a row of 2^-20, and a tile. */
const PLACE = { config: 0, ones: 64, small: 128, tile: 192, bytes: 192 + TILE_ROWS * TILE_BYTES };

function emitTileProducts(w: Workload): X64Program {
  const row = (value: number, place: number) => [splatTo('zmm0', value), op('vmovups', at('rsi', place), 'zmm0')];
  const body: Code = [
    op('mov', 'r8', 'rax'),
    emitConfigureTiles(PLACE.config),
    note('-- rows of ones and of 2^-20, all rows of a tile the same: 0 bytes from one to the next'),
    op('mov', 'rsi', slot('scratch')),
    row(ONES, PLACE.ones),
    row(SMALL, PLACE.small),
    op('mov', 'rdx', 0),
    times(2, (i) => [
      op('tileloadd', `tmm${4 + i}`, atIndex('rsi', 'rdx', 1, PLACE.ones)),
      op('tileloadd', `tmm${6 + i}`, atIndex('rsi', 'rdx', 1, PLACE.small)),
    ]),
    times(TILE_SUMS, (i) => op('tilezero', `tmm${i}`)),
    passes(
      times(STEPS, () =>
        times(TILE_SUMS, (i) => op('tdpbf16ps', `tmm${i}`, `tmm${4 + Math.floor(i / 2)}`, `tmm${6 + (i % 2)}`)),
      ),
    ),
    phase(
      'the first sum to the first output',
      op('mov', 'rdx', TILE_BYTES),
      op('tilestored', atIndex('rsi', 'rdx', 1, PLACE.tile), 'tmm0'),
      emitReleaseTiles(),
      op('vmovss', 'xmm0', at('rsi', PLACE.tile)),
      op('mov', 'rdi', slot('o')),
      op('vmovss', at('rdi'), 'xmm0'),
    ),
  ];
  return ceilingProgram(w, 'amx-bf16', PASS_FLOPS['amx-bf16'], body, PLACE.bytes);
}
