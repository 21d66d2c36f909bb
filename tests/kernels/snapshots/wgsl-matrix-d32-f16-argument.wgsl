enable chromium_experimental_subgroup_matrix;
enable f16;

struct Params {
  seqKv: u32,
  seqQuery: u32,
  rowsPerHead: u32, // rows of one head that are in memory
  blocks: u32,      // blocks of rows of one head
  queryHeads: u32,
  kvHeads: u32,
  group: u32,       // query heads that share a KV head
  unitBase: u32,    // first work unit of this dispatch
  lowOffset: i32,   // row r sees keys from r + lowOffset
  highOffset: i32,  // up to, not including, r + highOffset
  scale: f32,       // softmax scale times log2(e)
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> q: array<vec4<f16>>;
@group(0) @binding(2) var<storage, read> k: array<vec4<f16>>;
@group(0) @binding(3) var<storage, read> v: array<vec4<f16>>;
@group(0) @binding(4) var<storage, read_write> o: array<vec4<f16>>;

fn readQ(i: u32) -> vec4f {
  return vec4f(q[i]);
}
fn readK(i: u32) -> vec4f {
  return vec4f(k[i]);
}
fn readV(i: u32) -> vec4f {
  return vec4f(v[i]);
}
fn writeO(i: u32, value: vec4f) {
  o[i] = vec4<f16>(value);
}
@group(0) @binding(5) var<storage, read> starts: array<u32>;

const columns = 8u; // vec4 columns of a row
const blockRows = 8u; // tokens of a unit

struct Unit {
  q: u32,        // vec4 index of the unit's first row in q and o
  kv: u32,       // vec4 index of its KV head's first row in k and v
  firstRow: u32, // of the whole sequence
  tokens: u32,
  rows: u32,     // tokens times the query heads of a group
}

// Units run KV head by KV head, last rows first, all query heads of a group in one unit.
fn findUnit(index: u32) -> Unit {
  let member = 0u;
  let block = params.blocks - 1u - index % params.blocks;
  let kvIndex = index / params.blocks;
  let batch = kvIndex / params.kvHeads;
  let kvHead = kvIndex % params.kvHeads;
  let firstRow = starts[block];
  var unit: Unit;
  unit.q = ((batch * params.rowsPerHead + block * blockRows) * params.queryHeads + kvHead * params.group + member) * columns;
  unit.kv = (batch * params.seqKv * params.kvHeads + kvHead) * columns;
  unit.firstRow = firstRow;
  unit.tokens = min(blockRows, params.seqQuery - firstRow);
  unit.rows = unit.tokens * params.group;
  return unit;
}

// The keys that row r of the sequence sees, low inclusive, high exclusive.
fn lowKey(row: u32) -> i32 {
  return max(i32(row) + params.lowOffset, 0);
}
fn highKey(row: u32) -> i32 {
  return clamp(i32(row) + params.highOffset, 0, i32(params.seqKv));
}

// Flash attention with an online softmax, 32 keys at a time, both products by 16 x 16 x 16 matrices of f16 with sums of f32:
//   S = q k^T;  P = 2^(S - m);  l = l + sum P;  O = O + P v,  and at the end O / l
// m, a row's maximum, is raised, and l and O rescaled, only where a score passes it by 8.
const keys = 32u; // staged at a time

var<workgroup> stage: array<f16, 1024>;
var<workgroup> scores: array<f32, 512>;
var<workgroup> weights: array<f16, 512>;
var<workgroup> tile: array<f32, 256>;
var<workgroup> factors: array<f32, 16>;
var<workgroup> partial: array<f32, 32>;
var<workgroup> anyGrown: u32;

@compute @workgroup_size(32)
fn main(@builtin(local_invocation_index) thread: u32, @builtin(workgroup_id) workgroup: vec3u) {
  let unit = findUnit(params.unitBase + workgroup.y);
  let qStride = params.queryHeads * columns;
  let kvStride = params.kvHeads * columns;
  let part = thread % 2u;
  let row0 = thread / 2u;
  let token0 = unit.firstRow + min(row0, unit.rows - 1u) / 2u;
  let low0 = lowKey(token0);
  let high0 = highKey(token0);
  var m0 = -0x1p+100f;
  var l0 = 0.0;

  for (var t = thread; t < 128u; t += 32u) {
    let row = min(t / columns, unit.rows - 1u);
    let value = vec4<f16>(readQ(unit.q + row / 2u * qStride + row % 2u * columns + t % columns));
    stage[t * 4u] = value.x;
    stage[t * 4u + 1u] = value.y;
    stage[t * 4u + 2u] = value.z;
    stage[t * 4u + 3u] = value.w;
  }
  workgroupBarrier();
  let q0_0 = subgroupMatrixLoad<subgroup_matrix_left<f16, 16, 16>>(&stage, 0u, false, 32u);
  let q0_1 = subgroupMatrixLoad<subgroup_matrix_left<f16, 16, 16>>(&stage, 16u, false, 32u);
  var o0_0 = subgroup_matrix_result<f32, 16, 16>();
  var o0_1 = subgroup_matrix_result<f32, 16, 16>();

  let lastToken = unit.firstRow + unit.tokens - 1u;
  let endKey = highKey(lastToken);
  for (var base = lowKey(unit.firstRow) / i32(keys) * i32(keys); base < endKey; base += i32(keys)) {
    workgroupBarrier();
    for (var t = thread; t < 256u; t += 32u) {
      let key = u32(base) + t / columns;
      let at = unit.kv + min(key, params.seqKv - 1u) * kvStride + t % columns;
      // Keys past the end weigh nothing, but nothing times infinity would.
      let value = vec4<f16>(select(vec4f(), readK(at), key < params.seqKv));
      stage[t * 4u] = value.x;
      stage[t * 4u + 1u] = value.y;
      stage[t * 4u + 2u] = value.z;
      stage[t * 4u + 3u] = value.w;
    }
    workgroupBarrier();
    // S = q k^T
    {
    var s0 = subgroup_matrix_result<f32, 16, 16>();
    let k0 = subgroupMatrixLoad<subgroup_matrix_right<f16, 16, 16>>(&stage, 0u, true, 32u);
    s0 = subgroupMatrixMultiplyAccumulate(q0_0, k0, s0);
    let k1 = subgroupMatrixLoad<subgroup_matrix_right<f16, 16, 16>>(&stage, 16u, true, 32u);
    s0 = subgroupMatrixMultiplyAccumulate(q0_1, k1, s0);
    subgroupMatrixStore(&scores, 0u, s0, false, 32u);
    }
    {
    var s0 = subgroup_matrix_result<f32, 16, 16>();
    let k0 = subgroupMatrixLoad<subgroup_matrix_right<f16, 16, 16>>(&stage, 512u, true, 32u);
    s0 = subgroupMatrixMultiplyAccumulate(q0_0, k0, s0);
    let k1 = subgroupMatrixLoad<subgroup_matrix_right<f16, 16, 16>>(&stage, 528u, true, 32u);
    s0 = subgroupMatrixMultiplyAccumulate(q0_1, k1, s0);
    subgroupMatrixStore(&scores, 16u, s0, false, 32u);
    }
    workgroupBarrier();

    for (var t = thread; t < 256u; t += 32u) {
      let key = u32(base) + t / columns;
      let at = unit.kv + min(key, params.seqKv - 1u) * kvStride + t % columns;
      // Keys past the end weigh nothing, but nothing times infinity would.
      let value = vec4<f16>(select(vec4f(), readV(at), key < params.seqKv));
      stage[t * 4u] = value.x;
      stage[t * 4u + 1u] = value.y;
      stage[t * 4u + 2u] = value.z;
      stage[t * 4u + 3u] = value.w;
    }
    // Maxima of the rows; those that grew by little stay as they were.
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
    let rescale0 = select(1.0, exp2(m0 - found0), grown0);
    m0 = select(m0, found0, grown0);
    l0 *= rescale0;
    if (part == 0u) {
      factors[row0] = rescale0;
    }
    // P = 2^(S - m)
    for (var j = part; j < keys; j += 2u) {
      let key = base + i32(j);
      let seen = key >= low0 && key < high0;
      let s = scores[row0 * keys + j] * params.scale;
      let p = select(0.0, exp2(s - m0 + 6.0), seen);
      l0 += p;
      weights[row0 * keys + j] = f16(p);
    }
    workgroupBarrier();
    if (thread == 0u) {
      var any = 0u;
      for (var i = 0u; i < 16u; i += 1u) {
        any |= select(0u, 1u, factors[i] != 1.0);
      }
      anyGrown = any;
    }
    // O = O 2^(m - m'), seldom: through memory, a matrix at a time.
    if (workgroupUniformLoad(&anyGrown) != 0u) {
      subgroupMatrixStore(&tile, 0u, o0_0, false, 16u);
      workgroupBarrier();
      for (var t = thread; t < 256u; t += 32u) {
        tile[t] *= factors[0u + t / 16u];
      }
      workgroupBarrier();
      o0_0 = subgroupMatrixLoad<subgroup_matrix_result<f32, 16, 16>>(&tile, 0u, false, 16u);
      workgroupBarrier();
      subgroupMatrixStore(&tile, 0u, o0_1, false, 16u);
      workgroupBarrier();
      for (var t = thread; t < 256u; t += 32u) {
        tile[t] *= factors[0u + t / 16u];
      }
      workgroupBarrier();
      o0_1 = subgroupMatrixLoad<subgroup_matrix_result<f32, 16, 16>>(&tile, 0u, false, 16u);
      workgroupBarrier();
    }
    // O = O + P v
    {
    let p0 = subgroupMatrixLoad<subgroup_matrix_left<f16, 16, 16>>(&weights, 0u, false, 32u);
    let v0 = subgroupMatrixLoad<subgroup_matrix_right<f16, 16, 16>>(&stage, 0u, false, 32u);
    o0_0 = subgroupMatrixMultiplyAccumulate(p0, v0, o0_0);
    let v1 = subgroupMatrixLoad<subgroup_matrix_right<f16, 16, 16>>(&stage, 16u, false, 32u);
    o0_1 = subgroupMatrixMultiplyAccumulate(p0, v1, o0_1);
    }
    {
    let p0 = subgroupMatrixLoad<subgroup_matrix_left<f16, 16, 16>>(&weights, 16u, false, 32u);
    let v0 = subgroupMatrixLoad<subgroup_matrix_right<f16, 16, 16>>(&stage, 512u, false, 32u);
    o0_0 = subgroupMatrixMultiplyAccumulate(p0, v0, o0_0);
    let v1 = subgroupMatrixLoad<subgroup_matrix_right<f16, 16, 16>>(&stage, 528u, false, 32u);
    o0_1 = subgroupMatrixMultiplyAccumulate(p0, v1, o0_1);
    }
  }

  // O / l; a row that saw no key has sum 0 and gives zeros.
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
  subgroupMatrixStore(&tile, 0u, o0_0, false, 16u);
  workgroupBarrier();
  for (var t = thread; t < 64u; t += 32u) {
    let row = 0u + t / 4u;
    if (row < unit.rows) {
      let value = vec4f(tile[t * 4u], tile[t * 4u + 1u], tile[t * 4u + 2u], tile[t * 4u + 3u]);
      writeO(unit.q + row / 2u * qStride + row % 2u * columns + 0u + t % 4u, value * factors[row]);
    }
  }
  workgroupBarrier();
  subgroupMatrixStore(&tile, 0u, o0_1, false, 16u);
  workgroupBarrier();
  for (var t = thread; t < 64u; t += 32u) {
    let row = 0u + t / 4u;
    if (row < unit.rows) {
      let value = vec4f(tile[t * 4u], tile[t * 4u + 1u], tile[t * 4u + 2u], tile[t * 4u + 3u]);
      writeO(unit.q + row / 2u * qStride + row % 2u * columns + 4u + t % 4u, value * factors[row]);
    }
  }
}
