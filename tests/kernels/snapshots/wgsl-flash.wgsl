// Flash attention with an online softmax: for each block of keys
//   S = q k^T;  m' = max(m, rows of S);  P = 2^(S - m');  l = l 2^(m - m') + sum P;  O = O 2^(m - m') + P v
// and at the end O / l. Scores never leave the chip; blocks that the mask hides are never visited.
//
// A workgroup of 8 threads owns 8 rows and walks over blocks of 16 keys. The threads lie as 2 x 4: thread (r, c) owns
// 4 rows and, of each block, 4 keys: fours r, r + 2 and so on of the rows, and c, c + 4 and so on of the keys; of the
// output it owns the same rows and the vec4 columns c, c + 4, c + 8 and so on.

// The call.
//
// q, k, v and o are [batch, seq, heads, headDim]; they are read and written four elements at a time, and every index into
// them counts such vec4s. A work tile is up to 8 tokens of one query head; workgroup (x, y) works on tile tileBase + y.
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

// Registers of a thread. Rows: a number for each of its 4 query rows. Quad: four Rows, of four keys in S and P,
// of four dims in O.
struct Rows {
  r0: vec4f,
}
struct Quad {
  x: Rows,
  y: Rows,
  z: Rows,
  w: Rows,
}
fn addRows(a: Rows, b: Rows) -> Rows {
  return Rows(a.r0 + b.r0);
}
fn multiplyRows(a: Rows, b: Rows) -> Rows {
  return Rows(a.r0 * b.r0);
}
fn maxRows(a: Rows, b: Rows) -> Rows {
  return Rows(max(a.r0, b.r0));
}
// 2^(a - b)
fn exp2Rows(a: Rows, b: Rows) -> Rows {
  return Rows(exp2(a.r0 - b.r0));
}
// a + x b
fn fmaRows(x: f32, b: Rows, a: Rows) -> Rows {
  return Rows(fma(vec4f(x), b.r0, a.r0));
}
// a + x b^T, an outer product: both matrix products are sums of these.
fn addProduct(a: Quad, x: vec4f, b: Rows) -> Quad {
  return Quad(fmaRows(x.x, b, a.x), fmaRows(x.y, b, a.y), fmaRows(x.z, b, a.z), fmaRows(x.w, b, a.w));
}
fn multiplyQuad(a: Quad, b: Rows) -> Quad {
  return Quad(multiplyRows(a.x, b), multiplyRows(a.y, b), multiplyRows(a.z, b), multiplyRows(a.w, b));
}
// 2^(a - b)
fn exp2Quad(a: Quad, b: Rows) -> Quad {
  return Quad(exp2Rows(a.x, b), exp2Rows(a.y, b), exp2Rows(a.z, b), exp2Rows(a.w, b));
}
// a and the four of b, one after another: so few registers are needed beside b's.
fn maxFour(a: Rows, b: Quad) -> Rows {
  return maxRows(maxRows(maxRows(maxRows(a, b.x), b.y), b.z), b.w);
}
fn addFour(a: Rows, b: Quad) -> Rows {
  return addRows(addRows(addRows(addRows(a, b.x), b.y), b.z), b.w);
}

// The keys that the rows of a thread see, from low up to, not including, high; those of four rows from `row` on.
struct RowKeys {
  r0: vec4i,
}
fn lowKeys(tile: WorkTile, row: u32) -> vec4i {
  return vec4i(
    lowKey(rowInSequence(tile, row)),
    lowKey(rowInSequence(tile, row + 1u)),
    lowKey(rowInSequence(tile, row + 2u)),
    lowKey(rowInSequence(tile, row + 3u)),
  );
}
fn highKeys(tile: WorkTile, row: u32) -> vec4i {
  return vec4i(
    highKey(rowInSequence(tile, row)),
    highKey(rowInSequence(tile, row + 1u)),
    highKey(rowInSequence(tile, row + 2u)),
    highKey(rowInSequence(tile, row + 3u)),
  );
}
// Scores of one key, then of four: those of rows that do not see it become -0x1p+126f, whose weight is 0.
fn maskRows(s: Rows, key: i32, low: RowKeys, high: RowKeys) -> Rows {
  return Rows(
    select(vec4f(-0x1p+126f), s.r0, (vec4i(key) >= low.r0) & (vec4i(key) < high.r0)),
  );
}
fn maskQuad(s: Quad, key: i32, low: RowKeys, high: RowKeys) -> Quad {
  return Quad(
    maskRows(s.x, key, low, high),
    maskRows(s.y, key + 1, low, high),
    maskRows(s.z, key + 2, low, high),
    maskRows(s.w, key + 3, low, high),
  );
}

// The work of a thread.
const threads = 8u;
const blockKeys = 16u;
const rowVectors = 2u; // vec4s of the block's rows
const keyVectors = 4u; // and of its keys
const chunk = 8u;      // dims of q and k staged at a time
const stagedK = chunk * rowVectors;

// q as [dim][row] and from stagedK on k as [dim][key]; later v as [key][column]
var<workgroup> stage: array<vec4f, 48>;
// P as [key][row]; before that, row maxima as [row][thread column]
var<workgroup> weights: array<vec4f, 32>;

fn putRows(i: u32, value: Rows) {
  weights[i] = value.r0;
}
// Four keys, one after another.
fn putQuad(i: u32, value: Quad) {
  putRows(i, value.x);
  putRows(i + rowVectors, value.y);
  putRows(i + rowVectors * 2u, value.z);
  putRows(i + rowVectors * 3u, value.w);
}

// A column of four rows, as far as they exist, from its four dims; then of all rows of the thread.
fn writeFour(tile: WorkTile, row: u32, column: u32, dims: mat4x4f) {
  let x = transpose(dims);
  if (row < tile.rows) {
    writeO(rowIndex(tile, row) + column, x[0]);
  }
  if (row + 1u < tile.rows) {
    writeO(rowIndex(tile, row + 1u) + column, x[1]);
  }
  if (row + 2u < tile.rows) {
    writeO(rowIndex(tile, row + 2u) + column, x[2]);
  }
  if (row + 3u < tile.rows) {
    writeO(rowIndex(tile, row + 3u) + column, x[3]);
  }
}
fn writeColumn(tile: WorkTile, row: u32, column: u32, sums: Quad) {
  writeFour(tile, row, column, mat4x4f(sums.x.r0, sums.y.r0, sums.z.r0, sums.w.r0));
}

@compute @workgroup_size(8)
fn main(@builtin(local_invocation_index) thread: u32, @builtin(workgroup_id) workgroup: vec3u) {
  let tile = findWorkTile(params.tileBase + workgroup.y);
  let r = thread / 4u;
  let c = thread % 4u;
  let ownRow = r * 4u; // the first of its rows
  let lastRow = tile.firstRow + tile.tokens - 1u;
  // The keys that any row of the tile sees, from the start of a block.
  let firstKey = lowKey(tile.firstRow) / i32(blockKeys) * i32(blockKeys);
  let endKey = highKey(lastRow);
  // The keys that every row of it sees: their blocks need no mask.
  let plainBegin = lowKey(lastRow);
  let plainEnd = highKey(tile.firstRow);

  // Of the thread's rows: the running maximum, its part of the row sums, and O, a Quad for each of its columns.
  var m = Rows(vec4f(-0x1p+100f));
  var l = Rows();
  var o0 = Quad();
  var o1 = Quad();

  for (var base = firstKey; base < endKey; base += i32(blockKeys)) {
    // S, four keys in each.
    var s0 = Quad();
    for (var d = 0u; d < columns; d += chunk / 4u) {
      // load q: 8 dims of the tile's rows, as [dim][row]. x turns four dims of four rows in registers.
      if (thread < 4u) {
        let t = thread;
        let dims = t % 2u;
        let four = t / 2u;
        let x = transpose(mat4x4f(
          loadQ(tile, four * 4u, d + dims),
          loadQ(tile, four * 4u + 1u, d + dims),
          loadQ(tile, four * 4u + 2u, d + dims),
          loadQ(tile, four * 4u + 3u, d + dims),
        ));
        let to = dims * 8u + min(four ^ dims, 1u);
        stage[to] = x[0];
        stage[to + 2u] = x[1];
        stage[to + 4u] = x[2];
        stage[to + 6u] = x[3];
      }

      // stage K: the same dims of the block's keys, as [dim][key], behind q.
      {
        let t = thread;
        let dims = t % 2u;
        let four = t / 2u;
        let x = transpose(mat4x4f(
          loadK(tile, u32(base) + four * 4u, d + dims),
          loadK(tile, u32(base) + four * 4u + 1u, d + dims),
          loadK(tile, u32(base) + four * 4u + 2u, d + dims),
          loadK(tile, u32(base) + four * 4u + 3u, d + dims),
        ));
        let to = stagedK + dims * 16u + min(four ^ (dims * 2u), 3u);
        stage[to] = x[0];
        stage[to + 4u] = x[1];
        stage[to + 8u] = x[2];
        stage[to + 12u] = x[3];
      }
      workgroupBarrier();

      // scores: S += q k^T over these dims, an outer product for each.
      for (var i = 0u; i < 8u; i += 1u) {
        let dim = i;
        let row = dim * rowVectors + min(r ^ (i / 4u), 1u);
        let q = Rows(stage[row]);
        let key = stagedK + dim * keyVectors + min(c ^ ((i / 4u) * 2u), 3u);
        s0 = addProduct(s0, stage[key], q);
      }
      workgroupBarrier();
    }

    // mask: only in blocks that some row does not see whole.
    if (base < plainBegin || base + i32(blockKeys) > plainEnd) {
      let low = RowKeys(lowKeys(tile, ownRow));
      let high = RowKeys(highKeys(tile, ownRow));
      let key = base + i32(c * 4u);
      s0 = maskQuad(s0, key, low, high);
    }

    // row maximum: m' = max(m, rows of S), of this thread's keys and then over the thread columns.
    let own = maxFour(m, s0);
    weights[thread] = own.r0;
    workgroupBarrier();
    var next = own;
    for (var other = 0u; other < 4u; other += 1u) {
      next.r0 = max(next.r0, weights[r * 4u + other]);
    }
    workgroupBarrier();

    // rescale: l = l 2^(m - m'), O = O 2^(m - m').
    let rescale = exp2Rows(m, next);
    m = next;
    l = multiplyRows(l, rescale);
    o0 = multiplyQuad(o0, rescale);
    o1 = multiplyQuad(o1, rescale);

    // exponentials: P = 2^(S - m').
    s0 = exp2Quad(s0, m);

    // row sum: l = l + sum P, of this thread's keys.
    l = addRows(l, addFour(Rows(), s0));

    // The weights go to workgroup memory as [key][row], 16 keys at a time.
    for (var part = 0u; part < 1u; part += 1u) {
      if (part == 0u) {
        let four = c;
        putQuad(four * (4u * rowVectors) + min(r ^ (four % 2u), 1u), s0);
      }
      for (var piece = 0u; piece < 4u; piece += 1u) {
        let first = piece * 4u;
        // stage V: 4 keys of the part, as [key][column].
        for (var i = 0u; i < 4u; i += 1u) {
          let t = thread + i * threads;
          let key = u32(base) + part * 16u + first + t / 8u;
          let column = t % 8u;
          stage[t] = loadV(tile, key, column);
        }
        workgroupBarrier();

        // accumulate: O += P v over these keys, an outer product for each.
        for (var i = 0u; i < 4u; i += 1u) {
          let key = i;
          let row = (first + key) * rowVectors + min(r ^ ((piece + i / 4u) % 2u), 1u);
          let p = Rows(weights[row]);
          let column = key * 8u + c;
          o0 = addProduct(o0, stage[column], p);
          o1 = addProduct(o1, stage[column + 4u], p);
        }
        workgroupBarrier();
      }
    }
  }

  // write: O / l, with l summed over the thread columns; a row that saw no key has l = 0 and gives zeros.
  weights[thread] = l.r0;
  workgroupBarrier();
  var total = Rows();
  for (var other = 0u; other < 4u; other += 1u) {
    total.r0 = total.r0 + weights[r * 4u + other];
  }
  let factor = Rows(
    select(vec4f(), 1.0 / total.r0, total.r0 > vec4f()),
  );
  writeColumn(tile, ownRow, c, multiplyQuad(o0, factor));
  writeColumn(tile, ownRow, c + 4u, multiplyQuad(o1, factor));
}
