/** What the emitters share: repetition, indentation, phases, and arithmetic that leaves out what adds nothing. */

/** 0, 1, ... count - 1. */
export const range = (count: number) => Array.from({ length: count }, (_, i) => i);
/** A text of lines. */
export const lines = (items: string[]) => items.join('\n');
/** The lanes of a vec4. */
export const LANES = ['x', 'y', 'z', 'w'] as const;

/** `text + n`, or `text` alone. */
export const plus = (text: string, n: number) => (n === 0 ? text : `${text} + ${n}u`);
/** `text * n`, or `text` alone. */
export const times = (text: string, n: number) => (n === 1 ? text : `${text} * ${n}u`);

/** Lines moved `depth` levels to the right; empty ones stay empty. */
export function indent(depth: number, text: string): string {
  const space = '  '.repeat(depth);
  return lines(text.split('\n').map((line) => (line === '' ? '' : `${space}${line}`)));
}

/** A phase of a kernel: a blank line, what it does, and its statements. Every family names its phases alike. */
export function phase(name: PhaseName, what: string, statements: string[]): string {
  const [first = '', ...rest] = what.split('\n');
  return lines(['', `// ${name}: ${first}`, ...rest.map((line) => `// ${line}`), ...statements]);
}

/** The phases in their order; the first stands before the loop over blocks of keys, the last after it. */
type PhaseName =
  | 'load q'
  | 'stage K'
  | 'scores'
  | 'soft-cap'
  | 'mask'
  | 'row maximum'
  | 'rescale'
  | 'exponentials'
  | 'row sum'
  | 'stage V'
  | 'accumulate'
  | 'write';
