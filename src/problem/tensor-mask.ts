/** A mask tensor of a file as numbers to add to the scores. */

import { SafetensorsError, type Tensor } from './safetensors.ts';
import type { MaskTensor } from './scores.ts';

/**
 * The tensor as [batch or 1, queryHeads or 1, seqQuery or 1, seqKv]: of up to four axes, the last ones of those, each as
 * long or 1. Of bools true is seen; numbers are added to the scores. Throws SafetensorsError where the axes do not fit.
 */
export function readMask(
  name: string,
  { dtype, shape, values }: Tensor,
  wanted: readonly [number, number, number, number],
): MaskTensor {
  const sizes = [1, 1, 1, 1, ...shape].slice(-4) as [number, number, number, number];
  if (shape.length > 4 || sizes.some((size, axis) => size !== 1 && size !== wanted[axis])) {
    throw new SafetensorsError(
      `tensor '${name}' has shape [${shape.join(', ')}]; [${wanted.join(', ')}] = [batch, heads, seqQuery, seqKv] is ` +
        'needed, or the last axes of it, where any may be 1',
    );
  }
  const numbers = dtype === 'BOOL' ? values.map((seen) => (seen === 0 ? Number.NEGATIVE_INFINITY : 0)) : values;
  const [batches, heads, rows, keys] = sizes;
  const whole: MaskTensor['shape'] = [batches, heads, rows, wanted[3]];
  if (keys === wanted[3]) return { values: numbers, shape: whole };
  // One number a row: for every key.
  const spread = Float32Array.from({ length: numbers.length * wanted[3] }, (_, index) => {
    return numbers[Math.floor(index / wanted[3])] ?? 0;
  });
  return { values: spread, shape: whole };
}
