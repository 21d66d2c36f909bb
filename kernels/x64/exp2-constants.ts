/** Constants of 2^x and of the softmax, which lie in a thread's memory a vector each. */

/** Below every logit that inputs of sane size give; the running maximum starts here. */
export const LOWEST = -(2 ** 100);
/** What masked scores are set to: far below where the running maximum starts, so that it never becomes one. */
export const MASKED = -(2 ** 126);

/**
 * 2^f = 1 + f g(f) on [-1/2, 1/2], g of degree 4, smallest largest relative error with value 1 at 0: 9e-8, beside the
 * rounding of f32 (6e-8 each step). Highest power first. The polynomial of wasm-flash.
 */
const TERMS = [0.00132647197968, 0.00967151315144, 0.0555073376787, 0.240222420742, 0.693146977582, 1];

/** A float by its name. */
export interface Constant {
  name: string;
  value: number;
}

/** Names and values, in the order in which they lie. */
export const exp2Constants: readonly Constant[] = [
  { name: 'log2e', value: Math.LOG2E },
  // 2^-127 comes out as 0: the exponent field of 1, 127, less 127.
  { name: 'zeroExponent', value: -127 },
  // Adding 1.5 * 2^23 rounds to an integer, which then sits in the low bits of the sum.
  { name: 'rounder', value: 12582912 },
  { name: 'lowest', value: LOWEST },
  ...TERMS.map((value, i) => ({ name: `term${i}`, value })),
];

/** Terms of the polynomial. */
export const EXP2_TERMS = TERMS.length;
