/** The shapes that every kernel here takes. */

import { dtypeUnsupported, headDimUnsupported } from '../src/messages.ts';
import type { Workload } from '../src/workload.ts';

/** Head dimensions that the kernels tile: multiples of 16 from 32 to 256. */
function headDimFits(w: Workload): boolean {
  return w.headDim >= 32 && w.headDim <= 256 && w.headDim % 16 === 0;
}

/** Why a workload is outside the shapes that all f32 kernels share, or undefined. */
export function unsupportedShape(w: Workload): string | undefined {
  if (w.dtype !== 'f32') return dtypeUnsupported(w.dtype);
  return headDimFits(w) ? undefined : headDimUnsupported(w.headDim);
}
