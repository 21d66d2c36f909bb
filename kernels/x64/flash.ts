/** x64-flash: flash attention in machine code, two register-tiled products around an online softmax. */

import { emitAttend } from './attend.ts';
import { emitPack } from './pack.ts';
import { shapeOf, type X64Configuration } from './shape.ts';

export function emitX64Flash(headDim: number, headDimV: number, config: X64Configuration) {
  const shape = shapeOf(headDim, headDimV, config);
  return { shape, code: [emitAttend(shape), emitPack(shape)] };
}
