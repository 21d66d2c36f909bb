/** What every WGSL kernel and its host agree on: bindings, the Params block, and how a work tile is found. */

import { enableOf, type Storage, tensors } from './storage.ts';

/** 32-bit words of Params, in order; i32 and f32 members are marked by the host's writer. */
export const PARAM_NAMES = [
  'seqKv',
  'seqQuery',
  'rowsPerHead',
  'blocks',
  'queryHeads',
  'kvHeads',
  'group',
  'tileBase',
  'windowLow',
  'windowHigh',
  'scale',
] as const;
export const PARAM_BYTES = 48;

/** A query row that no key reaches has this as its maximum; finite, so that differences stay finite. */
export const LOWEST = '-0x1p+100f';
/** What masked scores become: far below LOWEST, so exp2(MASKED - maximum) is 0. */
export const MASKED = '-0x1p+126f';

/**
 * Declarations shared by all passes. q, k, v and o are [batch, seq, heads, headDim], four elements at an index; `starts` holds the first
 * row of each block of the slice. scale includes log2(e).
 */
export function abi(
  headDim: number,
  blockRows: number,
  scratch: boolean,
  storage: Storage = 'f32',
  grouped = false,
): string {
  return `${enableOf(storage)}struct Params {
  seqKv: u32,
  seqQuery: u32,
  rowsPerHead: u32, // rows of one head that are in memory
  blocks: u32,      // blocks of rows of one head
  queryHeads: u32,
  kvHeads: u32,
  group: u32,       // query heads that share a KV head
  tileBase: u32,    // first work config of this dispatch
  windowLow: i32,   // row r sees keys from r + windowLow
  windowHigh: i32,  // up to, not including, r + windowHigh
  scale: f32,       // softmax scale times log2(e)
}

@group(0) @binding(0) var<uniform> params: Params;
${tensors(storage)}
@group(0) @binding(5) var<storage, read> starts: array<u32>;
${scratch ? '@group(0) @binding(6) var<storage, read_write> scratch: array<f32>;\n' : ''}
const columns = ${headDim / 4}u; // vec4 columns of a row
const blockRows = ${blockRows}u; // tokens of a tile

struct WorkTile {
  q: u32,        // vec4 index of the tile's first row in q and o
  kv: u32,       // vec4 index of its KV head's first row in k and v
  firstRow: u32, // of the whole sequence
  tokens: u32,
  rows: u32,     // ${grouped ? 'tokens times the query heads of a group' : 'as many'}
}

// Units run KV head by KV head, last rows first, ${grouped ? 'all query heads of a group in one unit' : 'the query heads of a group side by side'}.
fn findWorkTile(index: u32) -> WorkTile {
${
  grouped
    ? `  let member = 0u;
  let block = params.blocks - 1u - index % params.blocks;
  let kvIndex = index / params.blocks;`
    : `  let member = index % params.group;
  let block = params.blocks - 1u - (index / params.group) % params.blocks;
  let kvIndex = index / (params.group * params.blocks);`
}
  let batch = kvIndex / params.kvHeads;
  let kvHead = kvIndex % params.kvHeads;
  let firstRow = starts[block];
  var tile: WorkTile;
  tile.q = ((batch * params.rowsPerHead + block * blockRows) * params.queryHeads + kvHead * params.group + member) * columns;
  tile.kv = (batch * params.seqKv * params.kvHeads + kvHead) * columns;
  tile.firstRow = firstRow;
  tile.tokens = min(blockRows, params.seqQuery - firstRow);
  tile.rows = tile.tokens${grouped ? ' * params.group' : ''};
  return tile;
}

// The keys that row r of the sequence sees, low inclusive, high exclusive.
fn lowKey(row: u32) -> i32 {
  return max(i32(row) + params.windowLow, 0);
}
fn highKey(row: u32) -> i32 {
  return clamp(i32(row) + params.windowHigh, 0, i32(params.seqKv));
}
`;
}
