/** e^x as a power of two, with one rounding where there is a fused multiply-add. */

import { f32x4 } from './text/vectors.ts';
import { type Form, type Name, type Operand, op } from './text/wat.ts';

/**
 * (s - m) log2(e), so that large logits lose nothing to the change of base: with a fused multiply-add as s log2(e) - M,
 * M being m log2(e) rounded, the same for every key of the row; without one as a product of the difference.
 */
export interface BaseTwo {
  /** What each row's scores are shifted by, from its maximum $after. */
  shift: Form | Name;
  /** The exponent of a score, from $shift or another local that holds the shift. */
  exponent: (score: Operand, shift?: Name) => Form;
  /** The exponent of the factor on what was summed before, from the maxima $before and $after. */
  rescale: Form;
}

/** The change of base of a feature set. */
export function baseTwo(features: { relaxedSimd: boolean }): BaseTwo {
  const scaled = (name: Name) => f32x4.mul(name, '$log2e');
  return features.relaxedSimd
    ? {
        shift: f32x4.neg(scaled('$after')),
        exponent: (score, by = '$shift') => op('f32x4.relaxed_madd', score, '$log2e', by),
        rescale: f32x4.sub(scaled('$before'), scaled('$after')),
      }
    : {
        shift: '$after',
        exponent: (score, by = '$shift') => f32x4.mul(f32x4.sub(score, by), '$log2e'),
        rescale: f32x4.mul(f32x4.sub('$before', '$after'), '$log2e'),
      };
}
