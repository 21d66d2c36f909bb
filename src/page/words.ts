/** Messages name options of the command line; on the page they name its controls. Records keep the options. */

/** The label of each control, by its id, which is the option's name. */
export const LABELS = {
  seq: 'Query tokens',
  'seq-kv': 'Key tokens',
  batch: 'Batch',
  heads: 'Query heads',
  'kv-heads': 'KV heads',
  'head-dim': 'Head dimension',
  'head-dim-v': 'Head dimension of v',
  causal: 'Mask',
  dtype: 'Type in memory',
  window: 'Sliding window',
  scale: 'Softmax scale',
  threads: 'Threads',
  variant: 'Variant',
  budget: 'Budget',
  samples: 'Samples',
  seed: 'Seed',
  'allow-software': 'Software adapter',
  full: 'Whole workloads',
} as const;

/** Phrases about options that are no control of the page. */
const PHRASES: readonly (readonly [phrase: string, onPage: string])[] = [
  ['run --backend wasm', 'choose wasm-flash'],
  ['--processes 3', 'a run of 3 processes in Node'],
  ['another --kernel or --backend', 'another kernel'],
  ['another --kernel', 'another kernel'],
  ['leave it out with --backend', 'choose other kernels'],
  ['a document of --format json', 'a run that this page saved'],
];

const OPTION = new RegExp(`(?<![\\w-])--(${Object.keys(LABELS).join('|')})(?![\\w-])`, 'g');

/** The same message with the controls of the page in place of options: "“Budget” gives it more time". */
export function inPageWords(text: string): string {
  const phrased = PHRASES.reduce((all, [phrase, onPage]) => all.replaceAll(phrase, onPage), text);
  return phrased.replaceAll(OPTION, (_, id: keyof typeof LABELS) => `“${LABELS[id]}”`);
}
