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
const blockRows = 8u; // tokens of a tile

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

// Flash attention with an online softmax: for each block of keys
//   S = q k^T;  m' = max(m, rows of S);  P = 2^(S - m');  l = l 2^(m - m') + sum P;  O = O 2^(m - m') + P v
// and at the end O / l. Scores never leave the chip; blocks that the mask hides are never visited.
// Lanes of a vec4 are four query rows: s<key>_<rows>, o<column>_<dim><rows>, m<rows>, l<rows>.
//
// Workgroup of 8 threads, 2 x 4; block of 8 query rows x 16 keys; thread tile 4 x 4.
const threads = 8u;
const blockKeys = 16u;
const rowVectors = 2u; // vec4s of rows in a block
const keyVectors = 4u;
const chunk = 8u;    // head dimensions staged at a time
const valueKeys = 4u; // keys of V staged at a time

// q^T [dim][row] then k^T [dim][key] of a chunk of dims; later v [key][column] of some keys
var<workgroup> stage: array<vec4f, 48>;
// p^T [key][row]; before that, row maxima [thread column][row]
var<workgroup> weights: array<vec4f, 32>;

@compute @workgroup_size(8)
fn main(@builtin(local_invocation_index) thread: u32, @builtin(workgroup_id) workgroup: vec3u) {
  let tile = findWorkTile(params.tileBase + workgroup.y);
  let qStride = params.queryHeads * columns;
  let kvStride = params.kvHeads * columns;
  let r = thread / 4u; // this thread's place among the rows
  let c = thread % 4u; // and among the keys and columns
  let lastToken = tile.firstRow + tile.tokens - 1u;
  let firstKey = lowKey(tile.firstRow) / i32(blockKeys) * i32(blockKeys);
  let endKey = highKey(lastToken);
  // Blocks inside [plainBegin, plainEnd) are seen whole by every row and need no mask.
  let plainBegin = max(firstKey, (lowKey(lastToken) + i32(blockKeys) - 1) / i32(blockKeys) * i32(blockKeys));
  let plainEnd = max(plainBegin, min(endKey, highKey(tile.firstRow)) / i32(blockKeys) * i32(blockKeys));

  // running maximum and this thread's part of the row sums
  var m0 = vec4f(-0x1p+100f);
  var l0 = vec4f();
  // output sums: o<column>_<dim><row vector>
  var o0_x0 = vec4f();
  var o0_y0 = vec4f();
  var o0_z0 = vec4f();
  var o0_w0 = vec4f();
  var o1_x0 = vec4f();
  var o1_y0 = vec4f();
  var o1_z0 = vec4f();
  var o1_w0 = vec4f();

  for (var base = plainBegin; base < plainEnd; base += i32(blockKeys)) {
    // S = q k^T, a chunk of dims at a time
    var s0_0 = vec4f();
    var s1_0 = vec4f();
    var s2_0 = vec4f();
    var s3_0 = vec4f();
    for (var d = 0u; d < columns; d += chunk / 4u) {
      for (var t = thread; t < 4u; t += 8u) {
          let quad = t % 2u;
          let group = t / 2u;
          let x0 = select(vec4f(), readQ(tile.q + min(group * 4u + 0u, tile.rows - 1u) * qStride + d + quad) * params.scale, group * 4u + 0u < tile.rows);
          let x1 = select(vec4f(), readQ(tile.q + min(group * 4u + 1u, tile.rows - 1u) * qStride + d + quad) * params.scale, group * 4u + 1u < tile.rows);
          let x2 = select(vec4f(), readQ(tile.q + min(group * 4u + 2u, tile.rows - 1u) * qStride + d + quad) * params.scale, group * 4u + 2u < tile.rows);
          let x3 = select(vec4f(), readQ(tile.q + min(group * 4u + 3u, tile.rows - 1u) * qStride + d + quad) * params.scale, group * 4u + 3u < tile.rows);
          let to = 0u + quad * 4u * 2u + group;
          stage[to + 0u] = vec4f(x0.x, x1.x, x2.x, x3.x);
          stage[to + 2u] = vec4f(x0.y, x1.y, x2.y, x3.y);
          stage[to + 4u] = vec4f(x0.z, x1.z, x2.z, x3.z);
          stage[to + 6u] = vec4f(x0.w, x1.w, x2.w, x3.w);
      }
      for (var t = thread; t < 8u; t += 8u) {
          let quad = t % 2u;
          let group = t / 2u;
          let x0 = select(vec4f(), readK(tile.kv + min(u32(base) + group * 4u + 0u, params.seqKv - 1u) * kvStride + d + quad), u32(base) + group * 4u + 0u < params.seqKv);
          let x1 = select(vec4f(), readK(tile.kv + min(u32(base) + group * 4u + 1u, params.seqKv - 1u) * kvStride + d + quad), u32(base) + group * 4u + 1u < params.seqKv);
          let x2 = select(vec4f(), readK(tile.kv + min(u32(base) + group * 4u + 2u, params.seqKv - 1u) * kvStride + d + quad), u32(base) + group * 4u + 2u < params.seqKv);
          let x3 = select(vec4f(), readK(tile.kv + min(u32(base) + group * 4u + 3u, params.seqKv - 1u) * kvStride + d + quad), u32(base) + group * 4u + 3u < params.seqKv);
          let to = chunk * rowVectors + quad * 4u * 4u + group;
          stage[to + 0u] = vec4f(x0.x, x1.x, x2.x, x3.x);
          stage[to + 4u] = vec4f(x0.y, x1.y, x2.y, x3.y);
          stage[to + 8u] = vec4f(x0.z, x1.z, x2.z, x3.z);
          stage[to + 12u] = vec4f(x0.w, x1.w, x2.w, x3.w);
      }
      workgroupBarrier();
      for (var i = 0u; i < 8u; i += 1u) {
        let q0 = stage[i * rowVectors + r * 1u + 0u];
        let k0 = stage[chunk * rowVectors + i * keyVectors + c * 1u + 0u];
        s0_0 = fma(vec4f(k0.x), q0, s0_0);
        s1_0 = fma(vec4f(k0.y), q0, s1_0);
        s2_0 = fma(vec4f(k0.z), q0, s2_0);
        s3_0 = fma(vec4f(k0.w), q0, s3_0);
      }
      workgroupBarrier();
    }
    // m' = max(m, rows of S), over the thread columns through workgroup memory
    weights[c * rowVectors + r * 1u + 0u] = max(max(max(s0_0, s1_0), s2_0), s3_0);
    workgroupBarrier();
    var next0 = m0;
    for (var t = 0u; t < 4u; t += 1u) {
      next0 = max(next0, weights[t * rowVectors + r * 1u + 0u]);
    }
    workgroupBarrier();
    // p = 2^(s - m'), l = l 2^(m - m') + sum p, o = o 2^(m - m')
    s0_0 = exp2(s0_0 - next0);
    s1_0 = exp2(s1_0 - next0);
    s2_0 = exp2(s2_0 - next0);
    s3_0 = exp2(s3_0 - next0);
    let rescale0 = exp2(m0 - next0);
    m0 = next0;
    l0 = fma(l0, rescale0, s0_0 + s1_0 + s2_0 + s3_0);
    o0_x0 *= rescale0;
    o0_y0 *= rescale0;
    o0_z0 *= rescale0;
    o0_w0 *= rescale0;
    o1_x0 *= rescale0;
    o1_y0 *= rescale0;
    o1_z0 *= rescale0;
    o1_w0 *= rescale0;
    // O += p v: weights through workgroup memory in parts, V in chunks of keys
    for (var part = 0u; part < 1u; part += 1u) {
      if (c / 4u == part) {
        let key = c % 4u * 4u;
        weights[(key + 0u) * rowVectors + r * 1u + 0u] = s0_0;
        weights[(key + 1u) * rowVectors + r * 1u + 0u] = s1_0;
        weights[(key + 2u) * rowVectors + r * 1u + 0u] = s2_0;
        weights[(key + 3u) * rowVectors + r * 1u + 0u] = s3_0;
      }
      for (var piece = 0u; piece < 4u; piece += 1u) {
        let first = piece * valueKeys;
        for (var t = thread; t < 32u; t += 8u) {
          let key = u32(base) + part * 16u + first + t / 8u;
          let column = t % 8u;
          stage[t] = select(vec4f(), readV(tile.kv + min(key, params.seqKv - 1u) * kvStride + min(column, columns - 1u)), key < params.seqKv);
        }
        workgroupBarrier();
        for (var i = 0u; i < 4u; i += 1u) {
        let p0 = weights[(first + i) * rowVectors + r * 1u + 0u];
        let v0 = stage[i * 8u + c + 0u];
        o0_x0 = fma(vec4f(v0.x), p0, o0_x0);
        o0_y0 = fma(vec4f(v0.y), p0, o0_y0);
        o0_z0 = fma(vec4f(v0.z), p0, o0_z0);
        o0_w0 = fma(vec4f(v0.w), p0, o0_w0);
        let v1 = stage[i * 8u + c + 4u];
        o1_x0 = fma(vec4f(v1.x), p0, o1_x0);
        o1_y0 = fma(vec4f(v1.y), p0, o1_y0);
        o1_z0 = fma(vec4f(v1.z), p0, o1_z0);
        o1_w0 = fma(vec4f(v1.w), p0, o1_w0);
        }
        workgroupBarrier();
      }
    }
  }

  for (var base = firstKey; base < endKey; base += i32(blockKeys)) {
    if (base == plainBegin) {
      base = plainEnd;
      if (base >= endKey) {
        break;
      }
    }
    // S = q k^T, a chunk of dims at a time
    var s0_0 = vec4f();
    var s1_0 = vec4f();
    var s2_0 = vec4f();
    var s3_0 = vec4f();
    for (var d = 0u; d < columns; d += chunk / 4u) {
      for (var t = thread; t < 4u; t += 8u) {
          let quad = t % 2u;
          let group = t / 2u;
          let x0 = select(vec4f(), readQ(tile.q + min(group * 4u + 0u, tile.rows - 1u) * qStride + d + quad) * params.scale, group * 4u + 0u < tile.rows);
          let x1 = select(vec4f(), readQ(tile.q + min(group * 4u + 1u, tile.rows - 1u) * qStride + d + quad) * params.scale, group * 4u + 1u < tile.rows);
          let x2 = select(vec4f(), readQ(tile.q + min(group * 4u + 2u, tile.rows - 1u) * qStride + d + quad) * params.scale, group * 4u + 2u < tile.rows);
          let x3 = select(vec4f(), readQ(tile.q + min(group * 4u + 3u, tile.rows - 1u) * qStride + d + quad) * params.scale, group * 4u + 3u < tile.rows);
          let to = 0u + quad * 4u * 2u + group;
          stage[to + 0u] = vec4f(x0.x, x1.x, x2.x, x3.x);
          stage[to + 2u] = vec4f(x0.y, x1.y, x2.y, x3.y);
          stage[to + 4u] = vec4f(x0.z, x1.z, x2.z, x3.z);
          stage[to + 6u] = vec4f(x0.w, x1.w, x2.w, x3.w);
      }
      for (var t = thread; t < 8u; t += 8u) {
          let quad = t % 2u;
          let group = t / 2u;
          let x0 = select(vec4f(), readK(tile.kv + min(u32(base) + group * 4u + 0u, params.seqKv - 1u) * kvStride + d + quad), u32(base) + group * 4u + 0u < params.seqKv);
          let x1 = select(vec4f(), readK(tile.kv + min(u32(base) + group * 4u + 1u, params.seqKv - 1u) * kvStride + d + quad), u32(base) + group * 4u + 1u < params.seqKv);
          let x2 = select(vec4f(), readK(tile.kv + min(u32(base) + group * 4u + 2u, params.seqKv - 1u) * kvStride + d + quad), u32(base) + group * 4u + 2u < params.seqKv);
          let x3 = select(vec4f(), readK(tile.kv + min(u32(base) + group * 4u + 3u, params.seqKv - 1u) * kvStride + d + quad), u32(base) + group * 4u + 3u < params.seqKv);
          let to = chunk * rowVectors + quad * 4u * 4u + group;
          stage[to + 0u] = vec4f(x0.x, x1.x, x2.x, x3.x);
          stage[to + 4u] = vec4f(x0.y, x1.y, x2.y, x3.y);
          stage[to + 8u] = vec4f(x0.z, x1.z, x2.z, x3.z);
          stage[to + 12u] = vec4f(x0.w, x1.w, x2.w, x3.w);
      }
      workgroupBarrier();
      for (var i = 0u; i < 8u; i += 1u) {
        let q0 = stage[i * rowVectors + r * 1u + 0u];
        let k0 = stage[chunk * rowVectors + i * keyVectors + c * 1u + 0u];
        s0_0 = fma(vec4f(k0.x), q0, s0_0);
        s1_0 = fma(vec4f(k0.y), q0, s1_0);
        s2_0 = fma(vec4f(k0.z), q0, s2_0);
        s3_0 = fma(vec4f(k0.w), q0, s3_0);
      }
      workgroupBarrier();
    }
    let low0 = vec4i(lowKey(tile.firstRow + (r * 4u + 0u)), lowKey(tile.firstRow + (r * 4u + 1u)), lowKey(tile.firstRow + (r * 4u + 2u)), lowKey(tile.firstRow + (r * 4u + 3u)));
    let high0 = vec4i(highKey(tile.firstRow + (r * 4u + 0u)), highKey(tile.firstRow + (r * 4u + 1u)), highKey(tile.firstRow + (r * 4u + 2u)), highKey(tile.firstRow + (r * 4u + 3u)));
    let ownKey = base + i32(c * 4u);
    s0_0 = select(vec4f(-0x1p+126f), s0_0, (vec4i(ownKey + 0) >= low0) & (vec4i(ownKey + 0) < high0));
    s1_0 = select(vec4f(-0x1p+126f), s1_0, (vec4i(ownKey + 1) >= low0) & (vec4i(ownKey + 1) < high0));
    s2_0 = select(vec4f(-0x1p+126f), s2_0, (vec4i(ownKey + 2) >= low0) & (vec4i(ownKey + 2) < high0));
    s3_0 = select(vec4f(-0x1p+126f), s3_0, (vec4i(ownKey + 3) >= low0) & (vec4i(ownKey + 3) < high0));
    // m' = max(m, rows of S), over the thread columns through workgroup memory
    weights[c * rowVectors + r * 1u + 0u] = max(max(max(s0_0, s1_0), s2_0), s3_0);
    workgroupBarrier();
    var next0 = m0;
    for (var t = 0u; t < 4u; t += 1u) {
      next0 = max(next0, weights[t * rowVectors + r * 1u + 0u]);
    }
    workgroupBarrier();
    // p = 2^(s - m'), l = l 2^(m - m') + sum p, o = o 2^(m - m')
    s0_0 = exp2(s0_0 - next0);
    s1_0 = exp2(s1_0 - next0);
    s2_0 = exp2(s2_0 - next0);
    s3_0 = exp2(s3_0 - next0);
    let rescale0 = exp2(m0 - next0);
    m0 = next0;
    l0 = fma(l0, rescale0, s0_0 + s1_0 + s2_0 + s3_0);
    o0_x0 *= rescale0;
    o0_y0 *= rescale0;
    o0_z0 *= rescale0;
    o0_w0 *= rescale0;
    o1_x0 *= rescale0;
    o1_y0 *= rescale0;
    o1_z0 *= rescale0;
    o1_w0 *= rescale0;
    // O += p v: weights through workgroup memory in parts, V in chunks of keys
    for (var part = 0u; part < 1u; part += 1u) {
      if (c / 4u == part) {
        let key = c % 4u * 4u;
        weights[(key + 0u) * rowVectors + r * 1u + 0u] = s0_0;
        weights[(key + 1u) * rowVectors + r * 1u + 0u] = s1_0;
        weights[(key + 2u) * rowVectors + r * 1u + 0u] = s2_0;
        weights[(key + 3u) * rowVectors + r * 1u + 0u] = s3_0;
      }
      for (var piece = 0u; piece < 4u; piece += 1u) {
        let first = piece * valueKeys;
        for (var t = thread; t < 32u; t += 8u) {
          let key = u32(base) + part * 16u + first + t / 8u;
          let column = t % 8u;
          stage[t] = select(vec4f(), readV(tile.kv + min(key, params.seqKv - 1u) * kvStride + min(column, columns - 1u)), key < params.seqKv);
        }
        workgroupBarrier();
        for (var i = 0u; i < 4u; i += 1u) {
        let p0 = weights[(first + i) * rowVectors + r * 1u + 0u];
        let v0 = stage[i * 8u + c + 0u];
        o0_x0 = fma(vec4f(v0.x), p0, o0_x0);
        o0_y0 = fma(vec4f(v0.y), p0, o0_y0);
        o0_z0 = fma(vec4f(v0.z), p0, o0_z0);
        o0_w0 = fma(vec4f(v0.w), p0, o0_w0);
        let v1 = stage[i * 8u + c + 4u];
        o1_x0 = fma(vec4f(v1.x), p0, o1_x0);
        o1_y0 = fma(vec4f(v1.y), p0, o1_y0);
        o1_z0 = fma(vec4f(v1.z), p0, o1_z0);
        o1_w0 = fma(vec4f(v1.w), p0, o1_w0);
        }
        workgroupBarrier();
      }
    }
  }

  // Row sums over the thread columns, then the rows out; a row that saw no key has sum 0 and gives zeros.
  weights[c * rowVectors + r * 1u + 0u] = l0;
  workgroupBarrier();
  var total0 = vec4f();
  for (var t = 0u; t < 4u; t += 1u) {
    total0 += weights[t * rowVectors + r * 1u + 0u];
  }
  let factor0 = select(vec4f(), 1.0 / total0, total0 > vec4f());
  if ((r * 4u + 0u) < tile.rows) {
    writeO(tile.q + (r * 4u + 0u) * qStride + c + 0u, vec4f(o0_x0.x, o0_y0.x, o0_z0.x, o0_w0.x) * factor0.x);
    writeO(tile.q + (r * 4u + 0u) * qStride + c + 4u, vec4f(o1_x0.x, o1_y0.x, o1_z0.x, o1_w0.x) * factor0.x);
  }
  if ((r * 4u + 1u) < tile.rows) {
    writeO(tile.q + (r * 4u + 1u) * qStride + c + 0u, vec4f(o0_x0.y, o0_y0.y, o0_z0.y, o0_w0.y) * factor0.y);
    writeO(tile.q + (r * 4u + 1u) * qStride + c + 4u, vec4f(o1_x0.y, o1_y0.y, o1_z0.y, o1_w0.y) * factor0.y);
  }
  if ((r * 4u + 2u) < tile.rows) {
    writeO(tile.q + (r * 4u + 2u) * qStride + c + 0u, vec4f(o0_x0.z, o0_y0.z, o0_z0.z, o0_w0.z) * factor0.z);
    writeO(tile.q + (r * 4u + 2u) * qStride + c + 4u, vec4f(o1_x0.z, o1_y0.z, o1_z0.z, o1_w0.z) * factor0.z);
  }
  if ((r * 4u + 3u) < tile.rows) {
    writeO(tile.q + (r * 4u + 3u) * qStride + c + 0u, vec4f(o0_x0.w, o0_y0.w, o0_z0.w, o0_w0.w) * factor0.w);
    writeO(tile.q + (r * 4u + 3u) * qStride + c + 4u, vec4f(o1_x0.w, o1_y0.w, o1_z0.w, o1_w0.w) * factor0.w);
  }
}
