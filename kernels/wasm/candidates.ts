/** Tiles of the WebAssembly kernel that may be worth trying, and what makes one impossible. */

import type { Workload } from '../../src/problem/workload.ts';
import type { Features, Tile } from '../kernel.ts';
import { combinations, fieldProblem, sameTile } from '../configuration-fields.ts';
import { wasmTile } from '../configurations.ts';
import { panelWidth, type WasmTile } from './configuration.ts';

const WORDS = {
  rescale: ['always', 'branch'],
  order: ['groups', 'phases'],
  maxima: ['always', 'unbounded'],
  values: ['panels', 'rows'],
} as const;
/** Vector registers of x86 with AVX2, and of NEON at least as many. */
const REGISTERS = 16;

/** Why a tile cannot be built: fields, panels that do not divide, or unrolling past a panel. */
export function wasmTileProblem(tile: Tile, w: Workload, features: Features): string | undefined {
  const fields = fieldProblem(tile, wasmTile(features, w), WORDS);
  if (fields !== undefined) return fields;
  const t = tile as unknown as WasmTile;
  const width = panelWidth(t);
  if (t.rows > 16 || t.vectors > 16) return 'a register tile of more than 16 rows or vectors is not emitted';
  if ((width & (width - 1)) !== 0) return `vectors is ${t.vectors}, not a power of two`;
  if (w.headDim % width !== 0) return `a panel of ${width} does not divide head dimension ${w.headDim}`;
  if (t.blockRows % t.rows !== 0) return `blockRows ${t.blockRows} is not a multiple of rows ${t.rows}`;
  if (t.blockKeys % width !== 0) return `blockKeys ${t.blockKeys} is not a multiple of the panel width ${width}`;
  if (16 % t.unroll !== 0 || width % t.unroll !== 0) return `unroll ${t.unroll} does not divide 16 and ${width}`;
  return undefined;
}

/** Vector registers that the inner loop wants: sums, a row of the panel, a broadcast. */
function registers(tile: WasmTile, features: Features): number {
  const vectors = tile.vectors / (features.simd256 ? 2 : 1);
  return vectors * (tile.rows + 1) + 1;
}

/** Loads for each multiply-add of the inner loop. */
const loads = (tile: WasmTile) => 1 / tile.rows + 1 / tile.vectors;

/** Tiles that fit the registers, fewest loads first. */
export function wasmCandidates(w: Workload, features: Features): Tile[] {
  const shipped = wasmTile(features, w);
  const shapes = combinations<WasmTile>(shipped, {
    rows: [3, 4, 5, 6, 8],
    vectors: features.simd256 ? [2, 4, 8] : [1, 2, 4],
    blockRows: [96, 192, 288],
    blockKeys: [128, 256, 512],
    unroll: [4, 8],
    order: ['groups', 'phases'],
  });
  return shapes
    .map((tile) => ({ ...tile, blockRows: Math.ceil(tile.blockRows / tile.rows) * tile.rows }))
    .filter((tile) => registers(tile, features) <= REGISTERS && !sameTile(tile, shipped))
    .filter((tile) => wasmTileProblem({ ...tile }, w, features) === undefined)
    .sort((a, b) => loads(a) - loads(b) || distance(a, shipped) - distance(b, shipped))
    .map((tile) => ({ ...tile }));
}

/** Fields in which two tiles differ: neighbours of the shipped tile come first among equals. */
function distance(a: WasmTile, b: WasmTile): number {
  return (Object.keys(a) as (keyof WasmTile)[]).filter((name) => a[name] !== b[name]).length;
}
