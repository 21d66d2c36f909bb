/** The one assertion on what a kernel computed, for every test: within the tolerance of the float64 oracle. */

import { expect } from 'vitest';
import type { Verification } from '../src/host/comparison.ts';

declare module 'vitest' {
  // The name and parameters of the interface that is extended.
  interface Matchers<R extends void | Promise<void> = void | Promise<void>, T = unknown> {
    /** The rows of a runKernel result, or of a Verification, differ from the oracle by no more than rounding explains. */
    toMatchOracle(): R;
  }
}

expect.extend({
  toMatchOracle({ rows, maxRelativeError, maxAbsoluteError, tolerance }: Verification) {
    return {
      // A NaN is no match: its error is infinite.
      pass: maxRelativeError < tolerance,
      message: () =>
        `of ${rows} rows the worst is off by ${maxRelativeError} of its size (${maxAbsoluteError} in a value); ` +
        `${this.isNot ? 'more than' : 'less than'} ${tolerance} was expected`,
    };
  },
});
