enable subgroups;

// Flash attention with an online softmax, four keys at a time:
//   S = q k^T;  m' = max(m, rows of S);  P = 2^(S - m');  l = l 2^(m - m') + sum P;  O = O 2^(m - m') + P v
// and at the end O / l. 4 lanes share 4 rows; lane p of them holds the vec4 columns p, p + 4, p + 8 and so on:
// q<row>_<i>, o<row>_<i>. d<row>_<key> are its products of q and k, s<row> the scores of four keys.

// The call.
//
// q, k, v and o are [batch, seq, heads, headDim]; they are read and written four elements at a time, and every index into
// them counts such vec4s. A work tile is up to 64 tokens of one query head; workgroup (x, y) works on tile tileBase + y.
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
const tileTokens = 64u;

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

const threads = 64u;
const blockKeys = 8u; // staged at a time

// as [key][column]
var<workgroup> stagedK: array<vec4f, 64>;
var<workgroup> stagedV: array<vec4f, 64>;
var<workgroup> tickets: atomic<u32>;

@compute @workgroup_size(64)
fn main(
  @builtin(local_invocation_index) thread: u32,
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(subgroup_invocation_id) lane: u32,
) {
  let tile = findWorkTile(params.tileBase + workgroup.y);
  // How invocations are numbered within subgroups is the device's choice: the first lane of each four draws their rows.
  let part = lane % 4u;
  var ticket = 0u;
  if (part == 0u) {
    ticket = atomicAdd(&tickets, 1u);
  }
  let firstRow = subgroupShuffle(ticket, lane - part) * 4u;

  // Of each row: the keys that it sees, the running maximum, the row sum and the output.
  let row0 = min(firstRow, tile.rows - 1u);
  let low0 = lowKey(rowInSequence(tile, row0));
  let high0 = highKey(rowInSequence(tile, row0));
  var m0 = -0x1p+100f;
  var l0 = 0.0;
  var o0_0 = vec4f();
  var o0_1 = vec4f();
  let row1 = min(firstRow + 1u, tile.rows - 1u);
  let low1 = lowKey(rowInSequence(tile, row1));
  let high1 = highKey(rowInSequence(tile, row1));
  var m1 = -0x1p+100f;
  var l1 = 0.0;
  var o1_0 = vec4f();
  var o1_1 = vec4f();
  let row2 = min(firstRow + 2u, tile.rows - 1u);
  let low2 = lowKey(rowInSequence(tile, row2));
  let high2 = highKey(rowInSequence(tile, row2));
  var m2 = -0x1p+100f;
  var l2 = 0.0;
  var o2_0 = vec4f();
  var o2_1 = vec4f();
  let row3 = min(firstRow + 3u, tile.rows - 1u);
  let low3 = lowKey(rowInSequence(tile, row3));
  let high3 = highKey(rowInSequence(tile, row3));
  var m3 = -0x1p+100f;
  var l3 = 0.0;
  var o3_0 = vec4f();
  var o3_1 = vec4f();

  // load q: once, into registers.
  let q0_0 = loadQ(tile, row0, part);
  let q0_1 = loadQ(tile, row0, part + 4u);
  let q1_0 = loadQ(tile, row1, part);
  let q1_1 = loadQ(tile, row1, part + 4u);
  let q2_0 = loadQ(tile, row2, part);
  let q2_1 = loadQ(tile, row2, part + 4u);
  let q3_0 = loadQ(tile, row3, part);
  let q3_1 = loadQ(tile, row3, part + 4u);

  let endKey = highKey(tile.firstRow + tile.tokens - 1u);
  for (var base = lowKey(tile.firstRow) / i32(blockKeys) * i32(blockKeys); base < endKey; base += i32(blockKeys)) {
    // stage K: a block of keys, as [key][column].
    workgroupBarrier();
    for (var t = thread; t < 64u; t += threads) {
      let key = u32(base) + t / columns;
      stagedK[t] = loadK(tile, key, t % columns);
      // stage V: the same keys.
      stagedV[t] = loadV(tile, key, t % columns);
    }
    workgroupBarrier();
    for (var batch = 0u; batch < 2u; batch += 1u) {
      let first = batch * 4u;
      // scores: S = q k^T of four keys: of this lane's columns, then summed over the lanes.
      var d0_0 = vec4f();
      var d1_0 = vec4f();
      var d2_0 = vec4f();
      var d3_0 = vec4f();
      var d0_1 = vec4f();
      var d1_1 = vec4f();
      var d2_1 = vec4f();
      var d3_1 = vec4f();
      var d0_2 = vec4f();
      var d1_2 = vec4f();
      var d2_2 = vec4f();
      var d3_2 = vec4f();
      var d0_3 = vec4f();
      var d1_3 = vec4f();
      var d2_3 = vec4f();
      var d3_3 = vec4f();
      let k0_0 = stagedK[first * columns + part];
      d0_0 = fma(q0_0, k0_0, d0_0);
      d1_0 = fma(q1_0, k0_0, d1_0);
      d2_0 = fma(q2_0, k0_0, d2_0);
      d3_0 = fma(q3_0, k0_0, d3_0);
      let k0_1 = stagedK[first * columns + part + 4u];
      d0_0 = fma(q0_1, k0_1, d0_0);
      d1_0 = fma(q1_1, k0_1, d1_0);
      d2_0 = fma(q2_1, k0_1, d2_0);
      d3_0 = fma(q3_1, k0_1, d3_0);
      let k1_0 = stagedK[(first + 1u) * columns + part];
      d0_1 = fma(q0_0, k1_0, d0_1);
      d1_1 = fma(q1_0, k1_0, d1_1);
      d2_1 = fma(q2_0, k1_0, d2_1);
      d3_1 = fma(q3_0, k1_0, d3_1);
      let k1_1 = stagedK[(first + 1u) * columns + part + 4u];
      d0_1 = fma(q0_1, k1_1, d0_1);
      d1_1 = fma(q1_1, k1_1, d1_1);
      d2_1 = fma(q2_1, k1_1, d2_1);
      d3_1 = fma(q3_1, k1_1, d3_1);
      let k2_0 = stagedK[(first + 2u) * columns + part];
      d0_2 = fma(q0_0, k2_0, d0_2);
      d1_2 = fma(q1_0, k2_0, d1_2);
      d2_2 = fma(q2_0, k2_0, d2_2);
      d3_2 = fma(q3_0, k2_0, d3_2);
      let k2_1 = stagedK[(first + 2u) * columns + part + 4u];
      d0_2 = fma(q0_1, k2_1, d0_2);
      d1_2 = fma(q1_1, k2_1, d1_2);
      d2_2 = fma(q2_1, k2_1, d2_2);
      d3_2 = fma(q3_1, k2_1, d3_2);
      let k3_0 = stagedK[(first + 3u) * columns + part];
      d0_3 = fma(q0_0, k3_0, d0_3);
      d1_3 = fma(q1_0, k3_0, d1_3);
      d2_3 = fma(q2_0, k3_0, d2_3);
      d3_3 = fma(q3_0, k3_0, d3_3);
      let k3_1 = stagedK[(first + 3u) * columns + part + 4u];
      d0_3 = fma(q0_1, k3_1, d0_3);
      d1_3 = fma(q1_1, k3_1, d1_3);
      d2_3 = fma(q2_1, k3_1, d2_3);
      d3_3 = fma(q3_1, k3_1, d3_3);
      var s0 = vec4f(dot(d0_0, vec4f(1.0)), dot(d0_1, vec4f(1.0)), dot(d0_2, vec4f(1.0)), dot(d0_3, vec4f(1.0)));
      s0 += subgroupShuffleXor(s0, 1u);
      s0 += subgroupShuffleXor(s0, 2u);
      var s1 = vec4f(dot(d1_0, vec4f(1.0)), dot(d1_1, vec4f(1.0)), dot(d1_2, vec4f(1.0)), dot(d1_3, vec4f(1.0)));
      s1 += subgroupShuffleXor(s1, 1u);
      s1 += subgroupShuffleXor(s1, 2u);
      var s2 = vec4f(dot(d2_0, vec4f(1.0)), dot(d2_1, vec4f(1.0)), dot(d2_2, vec4f(1.0)), dot(d2_3, vec4f(1.0)));
      s2 += subgroupShuffleXor(s2, 1u);
      s2 += subgroupShuffleXor(s2, 2u);
      var s3 = vec4f(dot(d3_0, vec4f(1.0)), dot(d3_1, vec4f(1.0)), dot(d3_2, vec4f(1.0)), dot(d3_3, vec4f(1.0)));
      s3 += subgroupShuffleXor(s3, 1u);
      s3 += subgroupShuffleXor(s3, 2u);

      // mask: scores of keys that the row does not see.
      let keys = vec4i(base + i32(first)) + vec4i(0, 1, 2, 3);
      s0 = select(vec4f(-0x1p+126f), s0, (keys >= vec4i(low0)) & (keys < vec4i(high0)));
      s1 = select(vec4f(-0x1p+126f), s1, (keys >= vec4i(low1)) & (keys < vec4i(high1)));
      s2 = select(vec4f(-0x1p+126f), s2, (keys >= vec4i(low2)) & (keys < vec4i(high2)));
      s3 = select(vec4f(-0x1p+126f), s3, (keys >= vec4i(low3)) & (keys < vec4i(high3)));

      // row maximum: m' = max(m, S).
      let next0 = max(m0, max(max(s0.x, s0.y), max(s0.z, s0.w)));
      let next1 = max(m1, max(max(s1.x, s1.y), max(s1.z, s1.w)));
      let next2 = max(m2, max(max(s2.x, s2.y), max(s2.z, s2.w)));
      let next3 = max(m3, max(max(s3.x, s3.y), max(s3.z, s3.w)));

      // rescale: l = l 2^(m - m'), O = O 2^(m - m').
      let rescale0 = exp2(m0 - next0);
      m0 = next0;
      l0 *= rescale0;
      o0_0 *= rescale0;
      o0_1 *= rescale0;
      let rescale1 = exp2(m1 - next1);
      m1 = next1;
      l1 *= rescale1;
      o1_0 *= rescale1;
      o1_1 *= rescale1;
      let rescale2 = exp2(m2 - next2);
      m2 = next2;
      l2 *= rescale2;
      o2_0 *= rescale2;
      o2_1 *= rescale2;
      let rescale3 = exp2(m3 - next3);
      m3 = next3;
      l3 *= rescale3;
      o3_0 *= rescale3;
      o3_1 *= rescale3;

      // exponentials: P = 2^(S - m').
      let p0 = exp2(s0 - m0);
      let p1 = exp2(s1 - m1);
      let p2 = exp2(s2 - m2);
      let p3 = exp2(s3 - m3);

      // row sum: l = l + sum P.
      l0 += dot(p0, vec4f(1.0));
      l1 += dot(p1, vec4f(1.0));
      l2 += dot(p2, vec4f(1.0));
      l3 += dot(p3, vec4f(1.0));

      // accumulate: O += P v of the four keys.
      let v0_0 = stagedV[first * columns + part];
      o0_0 = fma(vec4f(p0.x), v0_0, o0_0);
      o1_0 = fma(vec4f(p1.x), v0_0, o1_0);
      o2_0 = fma(vec4f(p2.x), v0_0, o2_0);
      o3_0 = fma(vec4f(p3.x), v0_0, o3_0);
      let v0_1 = stagedV[first * columns + part + 4u];
      o0_1 = fma(vec4f(p0.x), v0_1, o0_1);
      o1_1 = fma(vec4f(p1.x), v0_1, o1_1);
      o2_1 = fma(vec4f(p2.x), v0_1, o2_1);
      o3_1 = fma(vec4f(p3.x), v0_1, o3_1);
      let v1_0 = stagedV[(first + 1u) * columns + part];
      o0_0 = fma(vec4f(p0.y), v1_0, o0_0);
      o1_0 = fma(vec4f(p1.y), v1_0, o1_0);
      o2_0 = fma(vec4f(p2.y), v1_0, o2_0);
      o3_0 = fma(vec4f(p3.y), v1_0, o3_0);
      let v1_1 = stagedV[(first + 1u) * columns + part + 4u];
      o0_1 = fma(vec4f(p0.y), v1_1, o0_1);
      o1_1 = fma(vec4f(p1.y), v1_1, o1_1);
      o2_1 = fma(vec4f(p2.y), v1_1, o2_1);
      o3_1 = fma(vec4f(p3.y), v1_1, o3_1);
      let v2_0 = stagedV[(first + 2u) * columns + part];
      o0_0 = fma(vec4f(p0.z), v2_0, o0_0);
      o1_0 = fma(vec4f(p1.z), v2_0, o1_0);
      o2_0 = fma(vec4f(p2.z), v2_0, o2_0);
      o3_0 = fma(vec4f(p3.z), v2_0, o3_0);
      let v2_1 = stagedV[(first + 2u) * columns + part + 4u];
      o0_1 = fma(vec4f(p0.z), v2_1, o0_1);
      o1_1 = fma(vec4f(p1.z), v2_1, o1_1);
      o2_1 = fma(vec4f(p2.z), v2_1, o2_1);
      o3_1 = fma(vec4f(p3.z), v2_1, o3_1);
      let v3_0 = stagedV[(first + 3u) * columns + part];
      o0_0 = fma(vec4f(p0.w), v3_0, o0_0);
      o1_0 = fma(vec4f(p1.w), v3_0, o1_0);
      o2_0 = fma(vec4f(p2.w), v3_0, o2_0);
      o3_0 = fma(vec4f(p3.w), v3_0, o3_0);
      let v3_1 = stagedV[(first + 3u) * columns + part + 4u];
      o0_1 = fma(vec4f(p0.w), v3_1, o0_1);
      o1_1 = fma(vec4f(p1.w), v3_1, o1_1);
      o2_1 = fma(vec4f(p2.w), v3_1, o2_1);
      o3_1 = fma(vec4f(p3.w), v3_1, o3_1);
    }
  }

  // write: O / l; a row that saw no key has l = 0 and gives zeros.
  if (firstRow < tile.rows) {
    let factor = select(0.0, 1.0 / l0, l0 > 0.0);
    writeO(rowIndex(tile, row0) + part, o0_0 * factor);
    writeO(rowIndex(tile, row0) + part + 4u, o0_1 * factor);
  }
  if (firstRow + 1u < tile.rows) {
    let factor = select(0.0, 1.0 / l1, l1 > 0.0);
    writeO(rowIndex(tile, row1) + part, o1_0 * factor);
    writeO(rowIndex(tile, row1) + part + 4u, o1_1 * factor);
  }
  if (firstRow + 2u < tile.rows) {
    let factor = select(0.0, 1.0 / l2, l2 > 0.0);
    writeO(rowIndex(tile, row2) + part, o2_0 * factor);
    writeO(rowIndex(tile, row2) + part + 4u, o2_1 * factor);
  }
  if (firstRow + 3u < tile.rows) {
    let factor = select(0.0, 1.0 / l3, l3 > 0.0);
    writeO(rowIndex(tile, row3) + part, o3_0 * factor);
    writeO(rowIndex(tile, row3) + part + 4u, o3_1 * factor);
  }
}
