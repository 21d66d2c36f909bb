/** The shapes that the kernels here take. */

import { dtypeUnsupported, headDimAboveKernel, headDimUnsupported, scoresUnsupported } from '../src/messages.ts';
import { fitsHeadDims, LARGEST_HEAD_DIM } from '../src/problem/head-dims.ts';
import { type ScoreOption, scoreOptions } from '../src/problem/scores.ts';
import type { Dtype, Workload } from '../src/problem/workload.ts';

/** The largest head dimension of wgsl-matrix: above it the output of a tile does not fit the registers of a subgroup. */
export const LARGEST_MATRIX_HEAD_DIM = 256;

/** Why a workload is outside the shapes or types that a kernel takes; else undefined. */
export function unsupportedShape(
  w: Workload,
  dtypes: readonly Dtype[] = ['f32'],
  largestHeadDim = LARGEST_HEAD_DIM,
): string | undefined {
  if (!dtypes.includes(w.dtype)) return dtypeUnsupported(w.dtype, dtypes);
  if (!fitsHeadDims(w.headDim)) return headDimUnsupported(w.headDim);
  return w.headDim > largestHeadDim ? headDimAboveKernel(w.headDim, largestHeadDim) : undefined;
}

/** Why a workload asks for something between scale and softmax that a kernel does not have; else undefined. */
export function unsupportedScores(w: Workload, taken: readonly ScoreOption[] = []): string | undefined {
  const refused = scoreOptions(w).filter((option) => !taken.includes(option));
  return refused.length === 0 ? undefined : scoresUnsupported(refused);
}

/** All that a workload can ask for between scale and softmax. */
export const EVERY_SCORE_OPTION: readonly ScoreOption[] = ['softcap', 'sinks', 'alibi', 'maskTensor'];
