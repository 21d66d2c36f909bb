/** The phases of wgsl-matrix that multiply: scores, S = q k^T, and accumulate, O += P v; and the one that loads q. */

import { indent, lines, phase, plus, range, times } from './emit.ts';
import { type MatrixParts, matrixAt } from './matrix-parts.ts';
import { stageQ } from './matrix-stage.ts';

/** load q: once, to matrices or to workgroup memory; scores are scaled, not q, which would be rounded once more where it is f16. */
export function loadQ(parts: MatrixParts): string {
  const { plan, text, arrays, rowBlocks, dims } = parts;
  const { m, k } = plan.shape;
  if (plan.config.q === 'workgroup')
    return phase(
      'load q',
      'once, as [row][dim]; scores are scaled, not q, which would be rounded again.',
      stageQ(parts),
    );
  const matrices = rowBlocks.flatMap((r) =>
    dims.map((d) => {
      const at = plus(`${r === 0 ? 'firstRow' : `(firstRow + ${r * m}u)`} * keyStride`, (d * k) / 4);
      return `let q${r}_${d} = ${text.load('left', arrays.stage, at, 'keyStride')};`;
    }),
  );
  return phase('load q', 'once, to matrices; scores are scaled, not q, which would be rounded again.', [
    ...stageQ(parts),
    ...matrices,
  ]);
}

/** scores: of the subgroup's rows and all keys of the block at once, so that each matrix of q is loaded once a block. */
export function scores({ plan, text, arrays, rowBlocks, dims }: MatrixParts): string {
  const { config, shape } = plan;
  const { m, n, k, component } = shape;
  const direct = config.k === 'direct';
  const array = direct ? { name: 'k', component } : arrays.stage;
  const keyBlocks = range(config.keys / n);
  const tiles = rowBlocks.flatMap((r) => keyBlocks.map((c) => ({ r, c, name: `s${r}_${c}` })));
  const place = (c: number, column: string) =>
    direct ? `${matrixAt(c * n, 'tile.kvStride', 'key')} + ${column}` : matrixAt(c * n, 'keyStride', column);
  const multiplied = (column: string, q: (r: number) => string) => [
    ...keyBlocks.map(
      (c) =>
        `let k${c} = ${text.load('right', array, place(c, column), direct ? 'tile.kvStride' : 'keyStride', true)};`,
    ),
    ...rowBlocks.flatMap((r) => keyBlocks.map((c) => `s${r}_${c} = ${text.multiplyAdd(q(r), `k${c}`, `s${r}_${c}`)};`)),
  ];
  const column = times('d', k / 4);
  const product =
    config.q === 'registers'
      ? // A matrix in registers has a name, so each step is written out.
        dims.flatMap((d) => ['{', indent(1, lines(multiplied(`${(d * k) / 4}u`, (r) => `q${r}_${d}`))), '}'])
      : [
          `for (var d = 0u; d < ${dims.length}u; d += 1u) {`,
          ...rowBlocks.map((r) => {
            const at = matrixAt(r * m, 'keyStride', column);
            return `  let q${r} = ${text.load('left', arrays.queries, at, 'keyStride')};`;
          }),
          indent(1, lines(multiplied(column, (r) => `q${r}`))),
          '}',
        ];
  return phase('scores', `S = q k^T, ${direct ? 'K from memory, ' : ''}to workgroup memory.`, [
    '{',
    ...(direct ? ['  let key = tile.kv + u32(blockKey) * tile.kvStride;'] : []),
    ...tiles.map(({ name }) => `  var ${name} = ${text.zero('result')};`),
    indent(1, lines(product)),
    ...tiles.map(({ r, c, name }) =>
      indent(1, text.store(arrays.scores, matrixAt(r * m, 'scoreStride', `${(c * n) / 4}u`), name, 'scoreStride')),
    ),
    '}',
    'workgroupBarrier();',
  ]);
}

/** accumulate: the weights times V, a matrix of keys at a time. */
export function accumulate({ plan, text, arrays, rowBlocks, columns }: MatrixParts): string {
  const { config, shape } = plan;
  const { m, n, k } = shape;
  const column = times('d', k / 4);
  const product = [
    ...rowBlocks.map(
      (r) => `let p${r} = ${text.load('left', arrays.weights, matrixAt(r * m, 'valueStride', column), 'valueStride')};`,
    ),
    ...columns.flatMap((c) => [
      `let v${c} = ${text.load('right', arrays.stage, matrixAt(c * n, 'valueStride', column), 'valueStride', true)};`,
      ...rowBlocks.map((r) => `o${r}_${c} = ${text.multiplyAdd(`p${r}`, `v${c}`, `o${r}_${c}`)};`),
    ]),
  ];
  return phase('accumulate', 'O = O + P v.', [
    `for (var d = 0u; d < ${config.keys / k}u; d += 1u) {`,
    indent(1, lines(product)),
    '}',
  ]);
}
