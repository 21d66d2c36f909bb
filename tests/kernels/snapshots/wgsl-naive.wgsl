struct Params {
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
@group(0) @binding(1) var<storage, read> q: array<vec4f>;
@group(0) @binding(2) var<storage, read> k: array<vec4f>;
@group(0) @binding(3) var<storage, read> v: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> o: array<vec4f>;

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
@group(0) @binding(5) var<storage, read> starts: array<u32>;
@group(0) @binding(6) var<storage, read_write> scratch: array<f32>;

const columns = 8u; // vec4 columns of a row
const blockRows = 16u; // tokens of a tile

struct WorkTile {
  q: u32,        // vec4 index of the tile's first row in q and o
  kv: u32,       // vec4 index of its KV head's first row in k and v
  firstRow: u32, // of the whole sequence
  tokens: u32,
  rows: u32,     // as many
}

// Units run KV head by KV head, last rows first, the query heads of a group side by side.
fn findWorkTile(index: u32) -> WorkTile {
  let member = index % params.group;
  let block = params.blocks - 1u - (index / params.group) % params.blocks;
  let kvIndex = index / (params.group * params.blocks);
  let batch = kvIndex / params.kvHeads;
  let kvHead = kvIndex % params.kvHeads;
  let firstRow = starts[block];
  var tile: WorkTile;
  tile.q = ((batch * params.rowsPerHead + block * blockRows) * params.queryHeads + kvHead * params.group + member) * columns;
  tile.kv = (batch * params.seqKv * params.kvHeads + kvHead) * columns;
  tile.firstRow = firstRow;
  tile.tokens = min(blockRows, params.seqQuery - firstRow);
  tile.rows = tile.tokens;
  return tile;
}

// The keys that row r of the sequence sees, low inclusive, high exclusive.
fn lowKey(row: u32) -> i32 {
  return max(i32(row) + params.windowLow, 0);
}
fn highKey(row: u32) -> i32 {
  return clamp(i32(row) + params.windowHigh, 0, i32(params.seqKv));
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u, @builtin(workgroup_id) workgroup: vec3u) {
  let tile = findWorkTile(params.tileBase + workgroup.y);
  // scores of this unit: [blockRows, seqKv]
  let scores = workgroup.y * blockRows * params.seqKv;
  let row = thread.x / params.seqKv;
  let key = thread.x % params.seqKv;
  if (row >= tile.rows) {
    return;
  }
  let qRow = tile.q + row * params.queryHeads * columns;
  let kRow = tile.kv + key * params.kvHeads * columns;
  var sum = vec4f();
  for (var c = 0u; c < columns; c += 1u) {
    sum += readQ(qRow + c) * readK(kRow + c);
  }
  let position = tile.firstRow + row;
  let visible = i32(key) >= lowKey(position) && i32(key) < highKey(position);
  scratch[scores + thread.x] = select(-0x1p+126f, (sum.x + sum.y + sum.z + sum.w) * params.scale, visible);
}

struct Params {
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
@group(0) @binding(1) var<storage, read> q: array<vec4f>;
@group(0) @binding(2) var<storage, read> k: array<vec4f>;
@group(0) @binding(3) var<storage, read> v: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> o: array<vec4f>;

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
@group(0) @binding(5) var<storage, read> starts: array<u32>;
@group(0) @binding(6) var<storage, read_write> scratch: array<f32>;

const columns = 8u; // vec4 columns of a row
const blockRows = 16u; // tokens of a tile

struct WorkTile {
  q: u32,        // vec4 index of the tile's first row in q and o
  kv: u32,       // vec4 index of its KV head's first row in k and v
  firstRow: u32, // of the whole sequence
  tokens: u32,
  rows: u32,     // as many
}

// Units run KV head by KV head, last rows first, the query heads of a group side by side.
fn findWorkTile(index: u32) -> WorkTile {
  let member = index % params.group;
  let block = params.blocks - 1u - (index / params.group) % params.blocks;
  let kvIndex = index / (params.group * params.blocks);
  let batch = kvIndex / params.kvHeads;
  let kvHead = kvIndex % params.kvHeads;
  let firstRow = starts[block];
  var tile: WorkTile;
  tile.q = ((batch * params.rowsPerHead + block * blockRows) * params.queryHeads + kvHead * params.group + member) * columns;
  tile.kv = (batch * params.seqKv * params.kvHeads + kvHead) * columns;
  tile.firstRow = firstRow;
  tile.tokens = min(blockRows, params.seqQuery - firstRow);
  tile.rows = tile.tokens;
  return tile;
}

// The keys that row r of the sequence sees, low inclusive, high exclusive.
fn lowKey(row: u32) -> i32 {
  return max(i32(row) + params.windowLow, 0);
}
fn highKey(row: u32) -> i32 {
  return clamp(i32(row) + params.windowHigh, 0, i32(params.seqKv));
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u, @builtin(workgroup_id) workgroup: vec3u) {
  let tile = findWorkTile(params.tileBase + workgroup.y);
  // scores of this unit: [blockRows, seqKv]
  let scores = workgroup.y * blockRows * params.seqKv;
  let row = thread.x;
  if (row >= tile.rows) {
    return;
  }
  let first = scores + row * params.seqKv;
  var maximum = -0x1p+100f;
  for (var key = 0u; key < params.seqKv; key += 1u) {
    maximum = max(maximum, scratch[first + key]);
  }
  var total = 0.0;
  for (var key = 0u; key < params.seqKv; key += 1u) {
    let weight = exp2(scratch[first + key] - maximum);
    scratch[first + key] = weight;
    total += weight;
  }
  let factor = select(0.0, 1.0 / total, total > 0.0);
  for (var key = 0u; key < params.seqKv; key += 1u) {
    scratch[first + key] *= factor;
  }
}

struct Params {
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
@group(0) @binding(1) var<storage, read> q: array<vec4f>;
@group(0) @binding(2) var<storage, read> k: array<vec4f>;
@group(0) @binding(3) var<storage, read> v: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> o: array<vec4f>;

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
@group(0) @binding(5) var<storage, read> starts: array<u32>;
@group(0) @binding(6) var<storage, read_write> scratch: array<f32>;

const columns = 8u; // vec4 columns of a row
const blockRows = 16u; // tokens of a tile

struct WorkTile {
  q: u32,        // vec4 index of the tile's first row in q and o
  kv: u32,       // vec4 index of its KV head's first row in k and v
  firstRow: u32, // of the whole sequence
  tokens: u32,
  rows: u32,     // as many
}

// Units run KV head by KV head, last rows first, the query heads of a group side by side.
fn findWorkTile(index: u32) -> WorkTile {
  let member = index % params.group;
  let block = params.blocks - 1u - (index / params.group) % params.blocks;
  let kvIndex = index / (params.group * params.blocks);
  let batch = kvIndex / params.kvHeads;
  let kvHead = kvIndex % params.kvHeads;
  let firstRow = starts[block];
  var tile: WorkTile;
  tile.q = ((batch * params.rowsPerHead + block * blockRows) * params.queryHeads + kvHead * params.group + member) * columns;
  tile.kv = (batch * params.seqKv * params.kvHeads + kvHead) * columns;
  tile.firstRow = firstRow;
  tile.tokens = min(blockRows, params.seqQuery - firstRow);
  tile.rows = tile.tokens;
  return tile;
}

// The keys that row r of the sequence sees, low inclusive, high exclusive.
fn lowKey(row: u32) -> i32 {
  return max(i32(row) + params.windowLow, 0);
}
fn highKey(row: u32) -> i32 {
  return clamp(i32(row) + params.windowHigh, 0, i32(params.seqKv));
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u, @builtin(workgroup_id) workgroup: vec3u) {
  let tile = findWorkTile(params.tileBase + workgroup.y);
  // scores of this unit: [blockRows, seqKv]
  let scores = workgroup.y * blockRows * params.seqKv;
  let row = thread.x / columns;
  let column = thread.x % columns;
  if (row >= tile.rows) {
    return;
  }
  var sum = vec4f();
  for (var key = 0u; key < params.seqKv; key += 1u) {
    sum += scratch[scores + row * params.seqKv + key] * readV(tile.kv + key * params.kvHeads * columns + column);
  }
  writeO(tile.q + row * params.queryHeads * columns + column, sum);
}
