/**
 * wgsl-flash: flash attention as two register-tiled matrix products around an online softmax; f32 or f16 in memory, f32 on the chip.
 *
 * A workgroup owns blockRows query rows of one head and walks over blocks of keys. Thread (r, c) of a 2-D arrangement owns
 * `rows` query rows and, of each key block, `keys` keys; of the output it owns the same rows and every c-th vec4 column. All
 * its state sits in named vec4 variables whose four lanes are four query rows, so the softmax of four rows is one vec4 operation.
 */

import { needsMemory } from '../../src/messages.ts';
import type { Workload } from '../../src/workload.ts';
import type { Kernel, Limits, WgslProgram } from '../kernel.ts';
import { unsupportedShape } from '../shapes.ts';
import { type WgslTile, wgslTile } from '../tiles.ts';
import { abi, LOWEST, MASKED } from './abi.ts';
import { wgslCandidates, wgslTileProblem } from './candidates.ts';
import { sizes, workgroupBytes } from './sizes.ts';
import { type Storage, storageOf } from './storage.ts';

export const wgslFlash: Kernel = {
  name: 'wgsl-flash',
  backend: 'webgpu',
  summary:
    'one pass: register-tiled q k^T and p v around an online softmax; scores stay on chip, masked blocks are skipped',
  unsupported: (workload, limits) => wgslFlashUnsupported(workload, limits, wgslTile(workload.headDim, {}, limits)),
  build: (workload, features, limits) =>
    emitWgslFlash(workload.headDim, wgslTile(workload.headDim, features, limits), storageOf(workload.dtype, features)),
  tunable: {
    shipped: (workload, features, limits) => ({ ...wgslTile(workload.headDim, features, limits) }),
    candidates: (workload, features, limits) => wgslCandidates(workload.headDim, features, limits),
    problem: (tile, workload, _, limits) => wgslTileProblem(tile, workload.headDim, limits),
    build: (workload, features, tile) =>
      emitWgslFlash(workload.headDim, tile as unknown as WgslTile, storageOf(workload.dtype, features)),
  },
};

/** Why a tile does not fit a device or the kernel a workload, or undefined. */
export function wgslFlashUnsupported(w: Workload, limits: Limits, tile: WgslTile): string | undefined {
  const need = workgroupBytes(w.headDim, tile);
  if (need > limits.workgroupMemoryBytes) return needsMemory('workgroup memory', need, limits.workgroupMemoryBytes);
  const threads = tile.threadRows * tile.threadColumns;
  if (threads > limits.workgroupInvocations) {
    return `needs ${threads} threads in a workgroup; the device allows ${limits.workgroupInvocations}`;
  }
  return unsupportedShape(w, ['f32', 'f16']);
}

const range = (count: number) => Array.from({ length: count }, (_, i) => i);
const lines = (items: string[]) => items.join('\n');
const LANES = ['x', 'y', 'z', 'w'] as const;

export function emitWgslFlash(headDim: number, tile: WgslTile, storage: Storage): WgslProgram {
  const size = sizes(headDim, tile);
  const rowVectors = range(tile.rows / 4);
  const columns = range(size.threadColumns);
  const output = columns.flatMap((i) => LANES.flatMap((lane) => rowVectors.map((r) => ({ i, lane, r }))));

  const code = `${abi(headDim, size.blockRows, false, storage)}
// Flash attention with an online softmax: for each block of keys
//   S = q k^T;  m' = max(m, rows of S);  P = 2^(S - m');  l = l 2^(m - m') + sum P;  O = O 2^(m - m') + P v
// and at the end O / l. Scores never leave the chip; blocks that the mask hides are never visited.
// Lanes of a vec4 are four query rows: s<key>_<rows>, o<column>_<dim><rows>, m<rows>, l<rows>.
//
// Workgroup of ${size.threads} threads, ${tile.threadRows} x ${tile.threadColumns}; block of ${size.blockRows} query rows x ${size.blockKeys} keys; thread tile ${tile.rows} x ${tile.keys}.
const threads = ${size.threads}u;
const blockKeys = ${size.blockKeys}u;
const rowVectors = ${size.blockRows / 4}u; // vec4s of rows in a block
const keyVectors = ${size.blockKeys / 4}u;
const chunk = ${tile.chunk}u;    // head dimensions staged at a time
const valueKeys = ${tile.valueKeys}u; // keys of V staged at a time

// q^T [dim][row] then k^T [dim][key] of a chunk of dims; later v [key][column] of some keys
var<workgroup> stage: array<vec4f, ${size.stageVectors}>;
// p^T [key][row]; before that, row maxima [thread column][row]
var<workgroup> weights: array<vec4f, ${size.weightVectors}>;

@compute @workgroup_size(${size.threads})
fn main(@builtin(local_invocation_index) thread: u32, @builtin(workgroup_id) workgroup: vec3u) {
  let unit = findUnit(params.unitBase + workgroup.y);
  let qStride = params.queryHeads * columns;
  let kvStride = params.kvHeads * columns;
  let r = thread / ${tile.threadColumns}u; // this thread's place among the rows
  let c = thread % ${tile.threadColumns}u; // and among the keys and columns
  let firstKey = lowKey(unit.firstRow) / i32(blockKeys) * i32(blockKeys);
  let endKey = highKey(unit.firstRow + unit.rows - 1u);
  // Blocks inside [plainBegin, plainEnd) are seen whole by every row and need no mask.
  let plainBegin = (lowKey(unit.firstRow + unit.rows - 1u) + i32(blockKeys) - 1) / i32(blockKeys) * i32(blockKeys);
  let plainEnd = max(plainBegin, highKey(unit.firstRow) / i32(blockKeys) * i32(blockKeys));

  // running maximum and this thread's part of the row sums
${lines(rowVectors.map((v) => `  var m${v} = vec4f(${LOWEST});\n  var l${v} = vec4f();`))}
  // output sums: o<column>_<dim><row vector>
${lines(output.map(({ i, lane, r }) => `  var o${i}_${lane}${r} = vec4f();`))}

  for (var base = plainBegin; base < plainEnd; base += i32(blockKeys)) {
${emitBlock(headDim, tile, false)}
  }

  for (var base = firstKey; base < endKey; base += i32(blockKeys)) {
    if (base == plainBegin) {
      base = plainEnd;
      if (base >= endKey) {
        break;
      }
    }
${emitBlock(headDim, tile, true)}
  }

  // Row sums over the thread columns, then the rows out; a row that saw no key has sum 0 and gives zeros.
${lines(rowVectors.map((v) => `  weights[c * rowVectors + r * ${tile.rows / 4}u + ${v}u] = l${v};`))}
  workgroupBarrier();
${lines(rowVectors.map((v) => `  var total${v} = vec4f();`))}
  for (var t = 0u; t < ${tile.threadColumns}u; t += 1u) {
${lines(rowVectors.map((v) => `    total${v} += weights[t * rowVectors + r * ${tile.rows / 4}u + ${v}u];`))}
  }
${lines(rowVectors.map((v) => `  let factor${v} = select(vec4f(), 1.0 / total${v}, total${v} > vec4f());`))}
${lines(
  range(tile.rows).map((row) => {
    const [v, lane] = [Math.floor(row / 4), LANES[row % 4]];
    const stores = columns.map((i) => {
      const value = `vec4f(${LANES.map((dim) => `o${i}_${dim}${v}.${lane}`).join(', ')}) * factor${v}.${lane}`;
      const column = `c + ${i * tile.threadColumns}u`;
      const store = `writeO(unit.q + (r * ${tile.rows}u + ${row}u) * qStride + ${column}, ${value});`;
      const whole = (i + 1) * tile.threadColumns <= headDim / 4;
      return whole ? `    ${store}` : `    if (${column} < columns) {\n      ${store}\n    }`;
    });
    return `  if (r * ${tile.rows}u + ${row}u < unit.rows) {\n${lines(stores)}\n  }`;
  }),
)}
}
`;
  return {
    kind: 'wgsl',
    passes: [{ label: 'attention', code, workgroupsPerUnit: 1 }],
    blockRows: size.blockRows,
    scratchBytesPerUnit: 0,
  };
}

/** One block of keys from \`base\`: scores, online softmax, output sums. */
function emitBlock(headDim: number, tile: WgslTile, masked: boolean): string {
  const rowVectors = range(tile.rows / 4);
  const keys = range(tile.keys);
  const body = `
// S = q k^T, a chunk of dims at a time
${lines(keys.flatMap((j) => rowVectors.map((v) => `var s${j}_${v} = vec4f();`)))}
for (var d = 0u; d < columns; d += chunk / 4u) {
${emitStageScores(headDim, tile)}
  workgroupBarrier();
  for (var i = 0u; i < ${tile.chunk / tile.unroll}u; i += 1u) {
${lines(range(tile.unroll).map((step) => emitScoreProduct(tile, step)))}
  }
  workgroupBarrier();
}
${masked ? emitMask(tile) : ''}
${tile.values === 'before-softmax' ? `{\n  // the first rows of v, while the softmax computes\n  let part = 0u;\n  let first = 0u;\n${emitStageValues(headDim, tile)}\n}` : ''}
// m' = max(m, rows of S), over the thread columns through workgroup memory
${lines(rowVectors.map((v) => `weights[c * rowVectors + r * ${tile.rows / 4}u + ${v}u] = ${keys.map((j) => `s${j}_${v}`).reduce((a, b) => `max(${a}, ${b})`)};`))}
workgroupBarrier();
${lines(rowVectors.map((v) => `var next${v} = m${v};`))}
for (var t = 0u; t < ${tile.threadColumns}u; t += 1u) {
${lines(rowVectors.map((v) => `  next${v} = max(next${v}, weights[t * rowVectors + r * ${tile.rows / 4}u + ${v}u]);`))}
}
workgroupBarrier();
// p = 2^(s - m'), l = l 2^(m - m') + sum p, o = o 2^(m - m')
${lines(keys.flatMap((j) => rowVectors.map((v) => `s${j}_${v} = exp2(s${j}_${v} - next${v});`)))}
${lines(rowVectors.map((v) => `let rescale${v} = exp2(m${v} - next${v});\nm${v} = next${v};\nl${v} = fma(l${v}, rescale${v}, ${keys.map((j) => `s${j}_${v}`).join(' + ')});`))}
${emitRescale(headDim, tile)}
// O += p v: weights through workgroup memory in parts, V in chunks of keys
for (var part = 0u; part < ${tile.weightParts}u; part += 1u) {
  if (c / ${tile.threadColumns / tile.weightParts}u == part) {
    let key = c % ${tile.threadColumns / tile.weightParts}u * ${tile.keys}u;
${lines(keys.flatMap((j) => rowVectors.map((v) => `    weights[(key + ${j}u) * rowVectors + r * ${tile.rows / 4}u + ${v}u] = s${j}_${v};`)))}
  }
  for (var piece = 0u; piece < ${(tile.threadColumns * tile.keys) / tile.weightParts / tile.valueKeys}u; piece += 1u) {
    let first = piece * valueKeys;
${tile.values === 'before-softmax' ? `    if (part + first > 0u) {\n${emitStageValues(headDim, tile)}\n    }` : emitStageValues(headDim, tile)}
    workgroupBarrier();
    for (var i = 0u; i < ${tile.valueKeys / tile.unroll}u; i += 1u) {
${lines(range(tile.unroll).map((step) => emitValueProduct(headDim, tile, step)))}
    }
    workgroupBarrier();
  }
}`;
  return body
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => `    ${line}`)
    .join('\n');
}

/** Stages a chunk of dims of q (scaled) and k, transposed four by four in registers; rows and keys past the end are zeros. */
function emitStageScores(headDim: number, tile: WgslTile): string {
  const { blockRows, blockKeys, threads } = sizes(headDim, tile);
  const quads = tile.chunk / 4;
  const part = (vectors: number, load: (i: number) => string, at: string) => {
    const count = (vectors / 4) * quads;
    const body = `
${lines(range(4).map((i) => `      let x${i} = ${load(i)};`))}
      let to = ${at} + quad * 4u * ${vectors / 4}u + group;
${lines(range(4).map((i) => `      stage[to + ${(i * vectors) / 4}u] = vec4f(x0.${LANES[i]}, x1.${LANES[i]}, x2.${LANES[i]}, x3.${LANES[i]});`))}`;
    return `  for (var t = thread; t < ${count}u; t += ${threads}u) {
      let quad = t % ${quads}u;
      let group = t / ${quads}u;
${body}
  }`;
  };
  const row = (i: number) => `group * 4u + ${i}u`;
  return lines([
    part(
      blockRows,
      (i) =>
        `select(vec4f(), readQ(unit.q + min(${row(i)}, unit.rows - 1u) * qStride + d + quad) * params.scale, ${row(i)} < unit.rows)`,
      '0u',
    ),
    part(
      blockKeys,
      (i) =>
        `select(vec4f(), readK(unit.kv + min(u32(base) + ${row(i)}, params.seqKv - 1u) * kvStride + d + quad), u32(base) + ${row(i)} < params.seqKv)`,
      'chunk * rowVectors',
    ),
  ]);
}

/** O = O 2^(m - m'), always or where a factor of this thread is not 1. */
function emitRescale(headDim: number, tile: WgslTile): string {
  const rowVectors = range(tile.rows / 4);
  const sums = range(sizes(headDim, tile).threadColumns).flatMap((i) =>
    LANES.flatMap((lane) => rowVectors.map((v) => `o${i}_${lane}${v} *= rescale${v};`)),
  );
  if (tile.rescale === 'always') return lines(sums);
  const moved = rowVectors.map((v) => `any(rescale${v} != vec4f(1.0))`).join(' || ');
  return `if (${moved}) {\n${lines(sums.map((line) => `  ${line}`))}\n}`;
}

/** Stages valueKeys rows of v; keys past the end and columns past headDim are zeros. */
function emitStageValues(headDim: number, tile: WgslTile): string {
  const { threads, paddedColumns, partKeys } = sizes(headDim, tile);
  const outside = paddedColumns === headDim / 4 ? '' : ' && column < columns';
  return `    for (var t = thread; t < ${tile.valueKeys * paddedColumns}u; t += ${threads}u) {
      let key = u32(base) + part * ${partKeys}u + first + t / ${paddedColumns}u;
      let column = t % ${paddedColumns}u;
      stage[t] = select(vec4f(), readV(unit.kv + min(key, params.seqKv - 1u) * kvStride + min(column, columns - 1u)), key < params.seqKv${outside});
    }`;
}

/** The dim i + step of S = q k^T: a broadcast of each k component against the q of the thread's rows. */
function emitScoreProduct(tile: WgslTile, step: number): string {
  const rowVectors = range(tile.rows / 4);
  return scope(tile, [
    ...rowVectors.map((v) => `let q${v} = stage[${at(tile, step)} * rowVectors + r * ${tile.rows / 4}u + ${v}u];`),
    ...range(tile.keys / 4).map(
      (g) => `let k${g} = stage[chunk * rowVectors + ${at(tile, step)} * keyVectors + c * ${tile.keys / 4}u + ${g}u];`,
    ),
    ...range(tile.keys).flatMap((j) =>
      rowVectors.map((v) => `s${j}_${v} = fma(vec4f(k${Math.floor(j / 4)}.${LANES[j % 4]}), q${v}, s${j}_${v});`),
    ),
  ]);
}

/** The step of a loop that is written out: in this form compilers see that it stays within its bounds. */
const at = (tile: WgslTile, step: number) => (tile.unroll === 1 ? 'i' : `(i * ${tile.unroll}u + ${step}u)`);

/** Statements in a scope of their own where a loop holds several steps. */
function scope(tile: WgslTile, statements: string[]): string {
  const inner = statements.map((line) => `    ${line}`);
  return lines(tile.unroll === 1 ? inner : ['    {', ...inner.map((line) => `  ${line}`), '    }']);
}

/** Key i + step of O += p v: a broadcast of each v component against the weights of the thread's rows. */
function emitValueProduct(headDim: number, tile: WgslTile, step: number): string {
  const { threadColumns, paddedColumns } = sizes(headDim, tile);
  const rowVectors = range(tile.rows / 4);
  return scope(tile, [
    ...rowVectors.map(
      (v) => `let p${v} = weights[(first + ${at(tile, step)}) * rowVectors + r * ${tile.rows / 4}u + ${v}u];`,
    ),
    ...range(threadColumns).flatMap((i) => [
      `let v${i} = stage[${at(tile, step)} * ${paddedColumns}u + c + ${i * tile.threadColumns}u];`,
      ...LANES.flatMap((lane) =>
        rowVectors.map((v) => `o${i}_${lane}${v} = fma(vec4f(v${i}.${lane}), p${v}, o${i}_${lane}${v});`),
      ),
    ]),
  ]);
}

/** Scores of keys that a row does not see become MASKED. */
function emitMask(tile: WgslTile): string {
  const rowVectors = range(tile.rows / 4);
  return lines([
    ...rowVectors.map((v) => {
      const rows = range(4).map((i) => `unit.firstRow + r * ${tile.rows}u + ${v * 4 + i}u`);
      return `let low${v} = vec4i(${rows.map((row) => `lowKey(${row})`).join(', ')});
let high${v} = vec4i(${rows.map((row) => `highKey(${row})`).join(', ')});`;
    }),
    `let ownKey = base + i32(c * ${tile.keys}u);`,
    ...range(tile.keys).flatMap((j) =>
      rowVectors.map(
        (v) =>
          `s${j}_${v} = select(vec4f(${MASKED}), s${j}_${v}, (vec4i(ownKey + ${j}) >= low${v}) & (vec4i(ownKey + ${j}) < high${v}));`,
      ),
    ),
  ]);
}
