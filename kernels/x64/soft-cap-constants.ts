/** Constants of the soft-cap, which lie in a thread's memory a vector each. */

import type { Constant } from './exp2-constants.ts';

/**
 * tanh x = x + x^3 P(x^2) below this, highest power first; above it 1 - 2 / (e^2|x| + 1) with the sign of x, which loses
 * bits near 0 (Cephes Math Library, tanhf.c: relative error 1.3e-7 over both).
 */
const SMALL = 0.625;
const TERMS = [-5.70498872745e-3, 2.06390887954e-2, -5.37397155531e-2, 1.33314422036e-1, -3.33332819422e-1];
/** tanh is 1 in 32 bits from here on. */
const LARGEST = 10;

/** What the phase finds in private memory, a vector each. */
export const softCapConstants = (softcap: number): Constant[] => [
  { name: 'softcap', value: softcap },
  { name: 'oneOverSoftcap', value: 1 / softcap },
  { name: 'largest', value: LARGEST },
  { name: 'twiceLog2e', value: 2 * Math.LOG2E },
  { name: 'one', value: 1 },
  { name: 'two', value: 2 },
  { name: 'small', value: SMALL },
  // Its sign bit is its only one.
  { name: 'sign', value: -0 },
  ...TERMS.map((value, i) => ({ name: `tanh${i}`, value })),
];

/** Terms of P. */
export const TANH_TERMS = TERMS.length;
