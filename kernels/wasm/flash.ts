/** wasm-flash: flash attention in WebAssembly SIMD, two register-tiled products around an online softmax. */

import type { ScoreOption } from '../../src/problem/scores.ts';
import type { Workload } from '../../src/problem/workload.ts';
import { wasmConfiguration } from '../cpu-configurations.ts';
import type { Features } from '../device.ts';
import type { Kernel, WasmProgram } from '../kernel.ts';
import { SOFTMAX_STEPS } from '../softmax-steps.ts';
import { unsupportedScores, unsupportedShape } from '../supported-shapes.ts';
import { tunable } from '../tunable.ts';
import { emitAccumulate } from './accumulate.ts';
import { emitAttend } from './attend.ts';
import { emitBounded } from './bounds.ts';
import { wasmCandidates, wasmConfigurationProblem, wasmExcess } from './candidates.ts';
import { panelWidth, type WasmConfiguration, wasmConfigurationSchema } from './configuration.ts';
import { type HeadDims, packedDimsOf, type WasmDims, wasmDims } from './dims.ts';
import { emitFewRows, hasFewRows } from './few-rows.ts';
import { emitLoadQ } from './load-q.ts';
import { emitMask } from './mask.ts';
import { printModule } from './module.ts';
import { emitPack, emitRowAddress, emitValueAddress } from './pack.ts';
import { emitScores } from './scores.ts';
import { scratchLayout, statisticsLayout } from './scratch.ts';
import { emitSoftCap } from './soft-cap.ts';
import { emitSoftmax, emitSoftmaxBounded } from './softmax.ts';
import { emitStageK } from './stage-k.ts';
import { emitStageV } from './stage-v.ts';
import { multiplyAddOf } from './text/vectors.ts';
import { emitGroupKeys, emitKeyRange, emitMinMax } from './visible-keys.ts';
import { emitWrite } from './write.ts';

/** Parts of a work tile at the end of a run: a sixth of the time that a thread waits for another's last tile. */
const PARTS = 6;

/** What it has between scale and softmax. */
const WASM_SCORES: readonly ScoreOption[] = ['softcap', 'sinks'];
/** What a workload asks of that. */
export type WasmScores = Pick<Workload, 'softcap' | 'sinks'>;

export const wasmFlash: Kernel = {
  name: 'wasm-flash',
  backend: 'wasm',
  summary: 'WebAssembly SIMD on all cores: packed K and V, register-tiled products, online softmax in the cache',
  unsupported: (workload) => unsupportedScores(workload, WASM_SCORES) ?? unsupportedShape(workload),
  build: (workload, device) => buildWasmFlash(workload, wasmConfiguration(workload, device), device.features),
  tunable: tunable({
    schema: wasmConfigurationSchema,
    shipped: wasmConfiguration,
    // Few rows have a program of their own, in which nothing is configured.
    candidates: (workload, device) => (hasFewRows(workload) ? [] : wasmCandidates(workload, device)),
    excess: (config, _, device) => wasmExcess(config, device),
    problem: wasmConfigurationProblem,
    build: (config, workload, { features }) => buildWasmFlash(workload, config, features),
  }),
};

const buildWasmFlash = (w: Workload, config: WasmConfiguration, features: Features): WasmProgram =>
  hasFewRows(w) ? emitFewRows(w, features) : emitWasmFlash(w, config, features);

/**
 * The program for head dimensions, scores, a configuration and a feature set; sequence lengths, strides and the mask are
 * arguments of it.
 */
export function emitWasmFlash(w: HeadDims & WasmScores, config: WasmConfiguration, features: Features): WasmProgram {
  const { softcap = null, sinks = false } = w;
  const dims = wasmDims(w, config);
  const multiplyAdd = multiplyAddOf(features);
  const functions = [
    emitAttend(dims, config, { softcap, sinks }),
    emitLoadQ(dims, config),
    emitScores(dims, config, multiplyAdd),
    ...(softcap === null ? [] : [emitSoftCap(config, softcap, features)]),
    emitMask(config),
    emitSoftmax(config, features),
    emitSoftmaxBounded(config, features),
    emitAccumulate(dims, config, multiplyAdd),
    emitWrite(dims, config, sinks ? features : null),
    emitBounded(dims),
    emitGroupKeys(config),
    emitKeyRange(),
    emitMinMax(),
    emitPack(dims, config),
    emitStageK(dims, config),
    emitStageV(dims, config),
    emitRowAddress(),
    ...(dims.ownV ? [emitValueAddress()] : []),
  ];
  return {
    kind: 'wasm',
    text: printModule(prologue(dims, config, { softcap, sinks }), functions, features, dims),
    blockRows: config.blockRows,
    keyMultiple: panelWidth(config),
    scratchBytes: scratchLayout(dims, config).bytes,
    ...packedDimsOf(dims),
    plainValues: config.values === 'rows',
    // Whole row groups, so that a row's result does not depend on where its work tile was cut.
    splitRows: config.rows * Math.ceil(config.blockRows / config.rows / PARTS),
  };
}

/** The algorithm and the layout of memory, which the functions of the module repeat in detail. */
function prologue(dims: WasmDims, config: WasmConfiguration, { softcap, sinks }: WasmScores): string[] {
  const { rows, blockRows, blockKeys } = config;
  const width = panelWidth(config);
  const at = scratchLayout(dims, config);
  const { maximum, rescale, shift, rowSums, blockMaxima } = statisticsLayout(config);
  const stat = (offset: number) => at.stats + offset;
  return [
    `Flash attention: o = softmax(scale q k^T) v, head dimension ${dims.ownV ? `${dims.q}, of v ${dims.v}` : dims.q}, ${blockRows} query rows a work tile.`,
    '',
    `  pack (once for each KV head): stage K in panels of ${width} keys, stage V in panels of ${width} dims`,
    '  attend (once for each work tile): load q',
    `    for each block of ${blockKeys} keys, for each group of ${rows} rows:`,
    '      scores        s = q k^T',
    ...(softcap == null ? [] : [`      soft-cap      s = C tanh(s / C), C = ${softcap}`]),
    '      mask          s = -2^126 where the row does not see the key',
    ...SOFTMAX_STEPS,
    sinks === true ? '    write o = sums / (l + e^(sink - m))' : '    write o = sums / l',
    '',
    'Memory: address 0 holds a row of zeros; the host says where the rest lies.',
    `  packedK       [key panel][dim][${width} keys]`,
    config.values === 'rows'
      ? '  packedV       [key][dim]'
      : `  packedV       [key block][dim panel][key][${width} dims]`,
    '  scratch       of a thread, by byte offset:',
    `                ${at.q} q, ${at.sums} sums, ${rowsText(blockRows, dims)}; ${at.scores} scores, [row][${blockKeys}];`,
    `                ${stat(maximum)} m, ${stat(rescale)} r, ${stat(shift)} what s is shifted by, a lane a row;`,
    `                ${stat(rowSums)} l, 8 lanes a row; ${stat(blockMaxima)} the maxima of the block, 8 lanes a row`,
  ];
}

const rowsText = (rows: number, { paddedQ, paddedV }: WasmDims) =>
  paddedQ === paddedV ? `both [${rows}][${paddedQ}]` : `[${rows}][${paddedQ}] and [${rows}][${paddedV}]`;
