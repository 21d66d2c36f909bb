/**
 * x64-flash for few query rows of a KV head, as in decoding: K and V are read once, where they lie, for all rows of the
 * KV head together, the next rows are fetched meanwhile, and parts of the keys are merged at the end.
 */

import type { Workload } from '../../src/problem/workload.ts';
import type { InstructionSet } from '../device.ts';
import type { X64Program } from '../kernel.ts';
import { SOFTMAX_STEPS } from '../softmax-steps.ts';
import { fewRowsSplit } from '../wasm/few-rows-layout.ts';
import { emitAttendKeys } from './few-rows-attend.ts';
import { type FewRows, fewRowsShape } from './few-rows-layout.ts';
import { emitMerge } from './few-rows-merge.ts';
import { type Code, note } from './text/instruction.ts';

/** The program for the query rows of a KV head of this workload; it depends on lengths of keys only in how they are split. */
export function emitX64FewRows(w: Workload, set: InstructionSet): X64Program {
  const shape = fewRowsShape(w, set);
  const sinks = w.sinks === true;
  return {
    kind: 'x64',
    set,
    code: [prologue(shape, sinks), emitAttendKeys(shape), emitMerge(shape, sinks)],
    blockRows: w.seqQuery,
    keyMultiple: 1,
    scratchBytes: shape.private.bytes,
    plainValues: true,
    splitRows: w.seqQuery,
    inPlace: { ...fewRowsSplit(w), partialBytes: shape.partial.bytes },
  };
}

const prologue = (
  { config, headDim, headDimV, rows, tokens, group, rowLanes, stepKeys, softcap, private: at }: FewRows,
  sinks: boolean,
): Code =>
  [
    `Flash attention in ${config.set === 'avx2' ? 'AVX2' : 'AVX-512'} for ${rows} query rows of a KV head (${tokens} of each of ${group} query heads), head dimension ${headDim === headDimV ? headDim : `${headDim}, of v ${headDimV}`}:`,
    `o = softmax(scale q k^T) v, K and V read where they lie; ${rows === 1 ? 'head dimensions' : 'rows'} in the lanes of vectors.`,
    '',
    '  attend_keys (for each part of the keys and run of KV heads): load q',
    `    for each ${stepKeys} keys, for each head; meanwhile the next keys are fetched into the second-level cache:`,
    '      scores        s = q k^T',
    ...(softcap === null ? [] : [`      soft-cap      s = C tanh(s / C), C = ${softcap}`]),
    '      mask          s = -2^126 where the row does not see the key',
    ...SOFTMAX_STEPS,
    `  merge (for each KV head): partial (m, l, sums) of all parts${sinks ? ' and the sinks' : ''} to o`,
    '',
    'rbx: the call block, 64-bit numbers at names that the listing says by their offset (kernels/x64/call.ts).',
    '  scratch       of a thread, by byte offset:',
    `                ${at.q} q, ${rows === 1 ? '[head][dim]' : `[head][dim][${rowLanes} rows]`}; ${at.scores} scores, [key][${rowLanes} rows]`,
    '',
  ].map(note);
