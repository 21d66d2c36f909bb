/** x64-flash: flash attention in machine code, two register-tiled products around an online softmax. */

import { unsupportedBf16 } from '../../src/messages.ts';
import type { ScoreOption } from '../../src/problem/scores.ts';
import { valueDim, type Workload } from '../../src/problem/workload.ts';
import { x64Configuration } from '../cpu-configurations.ts';
import type { Kernel, X64Program } from '../kernel.ts';
import { SOFTMAX_STEPS } from '../softmax-steps.ts';
import { unsupportedScores, unsupportedShape } from '../supported-shapes.ts';
import { tunable } from '../tunable.ts';
import { hasFewRows } from '../wasm/few-rows.ts';
import { emitAccumulate } from './accumulate.ts';
import { type AttendPhases, emitAttend } from './attend.ts';
import { BF16_SCORES, emitBf16Flash } from './bf16.ts';
import {
  type X64Configuration,
  x64Candidates,
  x64ConfigurationProblem,
  x64ConfigurationSchema,
  x64Excess,
} from './configuration.ts';
import { emitX64FewRows } from './few-rows.ts';
import { emitLoadQ } from './load-q.ts';
import { emitPack } from './pack.ts';
import { emitScores } from './scores.ts';
import { type Shape, shapeOf, type X64Scores } from './shape.ts';
import { emitStageV } from './stage-v.ts';
import { type Code, note } from './text/instruction.ts';
import { emitWrite } from './write.ts';

/** Parts of a work tile at the end of a run: a sixth of the time that a thread waits for another's last tile. */
const PARTS = 6;

/** What it has between scale and softmax. */
const X64_SCORES: readonly ScoreOption[] = ['softcap', 'sinks'];

const PHASES: AttendPhases = { loadQ: emitLoadQ, scores: emitScores, accumulate: emitAccumulate, write: emitWrite };

export const x64Flash: Kernel = {
  name: 'x64-flash',
  backend: 'native',
  summary:
    'machine code (AVX2 or AVX-512; bf16 by AVX512_BF16) on all cores: packed K and V, register-tiled products, online softmax in the cache',
  unsupported: (workload, { features }) =>
    unsupportedScores(workload, workload.dtype === 'bf16' ? BF16_SCORES : X64_SCORES) ??
    unsupportedShape(workload, ['f32', 'bf16']) ??
    (workload.dtype === 'bf16' && features.bf16Sets?.includes('avx512-bf16') !== true ? unsupportedBf16 : undefined),
  build: (workload, device) => buildX64Flash(workload, x64Configuration(workload, device)),
  tunable: tunable({
    schema: x64ConfigurationSchema,
    shipped: x64Configuration,
    // Few rows have a program of their own, in which nothing is configured.
    candidates: (workload, device) => (takesFewRows(workload) ? [] : x64Candidates(workload, device)),
    excess: x64Excess,
    problem: (config, workload, device) => x64ConfigurationProblem(config) ?? x64Excess(config, workload, device),
    build: (config, workload) => buildX64Flash(workload, config),
  }),
};

const takesFewRows = (w: Workload) => hasFewRows(w) && w.dtype === 'f32';

function buildX64Flash(w: Workload, config: X64Configuration): X64Program {
  if (w.dtype === 'bf16') return emitBf16Flash(w, { ...config, set: 'avx512-bf16' });
  return takesFewRows(w) ? emitX64FewRows(w, config.set) : emitX64Flash(w, config);
}

/** The program for head dimensions and a configuration; sequence lengths, strides and the mask stand in the call block. */
export function emitX64Flash(
  w: Pick<Workload, 'headDim' | 'headDimV'> & X64Scores,
  config: X64Configuration,
): X64Program {
  const shape = shapeOf(w.headDim, valueDim(w), config, { softcap: w.softcap, sinks: w.sinks });
  return {
    kind: 'x64',
    set: config.set,
    code: [prologue(shape), emitAttend(shape, PHASES), emitPack(shape, emitStageV)],
    blockRows: config.blockRows,
    keyMultiple: shape.width,
    packedDims: { k: shape.headDim, v: shape.oDims },
    scratchBytes: shape.private.bytes,
    plainValues: false,
    // Whole row groups, so that a row's result does not depend on where its work tile was cut.
    splitRows: config.rows * Math.ceil(config.blockRows / config.rows / PARTS),
  };
}

/** The algorithm and the layout of memory, which the phases repeat in detail. */
function prologue({ config, scores, headDim, headDimV, width, qDims, oDims, private: at }: Shape): Code {
  const { set, rows, vectors, blockRows, blockKeys } = config;
  return [
    `Flash attention: o = softmax(scale q k^T) v in ${set === 'avx2' ? 'AVX2' : 'AVX-512'}, head dimension ${headDim === headDimV ? headDim : `${headDim}, of v ${headDimV}`}, ${blockRows} query rows a work tile.`,
    '',
    `  pack (once for each KV head): stage K in panels of ${width} keys, stage V in panels of ${width} dims`,
    '  attend (once for each work tile): load q',
    `    for each block of ${blockKeys} keys, for each group of ${rows} rows:`,
    `      scores        s = q k^T, a register tile of ${rows} rows x ${vectors} vectors`,
    ...(scores.softcap == null ? [] : [`      soft-cap      s = C tanh(s / C), C = ${scores.softcap}`]),
    '      mask          s = -2^126 where the row does not see the key',
    ...SOFTMAX_STEPS,
    scores.sinks === true ? '    write o = sums / (l + e^(sink - m))' : '    write o = sums / l',
    '',
    'rbx: the call block, 64-bit numbers at names that the listing says by their offset (kernels/x64/call.ts).',
    `  packedK       [key panel][dim][${width} keys]`,
    `  packedV       [key block][dim panel][key][${width} dims]`,
    '  scratch       of a thread, by byte offset:',
    `                ${at.q} q, [${blockRows}][${qDims}]; ${at.sums} sums, [${blockRows}][${oDims}]; ${at.scores} scores, [row][${blockKeys}];`,
    `                ${at.rowSums} l, a vector a row; ${at.maxima} m, a lane a row; ${at.rescale} r; ${at.shift} what s is shifted by`,
    '',
  ].map(note);
}
