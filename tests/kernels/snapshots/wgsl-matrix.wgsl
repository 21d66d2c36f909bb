enable chromium_experimental_subgroup_matrix;

// Flash attention with an online softmax, 32 keys at a time, both products by 8 x 8 x 8 matrices of f32 with sums of f32:
//   S = q k^T;  P = 2^(S - m);  l = l + sum P;  O = O + P v,  and at the end O / l
// m, a row's maximum, is raised, and l and O rescaled, only where a score passes it by 8.

// The call.
//
// q, k, v and o are [batch, seq, heads, headDim]; they are read and written four elements at a time, and every index into
// them counts such vec4s. A work tile is up to 8 tokens of the 2 query heads that share a KV head; workgroup (x, y) works on tile tileBase + y.
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
const tileTokens = 8u;
const group = 2u;

struct WorkTile {
  q: u32,        // index of its first row in q and o
  kv: u32,       // index of its KV head's first row in k and v
  qStride: u32,  // from one token of a head to the next in q and o
  kvStride: u32, // and in k and v
  firstRow: u32, // of the whole sequence
  tokens: u32,
  rows: u32,     // tokens times group
}

// Work tiles run KV head by KV head, last rows first, all query heads of a group in one.
fn findWorkTile(index: u32) -> WorkTile {
  let block = params.blocks - 1u - index % params.blocks;
  let kvIndex = index / params.blocks;
  let member = 0u;
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
  tile.rows = tile.tokens * group;
  return tile;
}

// Row `row` of a tile: its place in q and o, and in the sequence. The rows of a token lie side by side, one for each query head.
fn rowIndex(tile: WorkTile, row: u32) -> u32 {
  return tile.q + row / group * tile.qStride + row % group * columns;
}
fn rowInSequence(tile: WorkTile, row: u32) -> u32 {
  return tile.firstRow + row / group;
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

const keys = 32u; // staged at a time

var<workgroup> stage: array<f32, 1024>;
var<workgroup> scores: array<f32, 512>;
var<workgroup> weights: array<f32, 512>;
var<workgroup> scratch: array<f32, 64>;
var<workgroup> factors: array<f32, 16>;
var<workgroup> partial: array<f32, 32>;
var<workgroup> anyGrown: u32;

@compute @workgroup_size(32)
fn main(@builtin(local_invocation_index) thread: u32, @builtin(workgroup_id) workgroup: vec3u) {
  let tile = findWorkTile(params.tileBase + workgroup.y);
  let part = thread % 2u;

  // Of each row: the keys that it sees, the running maximum and this lane's part of the row sum.
  let row0 = thread / 2u;
  let low0 = lowKey(rowInSequence(tile, min(row0, tile.rows - 1u)));
  let high0 = highKey(rowInSequence(tile, min(row0, tile.rows - 1u)));
  var m0 = -0x1p+100f;
  var l0 = 0.0;

  // load q: once, into matrices; scores are scaled, not q, which would be rounded once more where it is f16.
  for (var t = thread; t < 128u; t += 32u) {
    let row = min(t / columns, tile.rows - 1u);
    let value = readQ(rowIndex(tile, row) + t % columns);
    stage[t * 4u] = value.x;
    stage[t * 4u + 1u] = value.y;
    stage[t * 4u + 2u] = value.z;
    stage[t * 4u + 3u] = value.w;
  }
  workgroupBarrier();
  let q0_0 = subgroupMatrixLoad<subgroup_matrix_left<f32, 8, 8>, row_major>(&stage, 0u, 32u);
  let q0_1 = subgroupMatrixLoad<subgroup_matrix_left<f32, 8, 8>, row_major>(&stage, 8u, 32u);
  let q0_2 = subgroupMatrixLoad<subgroup_matrix_left<f32, 8, 8>, row_major>(&stage, 16u, 32u);
  let q0_3 = subgroupMatrixLoad<subgroup_matrix_left<f32, 8, 8>, row_major>(&stage, 24u, 32u);
  let q1_0 = subgroupMatrixLoad<subgroup_matrix_left<f32, 8, 8>, row_major>(&stage, 256u, 32u);
  let q1_1 = subgroupMatrixLoad<subgroup_matrix_left<f32, 8, 8>, row_major>(&stage, 264u, 32u);
  let q1_2 = subgroupMatrixLoad<subgroup_matrix_left<f32, 8, 8>, row_major>(&stage, 272u, 32u);
  let q1_3 = subgroupMatrixLoad<subgroup_matrix_left<f32, 8, 8>, row_major>(&stage, 280u, 32u);
  var o0_0 = subgroup_matrix_result<f32, 8, 8>();
  var o0_1 = subgroup_matrix_result<f32, 8, 8>();
  var o0_2 = subgroup_matrix_result<f32, 8, 8>();
  var o0_3 = subgroup_matrix_result<f32, 8, 8>();
  var o1_0 = subgroup_matrix_result<f32, 8, 8>();
  var o1_1 = subgroup_matrix_result<f32, 8, 8>();
  var o1_2 = subgroup_matrix_result<f32, 8, 8>();
  var o1_3 = subgroup_matrix_result<f32, 8, 8>();

  let endKey = highKey(tile.firstRow + tile.tokens - 1u);
  for (var base = lowKey(tile.firstRow) / i32(keys) * i32(keys); base < endKey; base += i32(keys)) {

    // stage K: as [key][dim].
    workgroupBarrier();
    for (var t = thread; t < 256u; t += 32u) {
      let key = u32(base) + t / columns;
      let value = loadK(tile, key, t % columns);
      stage[t * 4u] = value.x;
      stage[t * 4u + 1u] = value.y;
      stage[t * 4u + 2u] = value.z;
      stage[t * 4u + 3u] = value.w;
    }
    workgroupBarrier();

    // scores: S = q k^T, to workgroup memory.
    {
      var s0 = subgroup_matrix_result<f32, 8, 8>();
      var s1 = subgroup_matrix_result<f32, 8, 8>();
      let k0 = subgroupMatrixLoad<subgroup_matrix_right<f32, 8, 8>, col_major>(&stage, 0u, 32u);
      s0 = subgroupMatrixMultiplyAccumulate(q0_0, k0, s0);
      s1 = subgroupMatrixMultiplyAccumulate(q1_0, k0, s1);
      let k1 = subgroupMatrixLoad<subgroup_matrix_right<f32, 8, 8>, col_major>(&stage, 8u, 32u);
      s0 = subgroupMatrixMultiplyAccumulate(q0_1, k1, s0);
      s1 = subgroupMatrixMultiplyAccumulate(q1_1, k1, s1);
      let k2 = subgroupMatrixLoad<subgroup_matrix_right<f32, 8, 8>, col_major>(&stage, 16u, 32u);
      s0 = subgroupMatrixMultiplyAccumulate(q0_2, k2, s0);
      s1 = subgroupMatrixMultiplyAccumulate(q1_2, k2, s1);
      let k3 = subgroupMatrixLoad<subgroup_matrix_right<f32, 8, 8>, col_major>(&stage, 24u, 32u);
      s0 = subgroupMatrixMultiplyAccumulate(q0_3, k3, s0);
      s1 = subgroupMatrixMultiplyAccumulate(q1_3, k3, s1);
      subgroupMatrixStore<row_major>(&scores, 0u, s0, 32u);
      subgroupMatrixStore<row_major>(&scores, 256u, s1, 32u);
    }
    {
      var s0 = subgroup_matrix_result<f32, 8, 8>();
      var s1 = subgroup_matrix_result<f32, 8, 8>();
      let k0 = subgroupMatrixLoad<subgroup_matrix_right<f32, 8, 8>, col_major>(&stage, 256u, 32u);
      s0 = subgroupMatrixMultiplyAccumulate(q0_0, k0, s0);
      s1 = subgroupMatrixMultiplyAccumulate(q1_0, k0, s1);
      let k1 = subgroupMatrixLoad<subgroup_matrix_right<f32, 8, 8>, col_major>(&stage, 264u, 32u);
      s0 = subgroupMatrixMultiplyAccumulate(q0_1, k1, s0);
      s1 = subgroupMatrixMultiplyAccumulate(q1_1, k1, s1);
      let k2 = subgroupMatrixLoad<subgroup_matrix_right<f32, 8, 8>, col_major>(&stage, 272u, 32u);
      s0 = subgroupMatrixMultiplyAccumulate(q0_2, k2, s0);
      s1 = subgroupMatrixMultiplyAccumulate(q1_2, k2, s1);
      let k3 = subgroupMatrixLoad<subgroup_matrix_right<f32, 8, 8>, col_major>(&stage, 280u, 32u);
      s0 = subgroupMatrixMultiplyAccumulate(q0_3, k3, s0);
      s1 = subgroupMatrixMultiplyAccumulate(q1_3, k3, s1);
      subgroupMatrixStore<row_major>(&scores, 8u, s0, 32u);
      subgroupMatrixStore<row_major>(&scores, 264u, s1, 32u);
    }
    {
      var s0 = subgroup_matrix_result<f32, 8, 8>();
      var s1 = subgroup_matrix_result<f32, 8, 8>();
      let k0 = subgroupMatrixLoad<subgroup_matrix_right<f32, 8, 8>, col_major>(&stage, 512u, 32u);
      s0 = subgroupMatrixMultiplyAccumulate(q0_0, k0, s0);
      s1 = subgroupMatrixMultiplyAccumulate(q1_0, k0, s1);
      let k1 = subgroupMatrixLoad<subgroup_matrix_right<f32, 8, 8>, col_major>(&stage, 520u, 32u);
      s0 = subgroupMatrixMultiplyAccumulate(q0_1, k1, s0);
      s1 = subgroupMatrixMultiplyAccumulate(q1_1, k1, s1);
      let k2 = subgroupMatrixLoad<subgroup_matrix_right<f32, 8, 8>, col_major>(&stage, 528u, 32u);
      s0 = subgroupMatrixMultiplyAccumulate(q0_2, k2, s0);
      s1 = subgroupMatrixMultiplyAccumulate(q1_2, k2, s1);
      let k3 = subgroupMatrixLoad<subgroup_matrix_right<f32, 8, 8>, col_major>(&stage, 536u, 32u);
      s0 = subgroupMatrixMultiplyAccumulate(q0_3, k3, s0);
      s1 = subgroupMatrixMultiplyAccumulate(q1_3, k3, s1);
      subgroupMatrixStore<row_major>(&scores, 16u, s0, 32u);
      subgroupMatrixStore<row_major>(&scores, 272u, s1, 32u);
    }
    {
      var s0 = subgroup_matrix_result<f32, 8, 8>();
      var s1 = subgroup_matrix_result<f32, 8, 8>();
      let k0 = subgroupMatrixLoad<subgroup_matrix_right<f32, 8, 8>, col_major>(&stage, 768u, 32u);
      s0 = subgroupMatrixMultiplyAccumulate(q0_0, k0, s0);
      s1 = subgroupMatrixMultiplyAccumulate(q1_0, k0, s1);
      let k1 = subgroupMatrixLoad<subgroup_matrix_right<f32, 8, 8>, col_major>(&stage, 776u, 32u);
      s0 = subgroupMatrixMultiplyAccumulate(q0_1, k1, s0);
      s1 = subgroupMatrixMultiplyAccumulate(q1_1, k1, s1);
      let k2 = subgroupMatrixLoad<subgroup_matrix_right<f32, 8, 8>, col_major>(&stage, 784u, 32u);
      s0 = subgroupMatrixMultiplyAccumulate(q0_2, k2, s0);
      s1 = subgroupMatrixMultiplyAccumulate(q1_2, k2, s1);
      let k3 = subgroupMatrixLoad<subgroup_matrix_right<f32, 8, 8>, col_major>(&stage, 792u, 32u);
      s0 = subgroupMatrixMultiplyAccumulate(q0_3, k3, s0);
      s1 = subgroupMatrixMultiplyAccumulate(q1_3, k3, s1);
      subgroupMatrixStore<row_major>(&scores, 24u, s0, 32u);
      subgroupMatrixStore<row_major>(&scores, 280u, s1, 32u);
    }
    workgroupBarrier();

    // stage V: in place of K.
    for (var t = thread; t < 256u; t += 32u) {
      let key = u32(base) + t / columns;
      let value = loadV(tile, key, t % columns);
      stage[t * 4u] = value.x;
      stage[t * 4u + 1u] = value.y;
      stage[t * 4u + 2u] = value.z;
      stage[t * 4u + 3u] = value.w;
    }

    // mask and row maximum: of the keys that a row sees, shared by its lanes; maxima that grew by little stay as they were.
    var largest0 = -0x1p+126f;
    for (var j = part; j < keys; j += 2u) {
      let key = base + i32(j);
      let seen = key >= low0 && key < high0;
      let s = scores[row0 * keys + j] * params.scale;
      largest0 = max(largest0, select(-0x1p+126f, s, seen));
    }
    partial[row0 * 2u + part] = largest0;
    workgroupBarrier();
    var found0 = partial[row0 * 2u];
    for (var i = 1u; i < 2u; i += 1u) {
      found0 = max(found0, partial[row0 * 2u + i]);
    }
    let grown0 = found0 > m0 + 8.0;

    // rescale: l = l 2^(m - m'), and the factor of O.
    let rescale0 = select(1.0, exp2(m0 - found0), grown0);
    m0 = select(m0, found0, grown0);
    l0 *= rescale0;
    if (part == 0u) {
      factors[row0] = rescale0;
    }

    // exponentials and row sum: P = 2^(S - m), 0 where the row does not see the key; l = l + sum P.
    for (var j = part; j < keys; j += 2u) {
      let key = base + i32(j);
      let seen = key >= low0 && key < high0;
      let s = scores[row0 * keys + j] * params.scale;
      let p = select(0.0, exp2(s - m0), seen);
      l0 += p;
      weights[row0 * keys + j] = f32(p);
    }
    workgroupBarrier();
    if (thread == 0u) {
      var any = 0u;
      for (var i = 0u; i < 16u; i += 1u) {
        any |= select(0u, 1u, factors[i] != 1.0);
      }
      anyGrown = any;
    }

    // rescale: O = O 2^(m - m'), seldom: through memory, a matrix at a time.
    if (workgroupUniformLoad(&anyGrown) != 0u) {
      subgroupMatrixStore<row_major>(&scratch, 0u, o0_0, 8u);
      workgroupBarrier();
      for (var t = thread; t < 64u; t += 32u) {
        scratch[t] *= factors[t / 8u];
      }
      workgroupBarrier();
      o0_0 = subgroupMatrixLoad<subgroup_matrix_result<f32, 8, 8>, row_major>(&scratch, 0u, 8u);
      workgroupBarrier();
      subgroupMatrixStore<row_major>(&scratch, 0u, o0_1, 8u);
      workgroupBarrier();
      for (var t = thread; t < 64u; t += 32u) {
        scratch[t] *= factors[t / 8u];
      }
      workgroupBarrier();
      o0_1 = subgroupMatrixLoad<subgroup_matrix_result<f32, 8, 8>, row_major>(&scratch, 0u, 8u);
      workgroupBarrier();
      subgroupMatrixStore<row_major>(&scratch, 0u, o0_2, 8u);
      workgroupBarrier();
      for (var t = thread; t < 64u; t += 32u) {
        scratch[t] *= factors[t / 8u];
      }
      workgroupBarrier();
      o0_2 = subgroupMatrixLoad<subgroup_matrix_result<f32, 8, 8>, row_major>(&scratch, 0u, 8u);
      workgroupBarrier();
      subgroupMatrixStore<row_major>(&scratch, 0u, o0_3, 8u);
      workgroupBarrier();
      for (var t = thread; t < 64u; t += 32u) {
        scratch[t] *= factors[t / 8u];
      }
      workgroupBarrier();
      o0_3 = subgroupMatrixLoad<subgroup_matrix_result<f32, 8, 8>, row_major>(&scratch, 0u, 8u);
      workgroupBarrier();
      subgroupMatrixStore<row_major>(&scratch, 0u, o1_0, 8u);
      workgroupBarrier();
      for (var t = thread; t < 64u; t += 32u) {
        scratch[t] *= factors[t / 8u + 8u];
      }
      workgroupBarrier();
      o1_0 = subgroupMatrixLoad<subgroup_matrix_result<f32, 8, 8>, row_major>(&scratch, 0u, 8u);
      workgroupBarrier();
      subgroupMatrixStore<row_major>(&scratch, 0u, o1_1, 8u);
      workgroupBarrier();
      for (var t = thread; t < 64u; t += 32u) {
        scratch[t] *= factors[t / 8u + 8u];
      }
      workgroupBarrier();
      o1_1 = subgroupMatrixLoad<subgroup_matrix_result<f32, 8, 8>, row_major>(&scratch, 0u, 8u);
      workgroupBarrier();
      subgroupMatrixStore<row_major>(&scratch, 0u, o1_2, 8u);
      workgroupBarrier();
      for (var t = thread; t < 64u; t += 32u) {
        scratch[t] *= factors[t / 8u + 8u];
      }
      workgroupBarrier();
      o1_2 = subgroupMatrixLoad<subgroup_matrix_result<f32, 8, 8>, row_major>(&scratch, 0u, 8u);
      workgroupBarrier();
      subgroupMatrixStore<row_major>(&scratch, 0u, o1_3, 8u);
      workgroupBarrier();
      for (var t = thread; t < 64u; t += 32u) {
        scratch[t] *= factors[t / 8u + 8u];
      }
      workgroupBarrier();
      o1_3 = subgroupMatrixLoad<subgroup_matrix_result<f32, 8, 8>, row_major>(&scratch, 0u, 8u);
      workgroupBarrier();
    }

    // accumulate: O = O + P v.
    {
      let p0 = subgroupMatrixLoad<subgroup_matrix_left<f32, 8, 8>, row_major>(&weights, 0u, 32u);
      let p1 = subgroupMatrixLoad<subgroup_matrix_left<f32, 8, 8>, row_major>(&weights, 256u, 32u);
      let v0 = subgroupMatrixLoad<subgroup_matrix_right<f32, 8, 8>, row_major>(&stage, 0u, 32u);
      o0_0 = subgroupMatrixMultiplyAccumulate(p0, v0, o0_0);
      o1_0 = subgroupMatrixMultiplyAccumulate(p1, v0, o1_0);
      let v1 = subgroupMatrixLoad<subgroup_matrix_right<f32, 8, 8>, row_major>(&stage, 8u, 32u);
      o0_1 = subgroupMatrixMultiplyAccumulate(p0, v1, o0_1);
      o1_1 = subgroupMatrixMultiplyAccumulate(p1, v1, o1_1);
      let v2 = subgroupMatrixLoad<subgroup_matrix_right<f32, 8, 8>, row_major>(&stage, 16u, 32u);
      o0_2 = subgroupMatrixMultiplyAccumulate(p0, v2, o0_2);
      o1_2 = subgroupMatrixMultiplyAccumulate(p1, v2, o1_2);
      let v3 = subgroupMatrixLoad<subgroup_matrix_right<f32, 8, 8>, row_major>(&stage, 24u, 32u);
      o0_3 = subgroupMatrixMultiplyAccumulate(p0, v3, o0_3);
      o1_3 = subgroupMatrixMultiplyAccumulate(p1, v3, o1_3);
    }
    {
      let p0 = subgroupMatrixLoad<subgroup_matrix_left<f32, 8, 8>, row_major>(&weights, 8u, 32u);
      let p1 = subgroupMatrixLoad<subgroup_matrix_left<f32, 8, 8>, row_major>(&weights, 264u, 32u);
      let v0 = subgroupMatrixLoad<subgroup_matrix_right<f32, 8, 8>, row_major>(&stage, 256u, 32u);
      o0_0 = subgroupMatrixMultiplyAccumulate(p0, v0, o0_0);
      o1_0 = subgroupMatrixMultiplyAccumulate(p1, v0, o1_0);
      let v1 = subgroupMatrixLoad<subgroup_matrix_right<f32, 8, 8>, row_major>(&stage, 264u, 32u);
      o0_1 = subgroupMatrixMultiplyAccumulate(p0, v1, o0_1);
      o1_1 = subgroupMatrixMultiplyAccumulate(p1, v1, o1_1);
      let v2 = subgroupMatrixLoad<subgroup_matrix_right<f32, 8, 8>, row_major>(&stage, 272u, 32u);
      o0_2 = subgroupMatrixMultiplyAccumulate(p0, v2, o0_2);
      o1_2 = subgroupMatrixMultiplyAccumulate(p1, v2, o1_2);
      let v3 = subgroupMatrixLoad<subgroup_matrix_right<f32, 8, 8>, row_major>(&stage, 280u, 32u);
      o0_3 = subgroupMatrixMultiplyAccumulate(p0, v3, o0_3);
      o1_3 = subgroupMatrixMultiplyAccumulate(p1, v3, o1_3);
    }
    {
      let p0 = subgroupMatrixLoad<subgroup_matrix_left<f32, 8, 8>, row_major>(&weights, 16u, 32u);
      let p1 = subgroupMatrixLoad<subgroup_matrix_left<f32, 8, 8>, row_major>(&weights, 272u, 32u);
      let v0 = subgroupMatrixLoad<subgroup_matrix_right<f32, 8, 8>, row_major>(&stage, 512u, 32u);
      o0_0 = subgroupMatrixMultiplyAccumulate(p0, v0, o0_0);
      o1_0 = subgroupMatrixMultiplyAccumulate(p1, v0, o1_0);
      let v1 = subgroupMatrixLoad<subgroup_matrix_right<f32, 8, 8>, row_major>(&stage, 520u, 32u);
      o0_1 = subgroupMatrixMultiplyAccumulate(p0, v1, o0_1);
      o1_1 = subgroupMatrixMultiplyAccumulate(p1, v1, o1_1);
      let v2 = subgroupMatrixLoad<subgroup_matrix_right<f32, 8, 8>, row_major>(&stage, 528u, 32u);
      o0_2 = subgroupMatrixMultiplyAccumulate(p0, v2, o0_2);
      o1_2 = subgroupMatrixMultiplyAccumulate(p1, v2, o1_2);
      let v3 = subgroupMatrixLoad<subgroup_matrix_right<f32, 8, 8>, row_major>(&stage, 536u, 32u);
      o0_3 = subgroupMatrixMultiplyAccumulate(p0, v3, o0_3);
      o1_3 = subgroupMatrixMultiplyAccumulate(p1, v3, o1_3);
    }
    {
      let p0 = subgroupMatrixLoad<subgroup_matrix_left<f32, 8, 8>, row_major>(&weights, 24u, 32u);
      let p1 = subgroupMatrixLoad<subgroup_matrix_left<f32, 8, 8>, row_major>(&weights, 280u, 32u);
      let v0 = subgroupMatrixLoad<subgroup_matrix_right<f32, 8, 8>, row_major>(&stage, 768u, 32u);
      o0_0 = subgroupMatrixMultiplyAccumulate(p0, v0, o0_0);
      o1_0 = subgroupMatrixMultiplyAccumulate(p1, v0, o1_0);
      let v1 = subgroupMatrixLoad<subgroup_matrix_right<f32, 8, 8>, row_major>(&stage, 776u, 32u);
      o0_1 = subgroupMatrixMultiplyAccumulate(p0, v1, o0_1);
      o1_1 = subgroupMatrixMultiplyAccumulate(p1, v1, o1_1);
      let v2 = subgroupMatrixLoad<subgroup_matrix_right<f32, 8, 8>, row_major>(&stage, 784u, 32u);
      o0_2 = subgroupMatrixMultiplyAccumulate(p0, v2, o0_2);
      o1_2 = subgroupMatrixMultiplyAccumulate(p1, v2, o1_2);
      let v3 = subgroupMatrixLoad<subgroup_matrix_right<f32, 8, 8>, row_major>(&stage, 792u, 32u);
      o0_3 = subgroupMatrixMultiplyAccumulate(p0, v3, o0_3);
      o1_3 = subgroupMatrixMultiplyAccumulate(p1, v3, o1_3);
    }
  }

  // write: O / l; a row that saw no key has sum 0 and gives zeros.
  workgroupBarrier();
    partial[row0 * 2u + part] = l0;
    workgroupBarrier();
    var sum0 = partial[row0 * 2u];
    for (var i = 1u; i < 2u; i += 1u) {
      sum0 = sum0 + partial[row0 * 2u + i];
    }
    if (part == 0u) {
      factors[row0] = select(0.0, 1.0 / sum0, sum0 > 0.0);
    }
  workgroupBarrier();
  subgroupMatrixStore<row_major>(&scratch, 0u, o0_0, 8u);
  workgroupBarrier();
  for (var t = thread; t < 16u; t += 32u) {
    let row = t / 2u;
    if (row < tile.rows) {
      let value = vec4f(scratch[t * 4u], scratch[t * 4u + 1u], scratch[t * 4u + 2u], scratch[t * 4u + 3u]);
      writeO(rowIndex(tile, row) + t % 2u, value * factors[row]);
    }
  }
  workgroupBarrier();
  subgroupMatrixStore<row_major>(&scratch, 0u, o0_1, 8u);
  workgroupBarrier();
  for (var t = thread; t < 16u; t += 32u) {
    let row = t / 2u;
    if (row < tile.rows) {
      let value = vec4f(scratch[t * 4u], scratch[t * 4u + 1u], scratch[t * 4u + 2u], scratch[t * 4u + 3u]);
      writeO(rowIndex(tile, row) + t % 2u + 2u, value * factors[row]);
    }
  }
  workgroupBarrier();
  subgroupMatrixStore<row_major>(&scratch, 0u, o0_2, 8u);
  workgroupBarrier();
  for (var t = thread; t < 16u; t += 32u) {
    let row = t / 2u;
    if (row < tile.rows) {
      let value = vec4f(scratch[t * 4u], scratch[t * 4u + 1u], scratch[t * 4u + 2u], scratch[t * 4u + 3u]);
      writeO(rowIndex(tile, row) + t % 2u + 4u, value * factors[row]);
    }
  }
  workgroupBarrier();
  subgroupMatrixStore<row_major>(&scratch, 0u, o0_3, 8u);
  workgroupBarrier();
  for (var t = thread; t < 16u; t += 32u) {
    let row = t / 2u;
    if (row < tile.rows) {
      let value = vec4f(scratch[t * 4u], scratch[t * 4u + 1u], scratch[t * 4u + 2u], scratch[t * 4u + 3u]);
      writeO(rowIndex(tile, row) + t % 2u + 6u, value * factors[row]);
    }
  }
  workgroupBarrier();
  subgroupMatrixStore<row_major>(&scratch, 0u, o1_0, 8u);
  workgroupBarrier();
  for (var t = thread; t < 16u; t += 32u) {
    let row = t / 2u + 8u;
    if (row < tile.rows) {
      let value = vec4f(scratch[t * 4u], scratch[t * 4u + 1u], scratch[t * 4u + 2u], scratch[t * 4u + 3u]);
      writeO(rowIndex(tile, row) + t % 2u, value * factors[row]);
    }
  }
  workgroupBarrier();
  subgroupMatrixStore<row_major>(&scratch, 0u, o1_1, 8u);
  workgroupBarrier();
  for (var t = thread; t < 16u; t += 32u) {
    let row = t / 2u + 8u;
    if (row < tile.rows) {
      let value = vec4f(scratch[t * 4u], scratch[t * 4u + 1u], scratch[t * 4u + 2u], scratch[t * 4u + 3u]);
      writeO(rowIndex(tile, row) + t % 2u + 2u, value * factors[row]);
    }
  }
  workgroupBarrier();
  subgroupMatrixStore<row_major>(&scratch, 0u, o1_2, 8u);
  workgroupBarrier();
  for (var t = thread; t < 16u; t += 32u) {
    let row = t / 2u + 8u;
    if (row < tile.rows) {
      let value = vec4f(scratch[t * 4u], scratch[t * 4u + 1u], scratch[t * 4u + 2u], scratch[t * 4u + 3u]);
      writeO(rowIndex(tile, row) + t % 2u + 4u, value * factors[row]);
    }
  }
  workgroupBarrier();
  subgroupMatrixStore<row_major>(&scratch, 0u, o1_3, 8u);
  workgroupBarrier();
  for (var t = thread; t < 16u; t += 32u) {
    let row = t / 2u + 8u;
    if (row < tile.rows) {
      let value = vec4f(scratch[t * 4u], scratch[t * 4u + 1u], scratch[t * 4u + 2u], scratch[t * 4u + 3u]);
      writeO(rowIndex(tile, row) + t % 2u + 6u, value * factors[row]);
    }
  }
}
