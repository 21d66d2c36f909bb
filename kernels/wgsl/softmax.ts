/** The phases of wgsl-flash between its two products: the online softmax of a block of scores. */

import { sizes, type WgslConfiguration } from './configuration.ts';
import { indent, lines, phase, range } from './emit.ts';

const quads = (config: WgslConfiguration) => range(config.keys / 4).map((g) => `s${g}`);
/** A function of Rows and a Quad, applied to all Quads of scores from `start` on. */
const fold = (name: string, start: string, config: WgslConfiguration) =>
  quads(config).reduce((rows, quad) => `${name}(${rows}, ${quad})`, start);

/** row maximum: m' = max(m, rows of S); each thread knows its own keys, workgroup memory tells it the others'. */
export function emitRowMaximum(config: WgslConfiguration): string {
  return phase('row maximum', "m' = max(m, rows of S), of this thread's keys and then over the thread columns.", [
    `var next = ${fold('maxFour', 'm', config)};`,
    'putRows(c * rowVectors + ownRows, next);',
    'workgroupBarrier();',
    `for (var other = 0u; other < ${config.threadColumns}u; other += 1u) {`,
    '  next = maxRows(next, weightRows(other * rowVectors + ownRows));',
    '}',
    'workgroupBarrier();',
  ]);
}

/** rescale: what was summed up under the old maximum, always or only where a factor of this thread is not 1. */
export function emitRescale(headDim: number, config: WgslConfiguration): string {
  const sums = range(sizes(headDim, config).threadColumns).map((i) => `o${i} = multiplyQuad(o${i}, rescale);`);
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
