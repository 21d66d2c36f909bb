/** The phases of wgsl-flash between its two products: the online softmax of a block of scores. */

import type { Features } from '../device.ts';
import { sizes, type WgslConfiguration } from './configuration.ts';
import { indent, lines, phase, plus, range, times } from './emit.ts';

const quads = (config: WgslConfiguration) => range(config.keys / 4).map((g) => `s${g}`);
/** A function of Rows and a Quad, applied to all Quads of scores from `start` on. */
const fold = (name: string, start: string, config: WgslConfiguration) =>
  quads(config).reduce((rows, quad) => `${name}(${rows}, ${quad})`, start);

/** How threads tell each other their part of a row: through workgroup memory, or to other lanes of their subgroup. */
export type Exchange = 'memory' | 'subgroups';

/** By subgroups where a row's threads are lanes side by side of one, which is so only where the device lays them out in order. */
export function exchangeOf(config: WgslConfiguration, { linearSubgroups = 0 }: Features): Exchange {
  const { threadColumns } = config;
  const power = (threadColumns & -threadColumns) === threadColumns;
  const whole = linearSubgroups > 0 && sizes(0, config).threads % linearSubgroups === 0;
  return power && whole && linearSubgroups % threadColumns === 0 ? 'subgroups' : 'memory';
}

/** Folds over the thread columns: a vec4 with another thread's, and where to begin; a maximum may meet itself, a sum may not. */
const FOLDS = {
  maximum: { fold: (a: string, b: string) => `max(${a}, ${b})`, begin: (own: string) => own },
  sum: { fold: (a: string, b: string) => `${a} + ${b}`, begin: () => 'Rows()' },
};

/**
 * Statements that declare `result`, the fold over the thread columns of Rows `own`. By subgroups each lane takes in its neighbour's, then
 * those two on and so on. Workgroup memory holds each thread's, as [rows][thread column]; four rows after four: all at once, three
 * registers are spilled at 12 rows a thread.
 */
export function overThreadColumns(
  config: WgslConfiguration,
  operation: keyof typeof FOLDS,
  own: string,
  result: string,
  exchange: Exchange,
): string[] {
  const { threads } = sizes(0, config);
  const { fold, begin } = FOLDS[operation];
  const vectors = range(config.rows / 4);
  if (exchange === 'subgroups') {
    const steps = range(Math.log2(config.threadColumns)).flatMap((step) =>
      vectors.map((v) => {
        const of = `${result}.r${v}`;
        return `${of} = ${fold(of, `subgroupShuffleXor(${of}, ${2 ** step}u)`)};`;
      }),
    );
    return [`var ${result} = ${own};`, ...steps];
  }
  return [
    ...vectors.map((v) => `weights[${plus('thread', v * threads)}] = ${own}.r${v};`),
    'workgroupBarrier();',
    `var ${result} = ${begin(own)};`,
    ...vectors.flatMap((v) => [
      `for (var other = 0u; other < ${config.threadColumns}u; other += 1u) {`,
      `  ${result}.r${v} = ${fold(`${result}.r${v}`, `weights[${plus(`${times('r', config.threadColumns)} + other`, v * threads)}]`)};`,
      '}',
    ]),
  ];
}

/** row maximum: m' = max(m, rows of S); each thread knows its own keys, the others tell it theirs. */
export function emitRowMaximum(config: WgslConfiguration, exchange: Exchange): string {
  return phase('row maximum', "m' = max(m, rows of S), of this thread's keys and then over the thread columns.", [
    `let own = ${fold('maxFour', 'm', config)};`,
    ...overThreadColumns(config, 'maximum', 'own', 'next', exchange),
    // The weights overwrite them.
    ...(exchange === 'memory' ? ['workgroupBarrier();'] : []),
  ]);
}

/** rescale: what was summed up under the old maximum, always or only where a factor of this thread is not 1. */
export function emitRescale(headDimV: number, config: WgslConfiguration): string {
  const sums = range(sizes(headDimV, config).threadColumns).map((i) => `o${i} = multiplyQuad(o${i}, rescale);`);
  const moved = range(config.rows / 4)
    .map((v) => `any(rescale.r${v} != vec4f(1.0))`)
    .join(' || ');
  return phase('rescale', "l = l 2^(m - m'), O = O 2^(m - m').", [
    'let rescale = exp2Rows(m, next);',
    'm = next;',
    'l = multiplyRows(l, rescale);',
    ...(config.rescale === 'always' ? sums : [`if (${moved}) {`, indent(1, lines(sums)), '}']),
  ]);
}

/** exponentials: scores become weights. */
export function emitExponentials(config: WgslConfiguration): string {
  return phase(
    'exponentials',
    "P = 2^(S - m').",
    quads(config).map((s) => `${s} = exp2Quad(${s}, m);`),
  );
}

/** row sum: the weights of this thread's keys; the thread columns add theirs up once, at the end. */
export function emitRowSum(config: WgslConfiguration): string {
  const sum = fold('addFour', 'Rows()', config);
  return phase('row sum', "l = l + sum P, of this thread's keys.", [`l = addRows(l, ${sum});`]);
}
