/** The shapes that every kernel here takes. */

import { dtypeUnsupported, headDimUnsupported } from '../src/messages.ts';
import type { Dtype, Workload } from '../src/problem/workload.ts';

/** Head dimensions that the kernels tile: multiples of 16 from 32 to 256. */
function headDimFits(w: Workload): boolean {
  return w.headDim >= 32 && w.headDim <= 256 && w.headDim % 16 === 0;
}

/** Why a workload is outside the shapes that all kernels share, or of a type that this one does not take; else undefined. */
export function unsupportedShape(w: Workload, dtypes: readonly Dtype[] = ['f32']): string | undefined {
  if (!dtypes.includes(w.dtype)) return dtypeUnsupported(w.dtype, dtypes);
  return headDimFits(w) ? undefined : headDimUnsupported(w.headDim);
}
