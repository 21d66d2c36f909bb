/** The shapes that the kernels here take. */

import { dtypeUnsupported, headDimUnsupported, headDimVUnsupported, scoresUnsupported } from '../src/messages.ts';
import { ANY_HEAD_DIM, fitsHeadDims, type HeadDimRange, LARGEST_HEAD_DIM } from '../src/problem/head-dims.ts';
import { type ScoreOption, scoreOptions } from '../src/problem/scores.ts';
import { type Dtype, valueDim, type Workload } from '../src/problem/workload.ts';

/** Head dimensions that kernels tile without padding. */
export const TILED_HEAD_DIMS: HeadDimRange = { step: 16, least: 32, largest: LARGEST_HEAD_DIM, ownV: false };

/** Those of wgsl-matrix: above 256 the output of a tile does not fit the registers of a subgroup. */
export const MATRIX_HEAD_DIMS: HeadDimRange = { ...ANY_HEAD_DIM, largest: 256 };

/** Why a workload is outside the shapes or types that a kernel takes; else undefined. */
export function unsupportedShape(
  w: Workload,
  dtypes: readonly Dtype[] = ['f32'],
  dims: HeadDimRange = ANY_HEAD_DIM,
): string | undefined {
  if (!dtypes.includes(w.dtype)) return dtypeUnsupported(w.dtype, dtypes);
  const own = valueDim(w);
  if (own !== w.headDim && !dims.ownV) return headDimVUnsupported(w.headDim, own);
  const refused = [w.headDim, own].find((headDim) => !fitsHeadDims(headDim, dims));
  return refused === undefined ? undefined : headDimUnsupported(refused, dims.step, dims.least, dims.largest);
}

/** Why a workload asks for something between scale and softmax that a kernel does not have; else undefined. */
export function unsupportedScores(w: Workload, taken: readonly ScoreOption[] = []): string | undefined {
  const refused = scoreOptions(w).filter((option) => !taken.includes(option));
  return refused.length === 0 ? undefined : scoresUnsupported(refused);
}

/** All that a workload can ask for between scale and softmax. */
export const EVERY_SCORE_OPTION: readonly ScoreOption[] = ['softcap', 'sinks', 'alibi', 'maskTensor'];
