/**
 * wgsl-matrix: flash attention whose two products are the device's subgroup matrices, an experimental feature.
 *
 * Each subgroup of a workgroup owns some query rows, their output in result matrices; all share what is staged of K and V. Or a team of
 * subgroups owns them, and each of it some columns of their output. A result matrix cannot be read element by element, so scores and
 * weights go through workgroup memory, where the lanes of a row find theirs.
 */

import { subgroupMatrixMissing, subgroupMatrixNoShape } from '../../src/messages.ts';
import { groupSize, type Workload } from '../../src/problem/workload.ts';
import type { DeviceProfile } from '../device.ts';
import type { Kernel, WgslProgram } from '../kernel.ts';
import { MATRIX_HEAD_DIMS, unsupportedScores, unsupportedShape } from '../supported-shapes.ts';
import { tunable } from '../tunable.ts';
import { abi } from './abi.ts';
import { indent, lines, plus, range } from './emit.ts';
import { emitKeyRange, LOWEST, rowBounds } from './mask.ts';
import {
  type MatrixConfiguration,
  type MatrixPlan,
  matrixConfigurationSchema,
  matrixSizes,
} from './matrix-configuration.ts';
import { type MatrixParts, matrixParts } from './matrix-parts.ts';
import { matrixCandidates, matrixExcess, matrixPlan, matrixPlanProblem, shippedMatrixPlan } from './matrix-plan.ts';
import { accumulate, loadQ, scores } from './matrix-products.ts';
import { maskedSoftmax, ownPlaces, plainSoftmax, STALE, writeO } from './matrix-softmax.ts';
import { stagedPlaces, stageK, stageV } from './matrix-stage.ts';
import { columnsOf } from './row-dims.ts';
import { WGSL_SCORES } from './soft-cap.ts';

export const wgslMatrix: Kernel = {
  name: 'wgsl-matrix',
  backend: 'webgpu',
  summary: 'one pass, both products by subgroup matrices, where the device offers that experimental feature',
  unsupported(workload, device) {
    if (device.features.subgroupMatrix === undefined) return subgroupMatrixMissing;
    const shape =
      unsupportedScores(workload, WGSL_SCORES) ?? unsupportedShape(workload, ['f32', 'f16'], MATRIX_HEAD_DIMS);
    if (shape !== undefined) return shape;
    return shippedMatrixPlan(workload, device) === undefined ? subgroupMatrixNoShape(workload.dtype) : undefined;
  },
  build(workload, device) {
    const plan = shippedMatrixPlan(workload, device);
    if (plan === undefined) throw new RangeError(subgroupMatrixNoShape(workload.dtype));
    return emitWgslMatrix(workload, plan);
  },
  tunable: tunable<MatrixConfiguration>({
    schema: matrixConfigurationSchema,
    shipped(workload, device) {
      const plan = shippedMatrixPlan(workload, device);
      if (plan === undefined) throw new RangeError(subgroupMatrixNoShape(workload.dtype));
      return plan.config;
    },
    candidates: matrixCandidates,
    excess: matrixExcess,
    problem(config, workload, device) {
      const plan = matrixPlan(config, workload, device);
      return plan === undefined ? subgroupMatrixNoShape(workload.dtype) : matrixPlanProblem(plan, workload, device);
    },
    build: buildWgslMatrix,
  }),
};

/** The program of a workload in a configuration; throws RangeError where the device has no matrices for the workload. */
export function buildWgslMatrix(config: MatrixConfiguration, w: Workload, device: DeviceProfile): WgslProgram {
  const plan = matrixPlan(config, w, device);
  if (plan === undefined) throw new RangeError(subgroupMatrixNoShape(w.dtype));
  return emitWgslMatrix(w, plan);
}

/** The pass of wgsl-matrix for a workload and a plan. */
export function emitWgslMatrix(w: Workload, plan: MatrixPlan): WgslProgram {
  const { blockRows } = matrixSizes(plan);
  // A group larger than a block stays one head a work tile.
  const group = groupSize(w) <= blockRows ? groupSize(w) : 1;
  const tokens = Math.floor(blockRows / group);
  const parts = matrixParts(plan, w);
  // The body before the declarations: the emulation collects what the body loads.
  const body = emitMain(parts);
  const code = [
    abi({
      directives: parts.text.enable,
      about: about(plan),
      ...plan.dims,
      tokens,
      storage: plan.storage,
      group,
      padded: columnsOf(plan.dims.headDim) < plan.headDim / 4,
      paddedV: columnsOf(plan.dims.headDimV) < plan.headDim / 4,
      scores: w,
    }),
    emitDeclarations(parts),
    parts.text.declarations,
    body,
  ].join('');
  return {
    kind: 'wgsl',
    passes: [{ label: 'attention', code, workgroupsPerTile: 1 }],
    blockRows: tokens,
    scratchBytesPerTile: 0,
    groupedRows: group > 1,
    halfWeights: plan.shape.component === 'f16',
    ...(w.sinks === true ? { sinks: true } : {}),
  };
}

/** What the kernel computes, and what a workgroup and a subgroup of it own. */
function about(plan: MatrixPlan): string {
  const { headDim } = plan;
  const { m, n, k, component } = plan.shape;
  const { subgroups, team, rows, keys } = plan.config;
  const { blockRows, teams, softmaxRows } = matrixSizes(plan);
  const columns = headDim / team;
  const owners =
    team === 1
      ? `A subgroup owns ${rows} rows, with
// O as matrices o<row block>_<column block>.`
      : `${teams === 1 ? 'They are a team, which' : `A team of ${team}`} owns
// ${rows} rows: a subgroup computes the scores of ${keys / team} keys of a block, has ${softmaxRows} rows in the softmax, and owns ${columns} columns of O, as
// matrices o<row block>_<column block>.`;
  return `// Flash attention with an online softmax, both products by ${m} x ${n} x ${k} matrices of ${component} with sums of f32. For each block of keys
//   S = q k^T;  P = 2^(S - m);  l = l + sum P;  O = O + P v,  and at the end O / l
// m, a row's maximum, is raised, and l and O rescaled, only where a score passes it by ${STALE}.
//
// A workgroup of ${subgroups} subgroups owns ${blockRows} rows and walks over blocks of ${keys} keys. ${owners}`;
}

/** The constants and the workgroup memory of the kernel. */
function emitDeclarations({ headDim, plan, sizes, text }: MatrixParts): string {
  const { config, shape } = plan;
  const type = (fours: number, component = shape.component) => text.memory.type(component, fours);
  const each = (of: string) => `array<${of}, ${sizes.teams}>`;
  const owner = config.team === 1 ? 'subgroup' : 'team';
  const staged = [
    ...(config.q === 'registers' ? ['q as [row][dim]'] : []),
    ...(config.k === 'staged' ? ['k as [key][dim]'] : []),
    ...(config.v === 'staged' ? ['v as [dim][key]'] : []),
  ];
  return `
// Rows in workgroup memory, in vec4s: 16 bytes more than they need, so that they begin in different banks.
const blockKeys = ${config.keys}u;
const keyStride = ${sizes.keyStride}u;   // of ${headDim} dims
const valueStride = ${sizes.valueStride}u; // of ${config.keys} keys
const scoreStride = ${sizes.scoreStride}u; // of ${config.keys} scores

${sizes.stage > 0 ? `// in turns ${staged.join(', ')}\nvar<workgroup> stage: ${type(sizes.stage)};\n` : ''}${config.q === 'workgroup' ? `// of each ${owner} q as [row][dim]\nvar<workgroup> queries: ${each(type(sizes.queries))};\n` : ''}// of each ${owner} S as [row][key]; O passes through it
var<workgroup> scores: ${each(type(sizes.scores, 'f32'))};
// and P as [row][key]
var<workgroup> weights: ${each(type(sizes.weights))};
// 1 where a row of the workgroup raised its maximum
var<workgroup> anyRaised: atomic<u32>;

`;
}

/** The kernel itself, phase by phase. */
function emitMain(parts: MatrixParts): string {
  const { plan, sizes, text } = parts;
  const { config } = plan;
  const [owner, firstRow] = config.team === 1 ? ['subgroup', ''] : ['team', `member * ${sizes.softmaxRows}u + `];
  const row = (r: number) =>
    firstRow + plus(sizes.rowLanes === 1 ? 'lane' : `lane / ${sizes.rowLanes}u`, r * plan.lanes);
  const state = range(sizes.laneRows).flatMap((r) => [
    `let row${r} = ${row(r)}; // of the ${owner}'s`,
    ...rowBounds(r, `min(firstRow + row${r}, tile.rows - 1u)`),
    `var m${r} = ${LOWEST};`,
    `var l${r} = 0.0;`,
    ...ownPlaces(parts, r),
  ]);
  const teamPlace =
    config.team === 1 ? [] : [`let team = subgroup / ${config.team}u;`, `let member = subgroup % ${config.team}u;`];
  const places = stagedPlaces(parts);
  const outputs = parts.rowBlocks.flatMap((r) => parts.columns.map((c) => `var o${r}_${c} = ${text.zero('result')};`));
  return `
@compute @workgroup_size(${sizes.threads})
fn main(@builtin(local_invocation_index) thread: u32, @builtin(workgroup_id) workgroup: vec3u${text.builtins}) {
${indent(1, lines([...text.place, ...teamPlace]))}
  let tile = findWorkTile(params.tileBase + workgroup.y);
  let firstRow = ${owner} * ${config.rows}u;
  let part = ${sizes.rowLanes === 1 ? '0u' : `lane % ${sizes.rowLanes}u`}; // of the keys of a row
${indent(1, emitKeyRange(1))}

  // Of the lane's rows: the keys that they see, the running maximum, this lane's part of the row sum, and where its scores and weights lie.
${indent(1, lines(state))}
${indent(1, loadQ(parts))}

${places.length === 0 ? '' : `  // What this thread stages of each block.\n${indent(1, lines(places))}\n\n`}${indent(1, lines(outputs))}

  for (var base = firstKey; base < endKey; ) {
${plan.whole ? plainLoop(parts) : ''}${maskedBlock(parts)}
  }
${indent(1, writeO(parts))}
}
`;
}

/** The phases of a block of keys, with a softmax for it. */
const blockOf = (parts: MatrixParts, softmax: string) => [
  ...(parts.plan.config.k === 'staged' ? [stageK(parts)] : []),
  scores(parts),
  ...(parts.plan.config.v === 'staged' ? [stageV(parts)] : []),
  softmax,
  accumulate(parts),
  'base += i32(blockKeys);',
];

/** A loop of its own for the blocks that need neither a mask nor a higher maximum: nearly all of a long sequence. */
function plainLoop(parts: MatrixParts): string {
  return `    // Blocks that every row sees whole, as long as no maximum is raised.
    while (base >= plainBegin && base + i32(blockKeys) <= plainEnd) {
      let blockKey = base;
${indent(3, lines(blockOf(parts, plainSoftmax(parts))))}
    }
    if (base >= endKey) {
      break;
    }

`;
}

/** Any block, among them the first, those on the edge of the mask, and the one that the loop above gave up. */
function maskedBlock(parts: MatrixParts): string {
  const begin = parts.plan.whole
    ? `// Any block. The last one is whole too: it begins sooner, and the mask hides the keys that it repeats.
    let blockKey = min(base, i32(params.seqKv) - i32(blockKeys));`
    : `// A block that is not whole.
    let blockKey = base;`;
  return `    ${begin}
${indent(2, lines(blockOf(parts, maskedSoftmax(parts))))}`;
}
