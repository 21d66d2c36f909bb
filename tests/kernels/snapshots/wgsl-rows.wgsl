enable subgroups;
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

const columns = 8u; // vec4 columns of a row
const blockRows = 64u; // tokens of a tile

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

// Flash attention with an online softmax, four keys at a time:
//   S = q k^T;  m' = max(m, rows of S);  P = 2^(S - m');  l = l 2^(m - m') + sum P;  O = O 2^(m - m') + P v
// and at the end O / l. 4 lanes share 4 rows; lane p of them holds the vec4 columns p, p + 4, p + 8 and so on.
const keys = 8u; // staged at a time

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
  let qStride = params.queryHeads * columns;
  let kvStride = params.kvHeads * columns;
  // How invocations are numbered within subgroups is the device's choice: the first lane of each four draws their rows.
  let part = lane % 4u;
  var ticket = 0u;
  if (part == 0u) {
    ticket = atomicAdd(&tickets, 1u);
  }
  let firstRow = subgroupShuffle(ticket, lane - part) * 4u;
  let row0 = min(firstRow + 0u, tile.rows - 1u);
  let token0 = tile.firstRow + row0;
  let low0 = lowKey(token0);
  let high0 = highKey(token0);
  var m0 = -0x1p+100f;
  var l0 = 0.0;
  let row1 = min(firstRow + 1u, tile.rows - 1u);
  let token1 = tile.firstRow + row1;
  let low1 = lowKey(token1);
  let high1 = highKey(token1);
  var m1 = -0x1p+100f;
  var l1 = 0.0;
  let row2 = min(firstRow + 2u, tile.rows - 1u);
  let token2 = tile.firstRow + row2;
  let low2 = lowKey(token2);
  let high2 = highKey(token2);
  var m2 = -0x1p+100f;
  var l2 = 0.0;
  let row3 = min(firstRow + 3u, tile.rows - 1u);
  let token3 = tile.firstRow + row3;
  let low3 = lowKey(token3);
  let high3 = highKey(token3);
  var m3 = -0x1p+100f;
  var l3 = 0.0;
  let q0_0 = readQ(tile.q + row0 * qStride + part + 0u) * params.scale;
  var o0_0 = vec4f();
  let q0_1 = readQ(tile.q + row0 * qStride + part + 4u) * params.scale;
  var o0_1 = vec4f();
  let q1_0 = readQ(tile.q + row1 * qStride + part + 0u) * params.scale;
  var o1_0 = vec4f();
  let q1_1 = readQ(tile.q + row1 * qStride + part + 4u) * params.scale;
  var o1_1 = vec4f();
  let q2_0 = readQ(tile.q + row2 * qStride + part + 0u) * params.scale;
  var o2_0 = vec4f();
  let q2_1 = readQ(tile.q + row2 * qStride + part + 4u) * params.scale;
  var o2_1 = vec4f();
  let q3_0 = readQ(tile.q + row3 * qStride + part + 0u) * params.scale;
  var o3_0 = vec4f();
  let q3_1 = readQ(tile.q + row3 * qStride + part + 4u) * params.scale;
  var o3_1 = vec4f();

  let lastToken = tile.firstRow + tile.tokens - 1u;
  let endKey = highKey(lastToken);
  for (var base = lowKey(tile.firstRow) / i32(keys) * i32(keys); base < endKey; base += i32(keys)) {
    workgroupBarrier();
    for (var t = thread; t < 64u; t += 64u) {
      let key = u32(base) + t / columns;
      let at = tile.kv + min(key, params.seqKv - 1u) * kvStride + t % columns;
      stagedK[t] = readK(at);
      // Keys past the end weigh nothing, but nothing times infinity would.
      stagedV[t] = select(vec4f(), readV(at), key < params.seqKv);
    }
    workgroupBarrier();
    for (var batch = 0u; batch < 2u; batch += 1u) {
      let first = batch * 4u;
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
      let k0_0 = stagedK[(first + 0u) * columns + part + 0u];
      d0_0 = fma(q0_0, k0_0, d0_0);
      d1_0 = fma(q1_0, k0_0, d1_0);
      d2_0 = fma(q2_0, k0_0, d2_0);
      d3_0 = fma(q3_0, k0_0, d3_0);
      let k0_1 = stagedK[(first + 0u) * columns + part + 4u];
      d0_0 = fma(q0_1, k0_1, d0_0);
      d1_0 = fma(q1_1, k0_1, d1_0);
      d2_0 = fma(q2_1, k0_1, d2_0);
      d3_0 = fma(q3_1, k0_1, d3_0);
      let k1_0 = stagedK[(first + 1u) * columns + part + 0u];
      d0_1 = fma(q0_0, k1_0, d0_1);
      d1_1 = fma(q1_0, k1_0, d1_1);
      d2_1 = fma(q2_0, k1_0, d2_1);
      d3_1 = fma(q3_0, k1_0, d3_1);
      let k1_1 = stagedK[(first + 1u) * columns + part + 4u];
      d0_1 = fma(q0_1, k1_1, d0_1);
      d1_1 = fma(q1_1, k1_1, d1_1);
      d2_1 = fma(q2_1, k1_1, d2_1);
      d3_1 = fma(q3_1, k1_1, d3_1);
      let k2_0 = stagedK[(first + 2u) * columns + part + 0u];
      d0_2 = fma(q0_0, k2_0, d0_2);
      d1_2 = fma(q1_0, k2_0, d1_2);
      d2_2 = fma(q2_0, k2_0, d2_2);
      d3_2 = fma(q3_0, k2_0, d3_2);
      let k2_1 = stagedK[(first + 2u) * columns + part + 4u];
      d0_2 = fma(q0_1, k2_1, d0_2);
      d1_2 = fma(q1_1, k2_1, d1_2);
      d2_2 = fma(q2_1, k2_1, d2_2);
      d3_2 = fma(q3_1, k2_1, d3_2);
      let k3_0 = stagedK[(first + 3u) * columns + part + 0u];
      d0_3 = fma(q0_0, k3_0, d0_3);
      d1_3 = fma(q1_0, k3_0, d1_3);
      d2_3 = fma(q2_0, k3_0, d2_3);
      d3_3 = fma(q3_0, k3_0, d3_3);
      let k3_1 = stagedK[(first + 3u) * columns + part + 4u];
      d0_3 = fma(q0_1, k3_1, d0_3);
      d1_3 = fma(q1_1, k3_1, d1_3);
      d2_3 = fma(q2_1, k3_1, d2_3);
      d3_3 = fma(q3_1, k3_1, d3_3);
      let ownKeys = vec4i(base + i32(first)) + vec4i(0, 1, 2, 3);
      var s0 = vec4f(dot(d0_0, vec4f(1.0)), dot(d0_1, vec4f(1.0)), dot(d0_2, vec4f(1.0)), dot(d0_3, vec4f(1.0)));
      s0 += subgroupShuffleXor(s0, 1u);
      s0 += subgroupShuffleXor(s0, 2u);
      let seen0 = (ownKeys >= vec4i(low0)) & (ownKeys < vec4i(high0));
      s0 = select(vec4f(-0x1p+126f), s0, seen0);
      let next0 = max(m0, max(max(s0.x, s0.y), max(s0.z, s0.w)));
      let p0 = exp2(s0 - next0);
      let rescale0 = exp2(m0 - next0);
      m0 = next0;
      l0 = fma(l0, rescale0, dot(p0, vec4f(1.0)));
      var s1 = vec4f(dot(d1_0, vec4f(1.0)), dot(d1_1, vec4f(1.0)), dot(d1_2, vec4f(1.0)), dot(d1_3, vec4f(1.0)));
      s1 += subgroupShuffleXor(s1, 1u);
      s1 += subgroupShuffleXor(s1, 2u);
      let seen1 = (ownKeys >= vec4i(low1)) & (ownKeys < vec4i(high1));
      s1 = select(vec4f(-0x1p+126f), s1, seen1);
      let next1 = max(m1, max(max(s1.x, s1.y), max(s1.z, s1.w)));
      let p1 = exp2(s1 - next1);
      let rescale1 = exp2(m1 - next1);
      m1 = next1;
      l1 = fma(l1, rescale1, dot(p1, vec4f(1.0)));
      var s2 = vec4f(dot(d2_0, vec4f(1.0)), dot(d2_1, vec4f(1.0)), dot(d2_2, vec4f(1.0)), dot(d2_3, vec4f(1.0)));
      s2 += subgroupShuffleXor(s2, 1u);
      s2 += subgroupShuffleXor(s2, 2u);
      let seen2 = (ownKeys >= vec4i(low2)) & (ownKeys < vec4i(high2));
      s2 = select(vec4f(-0x1p+126f), s2, seen2);
      let next2 = max(m2, max(max(s2.x, s2.y), max(s2.z, s2.w)));
      let p2 = exp2(s2 - next2);
      let rescale2 = exp2(m2 - next2);
      m2 = next2;
      l2 = fma(l2, rescale2, dot(p2, vec4f(1.0)));
      var s3 = vec4f(dot(d3_0, vec4f(1.0)), dot(d3_1, vec4f(1.0)), dot(d3_2, vec4f(1.0)), dot(d3_3, vec4f(1.0)));
      s3 += subgroupShuffleXor(s3, 1u);
      s3 += subgroupShuffleXor(s3, 2u);
      let seen3 = (ownKeys >= vec4i(low3)) & (ownKeys < vec4i(high3));
      s3 = select(vec4f(-0x1p+126f), s3, seen3);
      let next3 = max(m3, max(max(s3.x, s3.y), max(s3.z, s3.w)));
      let p3 = exp2(s3 - next3);
      let rescale3 = exp2(m3 - next3);
      m3 = next3;
      l3 = fma(l3, rescale3, dot(p3, vec4f(1.0)));
      o0_0 *= rescale0;
      o0_1 *= rescale0;
      o1_0 *= rescale1;
      o1_1 *= rescale1;
      o2_0 *= rescale2;
      o2_1 *= rescale2;
      o3_0 *= rescale3;
      o3_1 *= rescale3;
      let v0_0 = stagedV[(first + 0u) * columns + part + 0u];
      o0_0 = fma(vec4f(p0.x), v0_0, o0_0);
      o1_0 = fma(vec4f(p1.x), v0_0, o1_0);
      o2_0 = fma(vec4f(p2.x), v0_0, o2_0);
      o3_0 = fma(vec4f(p3.x), v0_0, o3_0);
      let v0_1 = stagedV[(first + 0u) * columns + part + 4u];
      o0_1 = fma(vec4f(p0.x), v0_1, o0_1);
      o1_1 = fma(vec4f(p1.x), v0_1, o1_1);
      o2_1 = fma(vec4f(p2.x), v0_1, o2_1);
      o3_1 = fma(vec4f(p3.x), v0_1, o3_1);
      let v1_0 = stagedV[(first + 1u) * columns + part + 0u];
      o0_0 = fma(vec4f(p0.y), v1_0, o0_0);
      o1_0 = fma(vec4f(p1.y), v1_0, o1_0);
      o2_0 = fma(vec4f(p2.y), v1_0, o2_0);
      o3_0 = fma(vec4f(p3.y), v1_0, o3_0);
      let v1_1 = stagedV[(first + 1u) * columns + part + 4u];
      o0_1 = fma(vec4f(p0.y), v1_1, o0_1);
      o1_1 = fma(vec4f(p1.y), v1_1, o1_1);
      o2_1 = fma(vec4f(p2.y), v1_1, o2_1);
      o3_1 = fma(vec4f(p3.y), v1_1, o3_1);
      let v2_0 = stagedV[(first + 2u) * columns + part + 0u];
      o0_0 = fma(vec4f(p0.z), v2_0, o0_0);
      o1_0 = fma(vec4f(p1.z), v2_0, o1_0);
      o2_0 = fma(vec4f(p2.z), v2_0, o2_0);
      o3_0 = fma(vec4f(p3.z), v2_0, o3_0);
      let v2_1 = stagedV[(first + 2u) * columns + part + 4u];
      o0_1 = fma(vec4f(p0.z), v2_1, o0_1);
      o1_1 = fma(vec4f(p1.z), v2_1, o1_1);
      o2_1 = fma(vec4f(p2.z), v2_1, o2_1);
      o3_1 = fma(vec4f(p3.z), v2_1, o3_1);
      let v3_0 = stagedV[(first + 3u) * columns + part + 0u];
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
  // A row that saw no key has sum 0 and gives zeros.
  if (firstRow + 0u < tile.rows) {
    let factor0 = select(0.0, 1.0 / l0, l0 > 0.0);
    writeO(tile.q + row0 * qStride + part + 0u, o0_0 * factor0);
    writeO(tile.q + row0 * qStride + part + 4u, o0_1 * factor0);
  }
  if (firstRow + 1u < tile.rows) {
    let factor1 = select(0.0, 1.0 / l1, l1 > 0.0);
    writeO(tile.q + row1 * qStride + part + 0u, o1_0 * factor1);
    writeO(tile.q + row1 * qStride + part + 4u, o1_1 * factor1);
  }
  if (firstRow + 2u < tile.rows) {
    let factor2 = select(0.0, 1.0 / l2, l2 > 0.0);
    writeO(tile.q + row2 * qStride + part + 0u, o2_0 * factor2);
    writeO(tile.q + row2 * qStride + part + 4u, o2_1 * factor2);
  }
  if (firstRow + 3u < tile.rows) {
    let factor3 = select(0.0, 1.0 / l3, l3 > 0.0);
    writeO(tile.q + row3 * qStride + part + 0u, o3_0 * factor3);
    writeO(tile.q + row3 * qStride + part + 4u, o3_1 * factor3);
  }
}
