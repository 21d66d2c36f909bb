/**
 * Where q, k, the weights and the maxima lie in the workgroup memory of wgsl-flash: WGSL expressions that count vec4s.
 *
 * Thread (r, c) owns every threadRows-th four of rows from r on, and every threadColumns-th four of keys from c on, so that neighbours
 * read side by side. Memory is in banks: 32 of 4 bytes on NVIDIA and AMD, so a dim's rows and a key's weights all begin at the same one.
 * The stores of neighbouring threads, which hold other dims or other keys, would wait for each other there. So the fours of each four
 * dims, and of the weights of each four keys, change places among themselves, four x with four x ^ turn: no memory, one operation more
 * for four dims or keys. tests/kernels/bank-conflicts.test.ts counts what is left.
 *
 * The exclusive or never leaves the neighbours that it changes; `min` says so to WGSL compilers, which else check every index.
 */

import { sizes, type WgslConfiguration } from './configuration.ts';
import { plus, range, times } from './emit.ts';

/** vec4s that all banks together hold side by side. */
const VECTORS_OF_BANKS = 8;

/** How many fours change places with each other: the largest power of two that divides their number, as far as the banks reach. */
const neighbours = (count: number) => Math.min(VECTORS_OF_BANKS, count & -count);

/**
 * Text: the place of four `own`, below `count`, in the dims or keys `four` of `fours`. `among` fours change places with each other; the
 * turns of neighbouring dims or keys are `step` apart.
 */
function turned(own: string, count: number, among: number, four: string, fours: number, step: number): string {
  if (among === 1 || fours === 1) return own;
  const word = (text: string) => (/^\w+$/.test(text) ? text : `(${text})`);
  const product = step === 1 ? four : `${word(four)} * ${step}u`;
  const turn = (fours - 1) * step < among ? product : `${word(product)} % ${among}u`;
  return `min(${own} ^ ${word(turn)}, ${count - 1}u)`;
}

/** The same over the dims of a chunk: turns as far apart as leads them over all banks. */
function turnedOfDims(config: WgslConfiguration, along: 'r' | 'c', own: string, count: number, four: string): string {
  const among = neighbours(along === 'r' ? config.threadRows : config.threadColumns);
  const fours = config.chunk / 4;
  const step = Math.max(1, Math.floor(among / fours));
  return config.layout === 'plain' ? own : turned(own, count, among, four, fours, step);
}

/** The place of a thread's first rows ('r') or keys ('c') among those of a dim, in four dims number `four` of the chunk. */
export const ownOfDims = (config: WgslConfiguration, own: 'r' | 'c', four: string) =>
  turnedOfDims(config, own, own, own === 'r' ? config.threadRows : config.threadColumns, four);

/** The place of the rows ('r') or keys ('c') number `four` of the block among those of a dim, in four dims number `dims`. */
export function stagedOfDims(config: WgslConfiguration, along: 'r' | 'c'): string {
  const { blockRows, blockKeys } = sizes(0, config);
  return turnedOfDims(config, along, 'four', (along === 'r' ? blockRows : blockKeys) / 4, 'dims');
}

/** The place of a thread's first rows among the weights of a key, in four keys number `four` of a part. */
export function ownOfKeys(config: WgslConfiguration, four: string): string {
  const { layout, threadRows } = config;
  return layout === 'plain'
    ? 'r'
    : turned('r', threadRows, neighbours(threadRows), four, sizes(0, config).partKeys / 4, 1);
}

/** Text: the number of the four that step `n` of turn `i` of a loop belongs to, `unroll` steps written out. */
export function fourOfStep(unroll: number, n: number): string {
  if (unroll % 4 === 0) return plus(times('i', unroll / 4), Math.floor(n / 4));
  if (4 % unroll === 0) return `i / ${4 / unroll}u`;
  return `(${plus(times('i', unroll), n)}) / 4u`;
}

/** For each four of keys of a thread: in which part of the weights it goes, as a condition, and its number there. */
export function partOfKeys(config: WgslConfiguration): { condition: string; four: string }[] {
  const { threadColumns, weightParts } = config;
  const fours = sizes(0, config).partKeys / 4;
  return range(config.keys / 4).map((g) => {
    const first = g * threadColumns;
    if (fours % threadColumns === 0) {
      return { condition: `part == ${Math.floor(first / fours)}u`, four: plus('c', first % fours) };
    }
    if (threadColumns % fours === 0) {
      const parts = threadColumns / fours;
      return { condition: `part == ${plus(`c / ${fours}u`, g * parts)}`, four: `c % ${fours}u` };
    }
    const number = weightParts === 1 ? plus('c', first) : `(${plus('c', first)})`;
    return { condition: `${number} / ${fours}u == part`, four: `${number} % ${fours}u` };
  });
}
