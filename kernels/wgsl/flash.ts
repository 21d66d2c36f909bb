/**
 * wgsl-flash: flash attention as two register-tiled matrix products around an online softmax; f32 or f16 in memory, f32 on the chip.
 *
 * A workgroup owns blockRows query rows of one head and walks over blocks of keys. Thread (r, c) of a 2-D arrangement owns
 * `rows` query rows and, of each key block, `keys` keys; of the output it owns the same rows and every c-th vec4 column. All
 * its state sits in named vec4 variables whose four lanes are four query rows, so the softmax of four rows is one vec4 operation.
 */

import { formatExactBytes } from '../../src/format.ts';
import { needsMemory } from '../../src/messages.ts';
import { groupSize, type Workload } from '../../src/problem/workload.ts';
import { FEW_ROWS, fewRowsConfiguration, wgslConfiguration } from '../configurations.ts';
import type { DeviceProfile } from '../device.ts';
import type { Kernel, WgslProgram } from '../kernel.ts';
import { unsupportedShape } from '../supported-shapes.ts';
import { tunable } from '../tunable.ts';
import { abi, LOWEST } from './abi.ts';
import { emitBlock } from './block.ts';
import { wgslCandidates, wgslConfigurationProblem } from './candidates.ts';
import { sizes, type WgslConfiguration, wgslConfigurationSchema, workgroupBytes } from './configuration.ts';
import { LANES, lines, range } from './emit.ts';
import { type Storage, storageOf } from './storage.ts';
import { ONE_HEAD, type Schedule, scheduleOf, tokensOf } from './work-tiles.ts';
import { emitMerge, emitOutput, emitPartial, partialFloats } from './write.ts';

export const wgslFlash: Kernel = {
  name: 'wgsl-flash',
  backend: 'webgpu',
  summary:
    'one pass: register-tiled q k^T and p v around an online softmax; scores stay on chip, masked blocks are skipped',
  unsupported: (workload, device) =>
    wgslFlashUnsupported(wgslConfiguration(workload.headDim, device), workload, device),
  build: (workload, device) => buildWgslFlash(shippedConfiguration(workload, device), workload, device),
  tunable: tunable({
    schema: wgslConfigurationSchema,
    shipped: shippedConfiguration,
    candidates: (workload, device) => wgslCandidates(workload.headDim, device),
    problem: (config, workload, { limits }) => wgslConfigurationProblem(config, workload.headDim, limits),
    build: buildWgslFlash,
  }),
};

/** The configuration of a workload: one of few rows where it has no more, as in decoding. */
function shippedConfiguration(w: Workload, device: DeviceProfile): WgslConfiguration {
  const rows = w.seqQuery * groupSize(w);
  return rows <= FEW_ROWS && device.features.software !== true
    ? fewRowsConfiguration(rows)
    : wgslConfiguration(w.headDim, device);
}

/** The program of a workload in a configuration, with the data type and the schedule that it wants. */
export function buildWgslFlash(config: WgslConfiguration, w: Workload, { features }: DeviceProfile): WgslProgram {
  return emitWgslFlash(w.headDim, config, storageOf(w.dtype, features), scheduleOf(w, config, features));
}

/** Why a configuration does not fit a device or the kernel a workload, or undefined. */
export function wgslFlashUnsupported(
  config: WgslConfiguration,
  w: Workload,
  { limits }: DeviceProfile,
): string | undefined {
  const need = workgroupBytes(w.headDim, config);
  if (need > limits.workgroupMemoryBytes)
    return needsMemory('workgroup memory', formatExactBytes(need), formatExactBytes(limits.workgroupMemoryBytes));
  const threads = config.threadRows * config.threadColumns;
  if (threads > limits.workgroupInvocations) {
    return `needs ${threads} threads in a workgroup; the device allows ${limits.workgroupInvocations}`;
  }
  return unsupportedShape(w, ['f32', 'f16']);
}

export function emitWgslFlash(
  headDim: number,
  config: WgslConfiguration,
  storage: Storage,
  schedule: Schedule = ONE_HEAD,
): WgslProgram {
  const { group, splits } = schedule;
  const tokens = tokensOf(config, schedule);
  const size = sizes(headDim, config);
  const rowVectors = range(config.rows / 4);
  const columns = range(size.threadColumns);
  const output = columns.flatMap((i) => LANES.flatMap((lane) => rowVectors.map((r) => ({ i, lane, r }))));

  const code = `${abi(headDim, tokens, splits > 1, storage, group > 1)}
// Flash attention with an online softmax: for each block of keys
//   S = q k^T;  m' = max(m, rows of S);  P = 2^(S - m');  l = l 2^(m - m') + sum P;  O = O 2^(m - m') + P v
// and at the end O / l. Scores never leave the chip; blocks that the mask hides are never visited.
// Lanes of a vec4 are four query rows: s<key>_<rows>, o<column>_<dim><rows>, m<rows>, l<rows>.
//
// Workgroup of ${size.threads} threads, ${config.threadRows} x ${config.threadColumns}; block of ${size.blockRows} query rows x ${size.blockKeys} keys; thread tile ${config.rows} x ${config.keys}.
const threads = ${size.threads}u;
const blockKeys = ${size.blockKeys}u;
const rowVectors = ${size.blockRows / 4}u; // vec4s of rows in a block
const keyVectors = ${size.blockKeys / 4}u;
const chunk = ${config.chunk}u;    // head dimensions staged at a time
const valueKeys = ${config.valueKeys}u; // keys of V staged at a time

// q^T [dim][row] then k^T [dim][key] of a chunk of dims; later v [key][column] of some keys
var<workgroup> stage: array<vec4f, ${size.stageVectors}>;
// p^T [key][row]; before that, row maxima [thread column][row]
var<workgroup> weights: array<vec4f, ${size.weightVectors}>;

@compute @workgroup_size(${size.threads})
fn main(@builtin(local_invocation_index) thread: u32, @builtin(workgroup_id) workgroup: vec3u) {
  let tile = findWorkTile(params.tileBase + workgroup.y);
  let qStride = params.queryHeads * columns;
  let kvStride = params.kvHeads * columns;
  let r = thread / ${config.threadColumns}u; // this thread's place among the rows
  let c = thread % ${config.threadColumns}u; // and among the keys and columns
  let lastToken = tile.firstRow + tile.tokens - 1u;
${emitKeyRange(splits)}
  // Blocks inside [plainBegin, plainEnd) are seen whole by every row and need no mask.
  let plainBegin = max(firstKey, (lowKey(lastToken) + i32(blockKeys) - 1) / i32(blockKeys) * i32(blockKeys));
  let plainEnd = max(plainBegin, min(endKey, highKey(tile.firstRow)) / i32(blockKeys) * i32(blockKeys));

  // running maximum and this thread's part of the row sums
${lines(rowVectors.map((v) => `  var m${v} = vec4f(${LOWEST});\n  var l${v} = vec4f();`))}
  // output sums: o<column>_<dim><row vector>
${lines(output.map(({ i, lane, r }) => `  var o${i}_${lane}${r} = vec4f();`))}

  for (var base = plainBegin; base < plainEnd; base += i32(blockKeys)) {
${emitBlock(headDim, config, group, false)}
  }

  for (var base = firstKey; base < endKey; base += i32(blockKeys)) {
    if (base == plainBegin) {
      base = plainEnd;
      if (base >= endKey) {
        break;
      }
    }
${emitBlock(headDim, config, group, true)}
  }

  // Row sums over the thread columns, then the rows out; a row that saw no key has sum 0 and gives zeros.
${lines(rowVectors.map((v) => `  weights[c * rowVectors + r * ${config.rows / 4}u + ${v}u] = l${v};`))}
  workgroupBarrier();
${lines(rowVectors.map((v) => `  var total${v} = vec4f();`))}
  for (var t = 0u; t < ${config.threadColumns}u; t += 1u) {
${lines(rowVectors.map((v) => `    total${v} += weights[t * rowVectors + r * ${config.rows / 4}u + ${v}u];`))}
  }
${splits > 1 ? emitPartial(headDim, config, splits) : emitOutput(headDim, config, group)}
}
`;
  const attention = { label: 'attention', code, workgroupsPerTile: splits };
  return {
    kind: 'wgsl',
    passes: splits > 1 ? [attention, emitMerge(headDim, config, storage, schedule)] : [attention],
    blockRows: tokens,
    scratchBytesPerTile: splits > 1 ? partialFloats(headDim, config) * splits * 4 : 0,
    groupedRows: group > 1,
  };
}

/** The keys of this workgroup: all that a row of the unit sees, or its part of the blocks that they fill. */
function emitKeyRange(splits: number): string {
  const first = 'lowKey(tile.firstRow) / i32(blockKeys) * i32(blockKeys)';
  if (splits === 1) return `  let firstKey = ${first};\n  let endKey = highKey(lastToken);`;
  return `  // Splits share the blocks of keys between the first that any row sees and the last.
  let begin = ${first};
  let blocksOfKeys = max(0, (highKey(lastToken) - begin + i32(blockKeys) - 1) / i32(blockKeys));
  let firstKey = begin + blocksOfKeys * i32(workgroup.x) / ${splits} * i32(blockKeys);
  let endKey = min(highKey(lastToken), begin + blocksOfKeys * (i32(workgroup.x) + 1) / ${splits} * i32(blockKeys));`;
}
