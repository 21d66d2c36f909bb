/**
 * wgsl-flash: flash attention as two register-tiled matrix products around an online softmax; f32 or f16 in memory, f32 on the chip.
 *
 * A workgroup owns blockRows query rows of one head and walks over blocks of keys. Thread (r, c) of a 2-D arrangement owns
 * `rows` query rows and, of each key block, `keys` keys; of the output it owns the same rows and every threadColumns-th vec4
 * column from c on. All its state is in registers, in the types of thread-tile.ts: the lanes of a vec4 are four query rows, so the
 * softmax of four rows is one vec4 operation.
 */

import { formatExactBytes } from '../../src/format.ts';
import { needsMemory } from '../../src/messages.ts';
import { groupSize, type Workload } from '../../src/problem/workload.ts';
import { FEW_ROWS, fewRowsConfiguration, wgslConfiguration } from '../configurations.ts';
import type { DeviceProfile } from '../device.ts';
import type { Kernel, WgslProgram } from '../kernel.ts';
import { unsupportedScores, unsupportedShape } from '../supported-shapes.ts';
import { tunable } from '../tunable.ts';
import { abi } from './abi.ts';
import { wgslCandidates, wgslConfigurationProblem, wgslExcess } from './candidates.ts';
import { sizes, type WgslConfiguration, wgslConfigurationSchema, workgroupBytes } from './configuration.ts';
import { indent, lines, plus, range } from './emit.ts';
import { emitKeyRange, emitMask, LOWEST } from './mask.ts';
import { emitMerge } from './merge.ts';
import { emitAccumulate, emitScores } from './products.ts';
import { columnsOf, type RowDims, rowDimsOf } from './row-dims.ts';
import { emitSoftCap, PLAIN_SCORES, softCapFunctions, WGSL_SCORES, type WgslScores } from './soft-cap.ts';
import { type Exchange, emitExponentials, emitRescale, emitRowMaximum, emitRowSum, exchangeOf } from './softmax.ts';
import { emitLoadQ, emitStageK, emitStageV } from './stage.ts';
import { type Storage, storageOf } from './storage.ts';
import { threadTile, workgroupAccess } from './thread-tile.ts';
import { ONE_HEAD, type Schedule, scheduleOf, tokensOf, waveOf } from './work-tiles.ts';
import { emitWrite, partVectors, writeFunctions } from './write.ts';

export const wgslFlash: Kernel = {
  name: 'wgsl-flash',
  backend: 'webgpu',
  summary:
    'one pass: register-tiled q k^T and p v around an online softmax; scores stay on chip, masked blocks are skipped',
  unsupported: (workload, device) =>
    wgslFlashUnsupported(wgslConfiguration(rowDimsOf(workload), device), workload, device),
  build: (workload, device) => buildWgslFlash(shippedConfiguration(workload, device), workload, device),
  tunable: tunable({
    schema: wgslConfigurationSchema,
    shipped: shippedConfiguration,
    candidates: (workload, device) => wgslCandidates(rowDimsOf(workload), device),
    excess: (config, workload, device) => wgslExcess(config, rowDimsOf(workload), device),
    problem: (config, workload, { limits }) => wgslConfigurationProblem(config, rowDimsOf(workload), limits),
    build: buildWgslFlash,
  }),
};

/** The configuration of a workload: one of few rows where it has no more, as in decoding. */
function shippedConfiguration(w: Workload, device: DeviceProfile): WgslConfiguration {
  const rows = w.seqQuery * groupSize(w);
  return rows <= FEW_ROWS && device.features.software !== true
    ? fewRowsConfiguration(rows, rowDimsOf(w), device)
    : wgslConfiguration(rowDimsOf(w), device);
}

/** The program of a workload in a configuration, with the data type and the schedule that it wants. */
export function buildWgslFlash(config: WgslConfiguration, w: Workload, { features }: DeviceProfile): WgslProgram {
  return emitWgslFlash(
    rowDimsOf(w),
    config,
    storageOf(w.dtype, features),
    scheduleOf(w, config, features),
    exchangeOf(config, features),
    w,
  );
}

/** Why a configuration does not fit a device or the kernel a workload, or undefined. */
export function wgslFlashUnsupported(
  config: WgslConfiguration,
  w: Workload,
  { limits }: DeviceProfile,
): string | undefined {
  const need = workgroupBytes(rowDimsOf(w).headDimV, config);
  if (need > limits.workgroupMemoryBytes)
    return needsMemory('workgroup memory', formatExactBytes(need), formatExactBytes(limits.workgroupMemoryBytes));
  const threads = config.threadRows * config.threadColumns;
  if (threads > limits.workgroupInvocations) {
    return `needs ${threads} threads in a workgroup; the device allows ${limits.workgroupInvocations}`;
  }
  return unsupportedScores(w, WGSL_SCORES) ?? unsupportedShape(w, ['f32', 'f16']);
}

/**
 * The passes of wgsl-flash for its head dimensions: attention, and where keys are split a merge. Bindings are those of abi.ts; lengths, strides
 * and the mask are arguments of the program, in Params.
 */
export function emitWgslFlash(
  dims: RowDims,
  config: WgslConfiguration,
  storage: Storage,
  schedule: Schedule = ONE_HEAD,
  exchange: Exchange = 'memory',
  scores: WgslScores = PLAIN_SCORES,
): WgslProgram {
  const { group, groupParts = 1, splits } = schedule;
  const tokens = tokensOf(config, schedule);
  const attention = {
    label: 'attention',
    code: [
      abi({
        directives: exchange === 'subgroups' ? 'enable subgroups;\n' : '',
        about: about(config),
        ...dims,
        tokens,
        storage,
        ...{ group, groupParts },
        scratch: splits > 1 ? 'vec4f' : undefined,
        scores,
        padded: columnsOf(dims.headDim) % (config.chunk / 4) !== 0,
      }),
      threadTile(config.rows),
      softCapFunctions(scores, config),
      emitDeclarations(dims.headDimV, config, exchange),
      writeFunctions(dims, config, splits),
      emitMain(dims, config, splits, exchange, scores),
    ].join(''),
    workgroupsPerTile: splits,
  };
  return {
    kind: 'wgsl',
    passes: splits > 1 ? [attention, emitMerge(dims, config, storage, schedule)] : [attention],
    blockRows: tokens,
    scratchBytesPerTile: splits > 1 ? partVectors(dims.headDimV, config) * splits * 16 : 0,
    groupedRows: group > 1,
    ...(groupParts > 1 ? { groupParts } : {}),
    wave: waveOf(config, schedule),
    ...(scores.sinks === true ? { sinks: true } : {}),
  };
}

/** What the kernel computes, and what a workgroup and a thread of it own. */
function about(config: WgslConfiguration): string {
  const size = sizes(0, config);
  return `// Flash attention with an online softmax: for each block of keys
//   S = q k^T;  m' = max(m, rows of S);  P = 2^(S - m');  l = l 2^(m - m') + sum P;  O = O 2^(m - m') + P v
// and at the end O / l. Scores never leave the chip; blocks that the mask hides are never visited.
//
// A workgroup of ${size.threads} threads owns ${size.blockRows} rows and walks over blocks of ${size.blockKeys} keys. The threads lie as ${config.threadRows} x ${config.threadColumns}: thread (r, c) owns
// ${config.rows} rows and, of each block, ${config.keys} keys: fours r, r + ${config.threadRows} and so on of the rows, and c, c + ${config.threadColumns} and so on of the keys; of the
// output it owns the same rows and the vec4 columns c, c + ${config.threadColumns}, c + ${2 * config.threadColumns} and so on.`;
}

/** The constants and the workgroup memory of the kernel. */
function emitDeclarations(headDimV: number, config: WgslConfiguration, exchange: Exchange): string {
  const size = sizes(headDimV, config);
  return `
// The work of a thread.
const threads = ${size.threads}u;
const blockKeys = ${size.blockKeys}u;
const rowVectors = ${size.blockRows / 4}u; // vec4s of the block's rows
const keyVectors = ${size.blockKeys / 4}u; // and of its keys
const chunk = ${config.chunk}u;      // dims of q and k staged at a time
const stagedK = chunk * rowVectors;

// q as [dim][row] and from stagedK on k as [dim][key]; later v as [key][column]
var<workgroup> stage: array<vec4f, ${size.stageVectors}>;
// P as [key][row]${exchange === 'memory' ? '; before that, row maxima as [row][thread column]' : ''}
var<workgroup> weights: array<vec4f, ${size.weightVectors}>;

${workgroupAccess(config.rows, config.threadRows)}`;
}

/** m and l before any key: below all scores and 0; with sinks those of the sink, which one split and one thread of a row begin with. */
function emitState({ rows, threadRows }: WgslConfiguration, splits: number, { sinks = false }: WgslScores): string {
  const vectors = range(rows / 4);
  const one = (value: string) => `Rows(${vectors.map(() => `vec4f(${value})`).join(', ')})`;
  if (!sinks) return lines([`var m = ${one(LOWEST)};`, 'var l = Rows();']);
  const first = splits > 1 ? 'workgroup.x == 0u' : 'true';
  const fours = vectors.map((v) => {
    const rowsOf = range(4).map((i) => `sinkOf(tile, ${plus('ownRow', v * 4 * threadRows + i)})`);
    return `vec4f(${rowsOf.join(', ')})`;
  });
  const begin = `Rows(${fours.join(', ')})`;
  return lines([
    `var m = ${begin};`,
    `var l = ${one(`select(0.0, 1.0, c == 0u${splits > 1 ? ` && ${first}` : ''})`)};`,
    ...(splits > 1 ? [`if (!(${first})) {`, `  m = ${one(LOWEST)};`, '}'] : []),
  ]);
}

/** The kernel itself, phase by phase. */
function emitMain(
  dims: RowDims,
  config: WgslConfiguration,
  splits: number,
  exchange: Exchange,
  asked: WgslScores,
): string {
  const size = sizes(dims.headDimV, config);
  const scores = range(config.keys / 4).map((g) => `var s${g} = Quad();`);
  const sums = range(size.threadColumns).map((i) => `var o${i} = Quad();`);
  const state = emitState(config, splits, asked);
  const firstValues = emitStageV(dims, config, 'its first keys, while the softmax computes.', 'u32(base)');
  return `
@compute @workgroup_size(${size.threads})
fn main(@builtin(local_invocation_index) thread: u32, @builtin(workgroup_id) workgroup: vec3u) {
  let tile = findWorkTile(params.tileBase + workgroup.y);
  let r = thread / ${config.threadColumns}u;
  let c = thread % ${config.threadColumns}u;
  let ownRow = r * 4u; // the first of its rows
${indent(1, emitKeyRange(splits))}

  // Of the thread's rows: the running maximum, its part of the row sums, and O, a Quad for each of its columns.
${indent(1, state)}
${indent(1, lines(sums))}

  for (var base = firstKey; base < endKey; base += i32(blockKeys)) {
    // S, four keys in each.
${indent(2, lines(scores))}
    for (var d = 0u; d < columns; d += chunk / 4u) {${indent(3, emitLoadQ(config))}
${indent(3, emitStageK(config))}
${indent(3, emitScores(config))}
    }
${asked.softcap == null ? '' : `${indent(2, emitSoftCap(asked, config))}\n`}${indent(2, emitMask(config))}
${config.values === 'before-softmax' ? `${indent(2, firstValues)}\n` : ''}${indent(2, emitRowMaximum(config, exchange))}
${indent(2, emitRescale(dims.headDimV, config))}
${indent(2, emitExponentials(config))}
${indent(2, emitRowSum(config))}
${indent(2, emitAccumulate(dims, config))}
  }
${indent(1, emitWrite(dims, config, splits, exchange))}
}
`;
}
