diagnostic(off, chromium.subgroup_matrix_uniformity);
diagnostic(off, subgroup_uniformity);
enable chromium_experimental_subgroup_matrix;
enable subgroups;

// Flash attention with an online softmax, both products by 8 x 8 x 8 matrices of f32 with sums of f32. For each block of keys
//   S = q k^T;  P = 2^(S - m);  l = l + sum P;  O = O + P v,  and at the end O / l
// m, a row's maximum, is raised, and l and O rescaled, only where a score passes it by 8.
//
// A workgroup of 1 subgroups owns 16 rows and walks over blocks of 32 keys. A subgroup owns 16 rows, with
// O as matrices o<row block>_<column block>.

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

// Rows in workgroup memory, in vec4s: 16 bytes more than they need, so that they begin in different banks.
const blockKeys = 32u;
const keyStride = 9u;   // of 32 dims
const valueStride = 9u; // of 32 keys
const scoreStride = 9u; // of 32 scores

// in turns q as [row][dim], k as [key][dim], v as [dim][key]
var<workgroup> stage: array<vec4f, 288>;
// of each subgroup S as [row][key]; O passes through it
var<workgroup> scores: array<array<vec4f, 144>, 1>;
// and P as [row][key]
var<workgroup> weights: array<array<vec4f, 144>, 1>;
// 1 where a row of the workgroup raised its maximum
var<workgroup> anyRaised: atomic<u32>;

// Over the 2 lanes that share a row.
fn maxOverRow(value: f32) -> f32 {
  var all = value;
  all = max(all, subgroupShuffleXor(all, 1u));
  return all;
}
fn sumOverRow(value: f32) -> f32 {
  var all = value;
  all = all + subgroupShuffleXor(all, 1u);
  return all;
}

@compute @workgroup_size(32)
fn main(@builtin(local_invocation_index) thread: u32, @builtin(workgroup_id) workgroup: vec3u, @builtin(subgroup_id) subgroupId: u32, @builtin(subgroup_size) subgroupSize: u32, @builtin(subgroup_invocation_id) subgroupLane: u32) {
  let subgroup = subgroupId * subgroupSize / 32u;
  let lane = (subgroupId * subgroupSize + subgroupLane) % 32u;
  let tile = findWorkTile(params.tileBase + workgroup.y);
  let firstRow = subgroup * 16u;
  let part = lane % 2u; // of the keys of a row
  let lastRow = tile.firstRow + tile.tokens - 1u;
  // The keys that any row of the tile sees, from the start of a block.
  let firstKey = lowKey(tile.firstRow) / i32(blockKeys) * i32(blockKeys);
  let endKey = highKey(lastRow);
  // The keys that every row of it sees: their blocks need no mask.
  let plainBegin = lowKey(lastRow);
  let plainEnd = highKey(tile.firstRow);

  // Of the lane's rows: the keys that they see, the running maximum, this lane's part of the row sum, and where its scores and weights lie.
  let row0 = lane / 2u; // of the subgroup's
  let low0 = lowKey(rowInSequence(tile, min(firstRow + row0, tile.rows - 1u)));
  let high0 = highKey(rowInSequence(tile, min(firstRow + row0, tile.rows - 1u)));
  var m0 = -0x1p+100f;
  var l0 = 0.0;
  let scoreAt0 = min(row0 * scoreStride + part * 4u, 140u);
  let weightAt0 = min(row0 * valueStride + part * 4u, 140u);
  let score0_0 = &scores[subgroup][scoreAt0];
  let weight0_0 = &weights[subgroup][weightAt0];
  let score0_1 = &scores[subgroup][scoreAt0 + 1u];
  let weight0_1 = &weights[subgroup][weightAt0 + 1u];
  let score0_2 = &scores[subgroup][scoreAt0 + 2u];
  let weight0_2 = &weights[subgroup][weightAt0 + 2u];
  let score0_3 = &scores[subgroup][scoreAt0 + 3u];
  let weight0_3 = &weights[subgroup][weightAt0 + 3u];

  // load q: once, to matrices; scores are scaled, not q, which would be rounded again.
  for (var i = 0u; i < 4u; i += 1u) {
    let t = thread + i * 32u;
    let row = t / 8u;
    let column = t % 8u;
    let at = rowIndex(tile, min(row, tile.rows - 1u)) + column;
    stage[row * keyStride + column] = q[at];
  }
  workgroupBarrier();
  let q0_0 = subgroupMatrixLoad<subgroup_matrix_left<f32, 8, 8>, row_major>(&stage, firstRow * keyStride, keyStride);
  let q0_1 = subgroupMatrixLoad<subgroup_matrix_left<f32, 8, 8>, row_major>(&stage, firstRow * keyStride + 2u, keyStride);
  let q0_2 = subgroupMatrixLoad<subgroup_matrix_left<f32, 8, 8>, row_major>(&stage, firstRow * keyStride + 4u, keyStride);
  let q0_3 = subgroupMatrixLoad<subgroup_matrix_left<f32, 8, 8>, row_major>(&stage, firstRow * keyStride + 6u, keyStride);
  let q1_0 = subgroupMatrixLoad<subgroup_matrix_left<f32, 8, 8>, row_major>(&stage, (firstRow + 8u) * keyStride, keyStride);
  let q1_1 = subgroupMatrixLoad<subgroup_matrix_left<f32, 8, 8>, row_major>(&stage, (firstRow + 8u) * keyStride + 2u, keyStride);
  let q1_2 = subgroupMatrixLoad<subgroup_matrix_left<f32, 8, 8>, row_major>(&stage, (firstRow + 8u) * keyStride + 4u, keyStride);
  let q1_3 = subgroupMatrixLoad<subgroup_matrix_left<f32, 8, 8>, row_major>(&stage, (firstRow + 8u) * keyStride + 6u, keyStride);

  // What this thread stages of each block.
  let kKey = thread / 8u;
  let kColumn = thread % 8u;
  let kTo = kKey * keyStride + kColumn;
  let vKey = thread % 8u * 4u;
  let vColumn = thread / 8u;
  let vTo = vColumn * 4u * valueStride + thread % 8u;

  var o0_0 = subgroup_matrix_result<f32, 8, 8>();
  var o0_1 = subgroup_matrix_result<f32, 8, 8>();
  var o0_2 = subgroup_matrix_result<f32, 8, 8>();
  var o0_3 = subgroup_matrix_result<f32, 8, 8>();
  var o1_0 = subgroup_matrix_result<f32, 8, 8>();
  var o1_1 = subgroup_matrix_result<f32, 8, 8>();
  var o1_2 = subgroup_matrix_result<f32, 8, 8>();
  var o1_3 = subgroup_matrix_result<f32, 8, 8>();

  for (var base = firstKey; base < endKey; ) {
    // A block that is not whole.
    let blockKey = base;

    // stage K: as [key][dim].
    workgroupBarrier();
    for (var i = 0u; i < 8u; i += 1u) {
      let t = thread + i * 32u;
      let at = tile.kv + min(u32(blockKey) + kKey + i * 4u, params.seqKv - 1u) * tile.kvStride + kColumn;
      stage[kTo + i * 36u] = k[at];
    }
    workgroupBarrier();

    // scores: S = q k^T, to workgroup memory.
    {
      var s0_0 = subgroup_matrix_result<f32, 8, 8>();
      var s0_1 = subgroup_matrix_result<f32, 8, 8>();
      var s0_2 = subgroup_matrix_result<f32, 8, 8>();
      var s0_3 = subgroup_matrix_result<f32, 8, 8>();
      var s1_0 = subgroup_matrix_result<f32, 8, 8>();
      var s1_1 = subgroup_matrix_result<f32, 8, 8>();
      var s1_2 = subgroup_matrix_result<f32, 8, 8>();
      var s1_3 = subgroup_matrix_result<f32, 8, 8>();
      {
        let k0 = subgroupMatrixLoad<subgroup_matrix_right<f32, 8, 8>, col_major>(&stage, 0u, keyStride);
        let k1 = subgroupMatrixLoad<subgroup_matrix_right<f32, 8, 8>, col_major>(&stage, 8u * keyStride + 0u, keyStride);
        let k2 = subgroupMatrixLoad<subgroup_matrix_right<f32, 8, 8>, col_major>(&stage, 16u * keyStride + 0u, keyStride);
        let k3 = subgroupMatrixLoad<subgroup_matrix_right<f32, 8, 8>, col_major>(&stage, 24u * keyStride + 0u, keyStride);
        s0_0 = subgroupMatrixMultiplyAccumulate(q0_0, k0, s0_0);
        s0_1 = subgroupMatrixMultiplyAccumulate(q0_0, k1, s0_1);
        s0_2 = subgroupMatrixMultiplyAccumulate(q0_0, k2, s0_2);
        s0_3 = subgroupMatrixMultiplyAccumulate(q0_0, k3, s0_3);
        s1_0 = subgroupMatrixMultiplyAccumulate(q1_0, k0, s1_0);
        s1_1 = subgroupMatrixMultiplyAccumulate(q1_0, k1, s1_1);
        s1_2 = subgroupMatrixMultiplyAccumulate(q1_0, k2, s1_2);
        s1_3 = subgroupMatrixMultiplyAccumulate(q1_0, k3, s1_3);
      }
      {
        let k0 = subgroupMatrixLoad<subgroup_matrix_right<f32, 8, 8>, col_major>(&stage, 2u, keyStride);
        let k1 = subgroupMatrixLoad<subgroup_matrix_right<f32, 8, 8>, col_major>(&stage, 8u * keyStride + 2u, keyStride);
        let k2 = subgroupMatrixLoad<subgroup_matrix_right<f32, 8, 8>, col_major>(&stage, 16u * keyStride + 2u, keyStride);
        let k3 = subgroupMatrixLoad<subgroup_matrix_right<f32, 8, 8>, col_major>(&stage, 24u * keyStride + 2u, keyStride);
        s0_0 = subgroupMatrixMultiplyAccumulate(q0_1, k0, s0_0);
        s0_1 = subgroupMatrixMultiplyAccumulate(q0_1, k1, s0_1);
        s0_2 = subgroupMatrixMultiplyAccumulate(q0_1, k2, s0_2);
        s0_3 = subgroupMatrixMultiplyAccumulate(q0_1, k3, s0_3);
        s1_0 = subgroupMatrixMultiplyAccumulate(q1_1, k0, s1_0);
        s1_1 = subgroupMatrixMultiplyAccumulate(q1_1, k1, s1_1);
        s1_2 = subgroupMatrixMultiplyAccumulate(q1_1, k2, s1_2);
        s1_3 = subgroupMatrixMultiplyAccumulate(q1_1, k3, s1_3);
      }
      {
        let k0 = subgroupMatrixLoad<subgroup_matrix_right<f32, 8, 8>, col_major>(&stage, 4u, keyStride);
        let k1 = subgroupMatrixLoad<subgroup_matrix_right<f32, 8, 8>, col_major>(&stage, 8u * keyStride + 4u, keyStride);
        let k2 = subgroupMatrixLoad<subgroup_matrix_right<f32, 8, 8>, col_major>(&stage, 16u * keyStride + 4u, keyStride);
        let k3 = subgroupMatrixLoad<subgroup_matrix_right<f32, 8, 8>, col_major>(&stage, 24u * keyStride + 4u, keyStride);
        s0_0 = subgroupMatrixMultiplyAccumulate(q0_2, k0, s0_0);
        s0_1 = subgroupMatrixMultiplyAccumulate(q0_2, k1, s0_1);
        s0_2 = subgroupMatrixMultiplyAccumulate(q0_2, k2, s0_2);
        s0_3 = subgroupMatrixMultiplyAccumulate(q0_2, k3, s0_3);
        s1_0 = subgroupMatrixMultiplyAccumulate(q1_2, k0, s1_0);
        s1_1 = subgroupMatrixMultiplyAccumulate(q1_2, k1, s1_1);
        s1_2 = subgroupMatrixMultiplyAccumulate(q1_2, k2, s1_2);
        s1_3 = subgroupMatrixMultiplyAccumulate(q1_2, k3, s1_3);
      }
      {
        let k0 = subgroupMatrixLoad<subgroup_matrix_right<f32, 8, 8>, col_major>(&stage, 6u, keyStride);
        let k1 = subgroupMatrixLoad<subgroup_matrix_right<f32, 8, 8>, col_major>(&stage, 8u * keyStride + 6u, keyStride);
        let k2 = subgroupMatrixLoad<subgroup_matrix_right<f32, 8, 8>, col_major>(&stage, 16u * keyStride + 6u, keyStride);
        let k3 = subgroupMatrixLoad<subgroup_matrix_right<f32, 8, 8>, col_major>(&stage, 24u * keyStride + 6u, keyStride);
        s0_0 = subgroupMatrixMultiplyAccumulate(q0_3, k0, s0_0);
        s0_1 = subgroupMatrixMultiplyAccumulate(q0_3, k1, s0_1);
        s0_2 = subgroupMatrixMultiplyAccumulate(q0_3, k2, s0_2);
        s0_3 = subgroupMatrixMultiplyAccumulate(q0_3, k3, s0_3);
        s1_0 = subgroupMatrixMultiplyAccumulate(q1_3, k0, s1_0);
        s1_1 = subgroupMatrixMultiplyAccumulate(q1_3, k1, s1_1);
        s1_2 = subgroupMatrixMultiplyAccumulate(q1_3, k2, s1_2);
        s1_3 = subgroupMatrixMultiplyAccumulate(q1_3, k3, s1_3);
      }
      subgroupMatrixStore<row_major>(&scores[subgroup], 0u, s0_0, scoreStride);
      subgroupMatrixStore<row_major>(&scores[subgroup], 2u, s0_1, scoreStride);
      subgroupMatrixStore<row_major>(&scores[subgroup], 4u, s0_2, scoreStride);
      subgroupMatrixStore<row_major>(&scores[subgroup], 6u, s0_3, scoreStride);
      subgroupMatrixStore<row_major>(&scores[subgroup], 8u * scoreStride + 0u, s1_0, scoreStride);
      subgroupMatrixStore<row_major>(&scores[subgroup], 8u * scoreStride + 2u, s1_1, scoreStride);
      subgroupMatrixStore<row_major>(&scores[subgroup], 8u * scoreStride + 4u, s1_2, scoreStride);
      subgroupMatrixStore<row_major>(&scores[subgroup], 8u * scoreStride + 6u, s1_3, scoreStride);
    }
    workgroupBarrier();

    // stage V: as [dim][key]. x turns four keys of four dims in registers.
    for (var i = 0u; i < 2u; i += 1u) {
      let t = thread + i * 32u;
      let key = u32(blockKey) + vKey;
      let x = transpose(mat4x4f(
        select(vec4f(), v[tile.kv + min(key, params.seqKv - 1u) * tile.kvStride + vColumn + i * 4u], key < params.seqKv),
        select(vec4f(), v[tile.kv + min(key + 1u, params.seqKv - 1u) * tile.kvStride + vColumn + i * 4u], key + 1u < params.seqKv),
        select(vec4f(), v[tile.kv + min(key + 2u, params.seqKv - 1u) * tile.kvStride + vColumn + i * 4u], key + 2u < params.seqKv),
        select(vec4f(), v[tile.kv + min(key + 3u, params.seqKv - 1u) * tile.kvStride + vColumn + i * 4u], key + 3u < params.seqKv),
      ));
      stage[vTo + i * 144u] = x[0];
      stage[vTo + i * 144u + valueStride] = x[1];
      stage[vTo + i * 144u + valueStride * 2u] = x[2];
      stage[vTo + i * 144u + valueStride * 3u] = x[3];
    }

    // mask: and keys that the block before had.
    var s0_0 = *score0_0;
    var s0_1 = *score0_1;
    var s0_2 = *score0_2;
    var s0_3 = *score0_3;
    let keys = blockKey + i32(part * 16u) + vec4i(0, 1, 2, 3);
    let masked = -0x1p+126f / max(params.scale, 1.0); // times the scale it is finite
    s0_0 = select(vec4f(masked), s0_0, (keys >= vec4i(low0)) & (keys < vec4i(high0)) & (keys >= vec4i(base)));
    s0_1 = select(vec4f(masked), s0_1, ((keys + 4) >= vec4i(low0)) & ((keys + 4) < vec4i(high0)) & ((keys + 4) >= vec4i(base)));
    s0_2 = select(vec4f(masked), s0_2, ((keys + 8) >= vec4i(low0)) & ((keys + 8) < vec4i(high0)) & ((keys + 8) >= vec4i(base)));
    s0_3 = select(vec4f(masked), s0_3, ((keys + 12) >= vec4i(low0)) & ((keys + 12) < vec4i(high0)) & ((keys + 12) >= vec4i(base)));

    // row maximum: shared by the lanes of a row; one that grew by little stays as it was.
    let four0 = max(max(max(s0_0, s0_1), s0_2), s0_3);
    let found0 = maxOverRow(max(max(four0.x, four0.y), max(four0.z, four0.w))) * params.scale;
    let raised0 = found0 > m0 + 8.0;
    let rescale0 = select(1.0, exp2(m0 - found0), raised0);
    m0 = select(m0, found0, raised0);
    if (raised0) {
      atomicStore(&anyRaised, 1u);
    }

    // exponentials: P = 2^(S - m).
    s0_0 = exp2(fma(s0_0, vec4f(params.scale), vec4f(-m0)));
    *weight0_0 = s0_0;
    s0_1 = exp2(fma(s0_1, vec4f(params.scale), vec4f(-m0)));
    *weight0_1 = s0_1;
    s0_2 = exp2(fma(s0_2, vec4f(params.scale), vec4f(-m0)));
    *weight0_2 = s0_2;
    s0_3 = exp2(fma(s0_3, vec4f(params.scale), vec4f(-m0)));
    *weight0_3 = s0_3;

    // row sum: l = l 2^(m - m') + sum P, of this lane's keys.
    let fours0 = s0_0 + s0_1 + s0_2 + s0_3;
    let sum0 = fours0.x + fours0.y + fours0.z + fours0.w;
    l0 = l0 * rescale0 + sum0;

    // rescale: O = O 2^(m - m'), seldom: through workgroup memory. Waits for the weights and V too.
    if (workgroupUniformLoad(&anyRaised) != 0u) {
      if (thread == 0u) {
        atomicStore(&anyRaised, 0u);
      }
      subgroupMatrixStore<row_major>(&scores[subgroup], 0u, o0_0, scoreStride);
      subgroupMatrixStore<row_major>(&scores[subgroup], 2u, o0_1, scoreStride);
      subgroupMatrixStore<row_major>(&scores[subgroup], 4u, o0_2, scoreStride);
      subgroupMatrixStore<row_major>(&scores[subgroup], 6u, o0_3, scoreStride);
      subgroupMatrixStore<row_major>(&scores[subgroup], 8u * scoreStride + 0u, o1_0, scoreStride);
      subgroupMatrixStore<row_major>(&scores[subgroup], 8u * scoreStride + 2u, o1_1, scoreStride);
      subgroupMatrixStore<row_major>(&scores[subgroup], 8u * scoreStride + 4u, o1_2, scoreStride);
      subgroupMatrixStore<row_major>(&scores[subgroup], 8u * scoreStride + 6u, o1_3, scoreStride);
      workgroupBarrier();
      *score0_0 = *score0_0 * rescale0;
      *score0_1 = *score0_1 * rescale0;
      *score0_2 = *score0_2 * rescale0;
      *score0_3 = *score0_3 * rescale0;
      workgroupBarrier();
      o0_0 = subgroupMatrixLoad<subgroup_matrix_result<f32, 8, 8>, row_major>(&scores[subgroup], 0u, scoreStride);
      o0_1 = subgroupMatrixLoad<subgroup_matrix_result<f32, 8, 8>, row_major>(&scores[subgroup], 2u, scoreStride);
      o0_2 = subgroupMatrixLoad<subgroup_matrix_result<f32, 8, 8>, row_major>(&scores[subgroup], 4u, scoreStride);
      o0_3 = subgroupMatrixLoad<subgroup_matrix_result<f32, 8, 8>, row_major>(&scores[subgroup], 6u, scoreStride);
      o1_0 = subgroupMatrixLoad<subgroup_matrix_result<f32, 8, 8>, row_major>(&scores[subgroup], 8u * scoreStride + 0u, scoreStride);
      o1_1 = subgroupMatrixLoad<subgroup_matrix_result<f32, 8, 8>, row_major>(&scores[subgroup], 8u * scoreStride + 2u, scoreStride);
      o1_2 = subgroupMatrixLoad<subgroup_matrix_result<f32, 8, 8>, row_major>(&scores[subgroup], 8u * scoreStride + 4u, scoreStride);
      o1_3 = subgroupMatrixLoad<subgroup_matrix_result<f32, 8, 8>, row_major>(&scores[subgroup], 8u * scoreStride + 6u, scoreStride);
    }

    // accumulate: O = O + P v.
    for (var d = 0u; d < 4u; d += 1u) {
      let p0 = subgroupMatrixLoad<subgroup_matrix_left<f32, 8, 8>, row_major>(&weights[subgroup], d * 2u, valueStride);
      let p1 = subgroupMatrixLoad<subgroup_matrix_left<f32, 8, 8>, row_major>(&weights[subgroup], 8u * valueStride + d * 2u, valueStride);
      let v0 = subgroupMatrixLoad<subgroup_matrix_right<f32, 8, 8>, col_major>(&stage, d * 2u, valueStride);
      o0_0 = subgroupMatrixMultiplyAccumulate(p0, v0, o0_0);
      o1_0 = subgroupMatrixMultiplyAccumulate(p1, v0, o1_0);
      let v1 = subgroupMatrixLoad<subgroup_matrix_right<f32, 8, 8>, col_major>(&stage, 8u * valueStride + d * 2u, valueStride);
      o0_1 = subgroupMatrixMultiplyAccumulate(p0, v1, o0_1);
      o1_1 = subgroupMatrixMultiplyAccumulate(p1, v1, o1_1);
      let v2 = subgroupMatrixLoad<subgroup_matrix_right<f32, 8, 8>, col_major>(&stage, 16u * valueStride + d * 2u, valueStride);
      o0_2 = subgroupMatrixMultiplyAccumulate(p0, v2, o0_2);
      o1_2 = subgroupMatrixMultiplyAccumulate(p1, v2, o1_2);
      let v3 = subgroupMatrixLoad<subgroup_matrix_right<f32, 8, 8>, col_major>(&stage, 24u * valueStride + d * 2u, valueStride);
      o0_3 = subgroupMatrixMultiplyAccumulate(p0, v3, o0_3);
      o1_3 = subgroupMatrixMultiplyAccumulate(p1, v3, o1_3);
    }
    base += i32(blockKeys);
  }

  // write: O / l, with l summed over the lanes of a row; a row that saw no key has l = 0 and gives zeros.
  let total0 = sumOverRow(l0);
  let factor0 = select(0.0, 1.0 / total0, total0 > 0.0);
  let to0 = rowIndex(tile, firstRow + row0);
  workgroupBarrier();
  subgroupMatrixStore<row_major>(&scores[subgroup], 0u, o0_0, scoreStride);
  subgroupMatrixStore<row_major>(&scores[subgroup], 2u, o0_1, scoreStride);
  subgroupMatrixStore<row_major>(&scores[subgroup], 4u, o0_2, scoreStride);
  subgroupMatrixStore<row_major>(&scores[subgroup], 6u, o0_3, scoreStride);
  subgroupMatrixStore<row_major>(&scores[subgroup], 8u * scoreStride + 0u, o1_0, scoreStride);
  subgroupMatrixStore<row_major>(&scores[subgroup], 8u * scoreStride + 2u, o1_1, scoreStride);
  subgroupMatrixStore<row_major>(&scores[subgroup], 8u * scoreStride + 4u, o1_2, scoreStride);
  subgroupMatrixStore<row_major>(&scores[subgroup], 8u * scoreStride + 6u, o1_3, scoreStride);
  workgroupBarrier();
  if (firstRow + row0 < tile.rows) {
    writeO(to0 + part * 4u, *score0_0 * factor0);
  }
  if (firstRow + row0 < tile.rows) {
    writeO(to0 + part * 4u + 1u, *score0_1 * factor0);
  }
  if (firstRow + row0 < tile.rows) {
    writeO(to0 + part * 4u + 2u, *score0_2 * factor0);
  }
  if (firstRow + row0 < tile.rows) {
    writeO(to0 + part * 4u + 3u, *score0_3 * factor0);
  }
}
