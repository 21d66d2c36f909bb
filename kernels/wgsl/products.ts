/** The phases of wgsl-flash that multiply: scores, S = q k^T, and accumulate, O += P v, by outer products added to the Quads of a thread. */

import { sizes, type WgslConfiguration } from './configuration.ts';
import { indent, lines, phase, plus, range, times } from './emit.ts';
import { fourOfStep, ownOfDims, ownOfKeys, partOfKeys } from './layout.ts';
import type { RowDims } from './row-dims.ts';
import { emitStageV } from './stage.ts';
import { readRows } from './thread-tile.ts';

/**
 * A loop of `count` steps, `unroll` of them written out; the index of step n is i * unroll + n. Loops over workgroup memory count from 0 by
 * 1 and multiply, and read it where they are: so WGSL compilers see that an index stays in bounds and leave the check out. Checks took
 * 15 of 213 vector issues of a step (RDNA2, 25 November 2026).
 */
function unrolled(count: number, unroll: number, index: string, step: (n: number) => string[]): string[] {
  const steps = range(unroll).map((n) => [`let ${index} = ${plus(times('i', unroll), n)};`, ...step(n)]);
  const body = unroll === 1 ? steps.flat() : steps.flatMap((one) => ['{', indent(1, lines(one)), '}']);
  return [`for (var i = 0u; i < ${count / unroll}u; i += 1u) {`, indent(1, lines(body)), '}'];
}

/** scores: each dim of the chunk adds the product of its keys and rows to S. */
export function emitScores(config: WgslConfiguration): string {
  return phase('scores', 'S += q k^T over these dims, an outer product for each.', [
    ...unrolled(config.chunk, config.unroll, 'dim', (n) => [
      `let row = dim * rowVectors + ${ownOfDims(config, 'r', fourOfStep(config.unroll, n))};`,
      `let q = ${readRows('stage', 'row', config.rows, config.threadRows)};`,
      `let key = stagedK + dim * keyVectors + ${ownOfDims(config, 'c', fourOfStep(config.unroll, n))};`,
      ...range(config.keys / 4).map(
        (g) => `s${g} = addProduct(s${g}, stage[${plus('key', g * config.threadColumns)}], q);`,
      ),
    ]),
    'workgroupBarrier();',
  ]);
}

/** stage V and accumulate: the weights pass through workgroup memory in parts, V beside them in chunks of keys. */
export function emitAccumulate(dims: RowDims, config: WgslConfiguration): string {
  const { threadColumns, paddedColumns, partKeys } = sizes(dims.headDimV, config);
  const weights = partOfKeys(config).flatMap(({ condition, four }, g) => [
    `if (${condition}) {`,
    `  let four = ${four};`,
    `  putQuad(four * (4u * rowVectors) + ${ownOfKeys(config, 'four')}, s${g});`,
    '}',
  ]);
  const stageV = emitStageV(
    dims,
    config,
    `${config.valueKeys} keys of the part, as [key][column].`,
    `u32(base) + part * ${partKeys}u + first`,
  );
  // Pieces of V that are no whole fours of keys begin within one.
  const fourInPart = (n: number) =>
    config.valueKeys % 4 === 0
      ? `${times('piece', config.valueKeys / 4)} + ${fourOfStep(config.unroll, n)}`
      : '(first + key) / 4u';
  const product = phase('accumulate', 'O += P v over these keys, an outer product for each.', [
    ...unrolled(config.valueKeys, config.unroll, 'key', (n) => [
      `let row = (first + key) * rowVectors + ${ownOfKeys(config, fourInPart(n))};`,
      `let p = ${readRows('weights', 'row', config.rows, config.threadRows)};`,
      `let column = ${times('key', paddedColumns)} + c;`,
      ...range(threadColumns).map(
        (i) => `o${i} = addProduct(o${i}, stage[${plus('column', i * config.threadColumns)}], p);`,
      ),
    ]),
    'workgroupBarrier();',
  ]);
  const chunk =
    config.values === 'before-softmax'
      ? lines(['if (part + first > 0u) {', indent(1, stageV.trimStart()), '}'])
      : stageV.trimStart();
  return lines([
    '',
    `// The weights go to workgroup memory as [key][row], ${partKeys} keys at a time.`,
    `for (var part = 0u; part < ${config.weightParts}u; part += 1u) {`,
    indent(
      1,
      lines([
        ...weights,
        `for (var piece = 0u; piece < ${partKeys / config.valueKeys}u; piece += 1u) {`,
        `  let first = ${times('piece', config.valueKeys)};`,
        indent(1, chunk),
        '  workgroupBarrier();',
        indent(1, product),
        '}',
      ]),
    ),
    '}',
  ]);
}
