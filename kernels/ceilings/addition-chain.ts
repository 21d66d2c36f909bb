/** The chain of additions whose rate is the clock of a core: how long it is, and what it comes to. */

/**
 * Additions of a chain that one count stands for; the loop around them takes the idle slots beside the chain. No power of
 * two, since the last bits of the sums repeat after 3 x 2^15 additions: a probe that added nothing would look right.
 */
export const CHAIN = 250;

/** The last 16 bits of the sum after so many additions, each of the two sums before it, from 0 and 1. */
export function fibonacciLow16(additions: number): number {
  let [a, b] = [0, 1];
  for (let done = 0; done < additions; done += 2) {
    a = (a + b) | 0;
    b = (b + a) | 0;
  }
  return a & 0xffff;
}
