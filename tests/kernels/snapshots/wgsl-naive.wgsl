// Attention as the formula is written, 1 of 3: S = q k^T, with the mask, a thread for each score.

// The call.
//
// q, k, v and o are [batch, seq, heads, headDim]; they are read and written four elements at a time, and every index into
// them counts such vec4s. A work tile is up to 16 tokens of one query head; workgroup (x, y) works on tile tileBase + y.
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
@group(0) @binding(1) var<storage, read> q: array<vec4f>;
@group(0) @binding(2) var<storage, read> k: array<vec4f>;
@group(0) @binding(3) var<storage, read> v: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> o: array<vec4f>;
@group(0) @binding(5) var<storage, read> starts: array<u32>; // first row of each block
@group(0) @binding(6) var<storage, read_write> scratch: array<f32>;

fn readQ(i: u32) -> vec4f {
  return q[i];
}
fn readK(i: u32) -> vec4f {
  return k[i];
}
fn readV(i: u32) -> vec4f {
  return v[i];
}
fn writeO(i: u32, value: vec4f) {
  o[i] = value;
}

const columns = 8u; // vec4s of a row
const tileTokens = 16u;

struct WorkTile {
  q: u32,        // index of its first row in q and o
  kv: u32,       // index of its KV head's first row in k and v
  qStride: u32,  // from one token of a head to the next in q and o
  kvStride: u32, // and in k and v
  firstRow: u32, // of the whole sequence
  tokens: u32,
  rows: u32,     // as many as tokens
}

// Work tiles run KV head by KV head, last rows first, the query heads of a group one after another.
fn findWorkTile(index: u32) -> WorkTile {
  let block = params.blocks - 1u - (index / params.group) % params.blocks;
  let kvIndex = index / (params.group * params.blocks);
  let member = index % params.group;
  let batch = kvIndex / params.kvHeads;
  let kvHead = kvIndex % params.kvHeads;
  let queryHead = kvHead * params.group + member;
  var tile: WorkTile;
  tile.qStride = params.queryHeads * columns;
  tile.kvStride = params.kvHeads * columns;
  tile.q = (batch * params.rowsPerHead + block * tileTokens) * tile.qStride + queryHead * columns;
  tile.kv = batch * params.seqKv * tile.kvStride + kvHead * columns;
  tile.firstRow = starts[block];
  tile.tokens = min(tileTokens, params.seqQuery - tile.firstRow);
  tile.rows = tile.tokens;
  return tile;
}

// Row `row` of a tile: its place in q and o, and in the sequence.
fn rowIndex(tile: WorkTile, row: u32) -> u32 {
  return tile.q + row * tile.qStride;
}
fn rowInSequence(tile: WorkTile, row: u32) -> u32 {
  return tile.firstRow + row;
}

// Four elements of a row of q, scaled; past the tile's end those of its last row, whose results are not written.
fn loadQ(tile: WorkTile, row: u32, column: u32) -> vec4f {
  return readQ(rowIndex(tile, min(row, tile.rows - 1u)) + column) * params.scale;
}
// Four elements of a key; past the end those of the last key, which the mask hides.
fn loadK(tile: WorkTile, key: u32, column: u32) -> vec4f {
  return readK(tile.kv + min(key, params.seqKv - 1u) * tile.kvStride + column);
}
// Four elements of a value; past the end zeros: its weight is 0, but 0 times infinity is not.
fn loadV(tile: WorkTile, key: u32, column: u32) -> vec4f {
  let value = readV(tile.kv + min(key, params.seqKv - 1u) * tile.kvStride + column);
  return select(vec4f(), value, key < params.seqKv);
}

// The mask: row `row` of the sequence sees the keys lowKey(row) <= key < highKey(row).
fn lowKey(row: u32) -> i32 {
  return max(i32(row) + params.windowLow, 0);
}
fn highKey(row: u32) -> i32 {
  return clamp(i32(row) + params.windowHigh, 0, i32(params.seqKv));
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u, @builtin(workgroup_id) workgroup: vec3u) {
  let tile = findWorkTile(params.tileBase + workgroup.y);
  let scores = workgroup.y * tileTokens * params.seqKv; // of this tile in scratch, as [row][key]
  let row = thread.x / params.seqKv;
  let key = thread.x % params.seqKv;
  if (row >= tile.rows) {
    return;
  }

  // scores: S = q k^T, one score a thread.
  let qRow = rowIndex(tile, row);
  let kRow = tile.kv + key * tile.kvStride;
  var sum = vec4f();
  for (var column = 0u; column < columns; column += 1u) {
    sum += readQ(qRow + column) * readK(kRow + column);
  }
  let score = (sum.x + sum.y + sum.z + sum.w) * params.scale;

  // mask: scores of keys that the row does not see.
  let low = lowKey(rowInSequence(tile, row));
  let high = highKey(rowInSequence(tile, row));
  let seen = i32(key) >= low && i32(key) < high;
  scratch[scores + thread.x] = select(-0x1p+126f, score, seen);
}

// Attention as the formula is written, 2 of 3: P = softmax of S, a thread for each row.

// The call.
//
// q, k, v and o are [batch, seq, heads, headDim]; they are read and written four elements at a time, and every index into
// them counts such vec4s. A work tile is up to 16 tokens of one query head; workgroup (x, y) works on tile tileBase + y.
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
@group(0) @binding(1) var<storage, read> q: array<vec4f>;
@group(0) @binding(2) var<storage, read> k: array<vec4f>;
@group(0) @binding(3) var<storage, read> v: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> o: array<vec4f>;
@group(0) @binding(5) var<storage, read> starts: array<u32>; // first row of each block
@group(0) @binding(6) var<storage, read_write> scratch: array<f32>;

fn readQ(i: u32) -> vec4f {
  return q[i];
}
fn readK(i: u32) -> vec4f {
  return k[i];
}
fn readV(i: u32) -> vec4f {
  return v[i];
}
fn writeO(i: u32, value: vec4f) {
  o[i] = value;
}

const columns = 8u; // vec4s of a row
const tileTokens = 16u;

struct WorkTile {
  q: u32,        // index of its first row in q and o
  kv: u32,       // index of its KV head's first row in k and v
  qStride: u32,  // from one token of a head to the next in q and o
  kvStride: u32, // and in k and v
  firstRow: u32, // of the whole sequence
  tokens: u32,
  rows: u32,     // as many as tokens
}

// Work tiles run KV head by KV head, last rows first, the query heads of a group one after another.
fn findWorkTile(index: u32) -> WorkTile {
  let block = params.blocks - 1u - (index / params.group) % params.blocks;
  let kvIndex = index / (params.group * params.blocks);
  let member = index % params.group;
  let batch = kvIndex / params.kvHeads;
  let kvHead = kvIndex % params.kvHeads;
  let queryHead = kvHead * params.group + member;
  var tile: WorkTile;
  tile.qStride = params.queryHeads * columns;
  tile.kvStride = params.kvHeads * columns;
  tile.q = (batch * params.rowsPerHead + block * tileTokens) * tile.qStride + queryHead * columns;
  tile.kv = batch * params.seqKv * tile.kvStride + kvHead * columns;
  tile.firstRow = starts[block];
  tile.tokens = min(tileTokens, params.seqQuery - tile.firstRow);
  tile.rows = tile.tokens;
  return tile;
}

// Row `row` of a tile: its place in q and o, and in the sequence.
fn rowIndex(tile: WorkTile, row: u32) -> u32 {
  return tile.q + row * tile.qStride;
}
fn rowInSequence(tile: WorkTile, row: u32) -> u32 {
  return tile.firstRow + row;
}

// Four elements of a row of q, scaled; past the tile's end those of its last row, whose results are not written.
fn loadQ(tile: WorkTile, row: u32, column: u32) -> vec4f {
  return readQ(rowIndex(tile, min(row, tile.rows - 1u)) + column) * params.scale;
}
// Four elements of a key; past the end those of the last key, which the mask hides.
fn loadK(tile: WorkTile, key: u32, column: u32) -> vec4f {
  return readK(tile.kv + min(key, params.seqKv - 1u) * tile.kvStride + column);
}
// Four elements of a value; past the end zeros: its weight is 0, but 0 times infinity is not.
fn loadV(tile: WorkTile, key: u32, column: u32) -> vec4f {
  let value = readV(tile.kv + min(key, params.seqKv - 1u) * tile.kvStride + column);
  return select(vec4f(), value, key < params.seqKv);
}

// The mask: row `row` of the sequence sees the keys lowKey(row) <= key < highKey(row).
fn lowKey(row: u32) -> i32 {
  return max(i32(row) + params.windowLow, 0);
}
fn highKey(row: u32) -> i32 {
  return clamp(i32(row) + params.windowHigh, 0, i32(params.seqKv));
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u, @builtin(workgroup_id) workgroup: vec3u) {
  let tile = findWorkTile(params.tileBase + workgroup.y);
  let scores = workgroup.y * tileTokens * params.seqKv; // of this tile in scratch, as [row][key]
  let row = thread.x;
  if (row >= tile.rows) {
    return;
  }
  let first = scores + row * params.seqKv;

  // row maximum: m = max of a row of S.
  var m = -0x1p+100f;
  for (var key = 0u; key < params.seqKv; key += 1u) {
    m = max(m, scratch[first + key]);
  }

  // exponentials: P = 2^(S - m), and
  // row sum: l = sum P.
  var l = 0.0;
  for (var key = 0u; key < params.seqKv; key += 1u) {
    let weight = exp2(scratch[first + key] - m);
    scratch[first + key] = weight;
    l += weight;
  }

  // rescale: P = P / l; a row that saw no key has l = 0 and weights of 0.
  let factor = select(0.0, 1.0 / l, l > 0.0);
  for (var key = 0u; key < params.seqKv; key += 1u) {
    scratch[first + key] *= factor;
  }
}

// Attention as the formula is written, 3 of 3: O = P v, a thread for each vec4 of O.

// The call.
//
// q, k, v and o are [batch, seq, heads, headDim]; they are read and written four elements at a time, and every index into
// them counts such vec4s. A work tile is up to 16 tokens of one query head; workgroup (x, y) works on tile tileBase + y.
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
@group(0) @binding(1) var<storage, read> q: array<vec4f>;
@group(0) @binding(2) var<storage, read> k: array<vec4f>;
@group(0) @binding(3) var<storage, read> v: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> o: array<vec4f>;
@group(0) @binding(5) var<storage, read> starts: array<u32>; // first row of each block
@group(0) @binding(6) var<storage, read_write> scratch: array<f32>;

fn readQ(i: u32) -> vec4f {
  return q[i];
}
fn readK(i: u32) -> vec4f {
  return k[i];
}
fn readV(i: u32) -> vec4f {
  return v[i];
}
fn writeO(i: u32, value: vec4f) {
  o[i] = value;
}

const columns = 8u; // vec4s of a row
const tileTokens = 16u;

struct WorkTile {
  q: u32,        // index of its first row in q and o
  kv: u32,       // index of its KV head's first row in k and v
  qStride: u32,  // from one token of a head to the next in q and o
  kvStride: u32, // and in k and v
  firstRow: u32, // of the whole sequence
  tokens: u32,
  rows: u32,     // as many as tokens
}

// Work tiles run KV head by KV head, last rows first, the query heads of a group one after another.
fn findWorkTile(index: u32) -> WorkTile {
  let block = params.blocks - 1u - (index / params.group) % params.blocks;
  let kvIndex = index / (params.group * params.blocks);
  let member = index % params.group;
  let batch = kvIndex / params.kvHeads;
  let kvHead = kvIndex % params.kvHeads;
  let queryHead = kvHead * params.group + member;
  var tile: WorkTile;
  tile.qStride = params.queryHeads * columns;
  tile.kvStride = params.kvHeads * columns;
  tile.q = (batch * params.rowsPerHead + block * tileTokens) * tile.qStride + queryHead * columns;
  tile.kv = batch * params.seqKv * tile.kvStride + kvHead * columns;
  tile.firstRow = starts[block];
  tile.tokens = min(tileTokens, params.seqQuery - tile.firstRow);
  tile.rows = tile.tokens;
  return tile;
}

// Row `row` of a tile: its place in q and o, and in the sequence.
fn rowIndex(tile: WorkTile, row: u32) -> u32 {
  return tile.q + row * tile.qStride;
}
fn rowInSequence(tile: WorkTile, row: u32) -> u32 {
  return tile.firstRow + row;
}

// Four elements of a row of q, scaled; past the tile's end those of its last row, whose results are not written.
fn loadQ(tile: WorkTile, row: u32, column: u32) -> vec4f {
  return readQ(rowIndex(tile, min(row, tile.rows - 1u)) + column) * params.scale;
}
// Four elements of a key; past the end those of the last key, which the mask hides.
fn loadK(tile: WorkTile, key: u32, column: u32) -> vec4f {
  return readK(tile.kv + min(key, params.seqKv - 1u) * tile.kvStride + column);
}
// Four elements of a value; past the end zeros: its weight is 0, but 0 times infinity is not.
fn loadV(tile: WorkTile, key: u32, column: u32) -> vec4f {
  let value = readV(tile.kv + min(key, params.seqKv - 1u) * tile.kvStride + column);
  return select(vec4f(), value, key < params.seqKv);
}

// The mask: row `row` of the sequence sees the keys lowKey(row) <= key < highKey(row).
fn lowKey(row: u32) -> i32 {
  return max(i32(row) + params.windowLow, 0);
}
fn highKey(row: u32) -> i32 {
  return clamp(i32(row) + params.windowHigh, 0, i32(params.seqKv));
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u, @builtin(workgroup_id) workgroup: vec3u) {
  let tile = findWorkTile(params.tileBase + workgroup.y);
  let scores = workgroup.y * tileTokens * params.seqKv; // of this tile in scratch, as [row][key]
  let row = thread.x / columns;
  let column = thread.x % columns;
  if (row >= tile.rows) {
    return;
  }

  // accumulate: O = P v.
  var o = vec4f();
  for (var key = 0u; key < params.seqKv; key += 1u) {
    o += scratch[scores + row * params.seqKv + key] * readV(tile.kv + key * tile.kvStride + column);
  }

  // write: O.
  writeO(rowIndex(tile, row) + column, o);
}
