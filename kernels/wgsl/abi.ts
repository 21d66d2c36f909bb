/** What every WGSL kernel and its host agree on: bindings, the Params block, and how a work tile and its rows are found. */

import { keyRange } from './mask.ts';
import { columnsOf, columnsOfV, fourAt, isOwnV, isWhole, keyFour, type RowDims, valueFour } from './row-dims.ts';
import { PLAIN_SCORES, scoreFunctions, type WgslScores } from './soft-cap.ts';
import { enableOf, type Storage, tensorAccess, tensors } from './storage.ts';

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
/** Bytes of Params, a multiple of 16. */
export const PARAM_BYTES = 48;

/** What a kernel chooses of the declarations that all share. */
export interface Abi extends RowDims {
  /** Lines that the module begins with, beside the one that the storage needs. */
  directives?: string;
  /** What the pass computes, in lines of comment: the first thing that a reader sees. */
  about?: string;
  /** Tokens of a work tile. */
  tokens: number;
  /** How the tensors are stored; f32 where it is left out. */
  storage?: Storage;
  /** Query heads of a KV head whose rows a work tile holds side by side; 1 where it is left out. */
  group?: number;
  /** Work tiles that share the query heads of a KV head, each with `group` of them; 1 where it is left out. */
  groupParts?: number;
  /** The element of the scratch buffer at binding 6, where there is one. */
  scratch?: 'f32' | 'vec4f' | undefined;
  /** What is asked of the scores; nothing where it is left out. */
  scores?: WgslScores;
  /** True where columns past the end of a row of q and k are asked for: they are zeros. */
  padded?: boolean;
  /** The same of v. */
  paddedV?: boolean;
}

/** The places of v and o where their rows are not as long as those of q and k. */
const OWN_FIELDS = `  o: u32,        // the same in o
  v: u32,        // and in v
  oStride: u32,
  vStride: u32,
`;

/** Comment: the shapes of the tensors, and what their indices count. */
function shapes(dims: RowDims): string {
  const { headDim, headDimV } = dims;
  const whole = isWhole(headDim) && isWhole(headDimV);
  const first = isOwnV(dims)
    ? 'q and k are [batch, seq, heads, headDim], v and o [batch, seq, heads, headDimV];'
    : 'q, k, v and o are [batch, seq, heads, headDim];';
  const elements = [headDim, headDimV].filter((dim, i, all) => !isWhole(dim) && all.indexOf(dim) === i);
  return whole
    ? `// ${first} they are read and written four elements at a time, and every index into
// them counts such vec4s.`
    : `// ${first} they are read and written four elements at a time, and an
// index into them counts such vec4s, but elements where a row has ${elements.join(' or ')} of them, which are no whole vec4s.
//`;
}

/** Constants: the vec4s of a row, and its elements where they are no whole ones. */
function dimConstants(dims: RowDims): string {
  const { headDim, headDimV } = dims;
  return [
    `const columns = ${columnsOf(headDim)}u; // vec4s of a row`,
    ...(isWhole(headDim) ? [] : [`const headDim = ${headDim}u; // elements of a row`]),
    ...(isOwnV(dims) ? [`const valueColumns = ${columnsOf(headDimV)}u; // vec4s of a row of v and o`] : []),
    ...(isOwnV(dims) && !isWhole(headDimV) ? [`const headDimV = ${headDimV}u; // elements of one`] : []),
  ].join('\n');
}

/** Statements that return four elements at a column, or zeros past the end of the row where `guard`. */
const inRow = (guard: boolean, four: (column: string) => string) =>
  guard
    ? `let four = ${four('min(column, columns - 1u)')};
  return select(vec4f(), four, column < columns);`
    : `return ${four('column')};`;

/** The start of every pass: Params, the tensors, and functions from a work tile to places in memory and to the keys that a row sees. */
export function abi({
  directives = '',
  about = '',
  headDim,
  headDimV,
  tokens,
  storage = 'f32',
  group = 1,
  groupParts = 1,
  scratch,
  padded = false,
  paddedV = false,
  scores = PLAIN_SCORES,
}: Abi): string {
  const grouped = group > 1;
  const sinks = scores.sinks === true;
  const dims = { headDim, headDimV };
  const ownV = isOwnV(dims);
  // What strides count, of q and k and of v and o.
  const step = isWhole(headDim) ? 'columns' : 'headDim';
  const guard = padded && isWhole(headDim);
  const guardV = paddedV && isWhole(headDimV);
  const stepV = !ownV ? step : isWhole(headDimV) ? 'valueColumns' : 'headDimV';
  const head = directives + enableOf(storage);
  return `${head === '' ? '' : `${head}\n`}${about === '' ? '' : `${about}\n\n`}// The call.
//
${shapes(dims)} A work tile is up to ${tokens} tokens of ${grouped ? `${groupParts === 1 ? `the ${group}` : `${group} of the ${group * groupParts}`} query heads that share a KV head` : 'one query head'}; workgroup (x, y) works on tile tileBase + y.
// Row r of the sequence sees the keys lowKey(r) <= key < highKey(r): full, causal and windowed masks differ in no more.

struct Params {
  seqKv: u32,       // keys
  seqQuery: u32,    // query rows of the whole sequence
  rowsPerHead: u32, // those of one head that are in memory
  blocks: u32,      // blocks of rows of one head
  queryHeads: u32,
  kvHeads: u32,
  group: u32,       // query heads that share a KV head
  tileBase: u32,    // first work tile of this dispatch
  windowLow: i32,   // row r sees keys from r + windowLow
  windowHigh: i32,  // up to, not including, r + windowHigh
  scale: f32,       // softmax scale times log2(e), since 2^x stands for e^x here
}

@group(0) @binding(0) var<uniform> params: Params;
${tensors(storage, dims)}
@group(0) @binding(5) var<storage, read> starts: array<u32>; // first row of each block
${scratch === undefined ? '' : `@group(0) @binding(6) var<storage, read_write> scratch: array<${scratch}>;\n`}${sinks ? '@group(0) @binding(7) var<storage, read> sinks: array<f32>; // of each query head, times log2(e)\n' : ''}
${tensorAccess(storage, dims)}

${dimConstants(dims)}
const tileTokens = ${tokens}u;${grouped ? `\nconst group = ${group}u;` : ''}

struct WorkTile {
  q: u32,        // index of its first row in q${ownV ? '' : ' and o'}
  kv: u32,       // index of its KV head's first row in k${ownV ? '' : ' and v'}
  qStride: u32,  // from one token of a head to the next in q${ownV ? '' : ' and o'}
  kvStride: u32, // and in k${ownV ? '' : ' and v'}
${ownV ? OWN_FIELDS : ''}  firstRow: u32, // of the whole sequence
  tokens: u32,
  rows: u32,     // ${grouped ? 'tokens times group' : 'as many as tokens'}${sinks ? '\n  head: u32,     // its first query head' : ''}
}

// Work tiles run KV head by KV head, last rows first, ${grouped ? (groupParts === 1 ? 'all query heads of a group in one' : `the query heads of a group in ${groupParts}`) : 'the query heads of a group one after another'}.
fn findWorkTile(index: u32) -> WorkTile {
${
  grouped
    ? groupParts === 1
      ? `  let block = params.blocks - 1u - index % params.blocks;
  let kvIndex = index / params.blocks;
  let member = 0u;`
      : `  let block = params.blocks - 1u - (index / ${groupParts}u) % params.blocks;
  let kvIndex = index / (${groupParts}u * params.blocks);
  let member = index % ${groupParts}u * group;`
    : `  let block = params.blocks - 1u - (index / params.group) % params.blocks;
  let kvIndex = index / (params.group * params.blocks);
  let member = index % params.group;`
}
  let batch = kvIndex / params.kvHeads;
  let kvHead = kvIndex % params.kvHeads;
  let queryHead = kvHead * params.group + member;
  var tile: WorkTile;
  tile.qStride = params.queryHeads * ${step};
  tile.kvStride = params.kvHeads * ${step};
  tile.q = (batch * params.rowsPerHead + block * tileTokens) * tile.qStride + queryHead * ${step};
  tile.kv = batch * params.seqKv * tile.kvStride + kvHead * ${step};
${
  ownV
    ? `  tile.oStride = params.queryHeads * ${stepV};
  tile.vStride = params.kvHeads * ${stepV};
  tile.o = (batch * params.rowsPerHead + block * tileTokens) * tile.oStride + queryHead * ${stepV};
  tile.v = batch * params.seqKv * tile.vStride + kvHead * ${stepV};
`
    : ''
}  tile.firstRow = starts[block];
  tile.tokens = min(tileTokens, params.seqQuery - tile.firstRow);
  tile.rows = tile.tokens${grouped ? ' * group' : ''};${sinks ? '\n  tile.head = queryHead;' : ''}
  return tile;
}

// Row \`row\` of a tile: its place in q${ownV ? '' : ' and o'}, and in the sequence${grouped ? '. The rows of a token lie side by side, one for each query head' : ''}.
fn rowIndex(tile: WorkTile, row: u32) -> u32 {
  return tile.q + ${grouped ? `row / group * tile.qStride + row % group * ${step}` : 'row * tile.qStride'};
}
${
  ownV
    ? `fn outputIndex(tile: WorkTile, row: u32) -> u32 {
  return tile.o + ${grouped ? `row / group * tile.oStride + row % group * ${stepV}` : 'row * tile.oStride'};
}
`
    : ''
}fn rowInSequence(tile: WorkTile, row: u32) -> u32 {
  return tile.firstRow + row${grouped ? ' / group' : ''};
}

// Four elements of a row of q, scaled; past the tile's end those of its last row, whose results are not written.
fn loadQ(tile: WorkTile, row: u32, column: u32) -> vec4f {
  ${inRow(guard, (column) => `readQ(${fourAt(headDim, 'rowIndex(tile, min(row, tile.rows - 1u))', column)}) * params.scale`)}
}
// Four elements of a key; past the end those of the last key, which the mask hides.
fn loadK(tile: WorkTile, key: u32, column: u32) -> vec4f {
  ${inRow(guard, (column) => `readK(${keyFour(dims, 'min(key, params.seqKv - 1u)', column)})`)}
}
// Four elements of a value; past the end zeros: its weight is 0, but 0 times infinity is not.
fn loadV(tile: WorkTile, key: u32, column: u32) -> vec4f {
  let value = readV(${valueFour(dims, 'min(key, params.seqKv - 1u)', guardV ? `min(column, ${columnsOfV(dims)} - 1u)` : 'column')});
  return select(vec4f(), value, key < params.seqKv${guardV ? ` && column < ${columnsOfV(dims)}` : ''});
}
${keyRange}${scoreFunctions(scores, group)}`;
}
