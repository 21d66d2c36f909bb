/** The phases of wgsl-matrix that multiply: scores, S = q k^T, and accumulate, O += P v; and the one that loads q. */

import { indent, lines, phase, plus, times } from './emit.ts';
import { type MatrixParts, matrixAt, ownPart } from './matrix-parts.ts';
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

/** scores: of the team's rows and all keys that the subgroup has of the block at once, so that each matrix of q is loaded once a block. */
export function scores(parts: MatrixParts): string {
  const { plan, text, arrays, rowBlocks, dims, keyBlocks } = parts;
  const { config, shape } = plan;
  const { m, n, k, component } = shape;
  const direct = config.k === 'direct';
  const array = direct ? { name: 'k', component } : arrays.stage;
  const tiles = rowBlocks.flatMap((r) => keyBlocks.map((c) => ({ r, c, name: `s${r}_${c}` })));
  const stride = direct ? 'tile.kvStride' : 'keyStride';
  // Where the subgroup's first key is not the first of a copy, its place has a name.
  const ownKey = config.team === 1 ? 'u32(blockKey)' : `(u32(blockKey) + ${ownPart(parts, config.keys, 0)})`;
  const key = direct ? `tile.kv + ${ownKey} * ${stride}` : `${ownPart(parts, config.keys, 0)} * ${stride}`;
  const named = direct || config.team > 1;
  const place = (c: number, column: string) => {
    const at = matrixAt(c * n, stride, named ? 'key' : column);
    return named ? `${at} + ${column}` : at;
  };
  const scoreAt = (r: number, c: number) =>
    matrixAt(r * m, 'scoreStride', ownPart(parts, config.keys / 4, (c * n) / 4));
  const qFirst = config.loads === 'q-first';
  const loadQOf = (r: number) => {
    const at = matrixAt(r * m, 'keyStride', column);
    return `let q${r} = ${text.load('left', arrays.queries, at, 'keyStride')};`;
  };
  const multiplied = (column: string, q: (r: number) => string, loads = false) => [
    ...(loads && qFirst ? rowBlocks.map(loadQOf) : []),
    ...keyBlocks.map((c) => `let k${c} = ${text.load('right', array, place(c, column), stride, true)};`),
    ...rowBlocks.flatMap((r) => [
      ...(loads && !qFirst ? [loadQOf(r)] : []),
      ...keyBlocks.map((c) => `s${r}_${c} = ${text.multiplyAdd(q(r), `k${c}`, `s${r}_${c}`)};`),
    ]),
  ];
  const column = times('d', k / 4);
  const product =
    config.q === 'registers'
      ? // A matrix in registers has a name, so each step is written out.
        dims.flatMap((d) => ['{', indent(1, lines(multiplied(`${(d * k) / 4}u`, (r) => `q${r}_${d}`))), '}'])
      : [
          `for (var d = 0u; d < ${dims.length}u; d += 1u) {`,
          indent(1, lines(multiplied(column, (r) => `q${r}`, true))),
          '}',
        ];
  return phase('scores', `S = q k^T, ${direct ? 'K from memory, ' : ''}to workgroup memory.`, [
    '{',
    ...(named ? [`  let key = ${key};`] : []),
    ...tiles.map(({ name }) => `  var ${name} = ${text.zero('result')};`),
    indent(1, lines(product)),
    ...tiles.map(({ r, c, name }) => indent(1, text.store(arrays.scores, scoreAt(r, c), name, 'scoreStride'))),
    '}',
    'workgroupBarrier();',
  ]);
}

/** accumulate: the weights times the subgroup's columns of V, a matrix of keys at a time. */
export function accumulate(parts: MatrixParts): string {
  const { headDim, plan, text, arrays, rowBlocks, columns } = parts;
  const { config, shape } = plan;
  const { m, n, k, component } = shape;
  const column = times('d', k / 4);
  const direct = config.v === 'direct';
  const staged = (c: number) =>
    config.team === 1
      ? matrixAt(c * n, 'valueStride', column)
      : `${ownPart(parts, headDim, c * n)} * valueStride + ${column}`;
  const values = (c: number) =>
    direct
      ? text.load('right', { name: 'v', component }, plus('value', (c * n) / 4), 'tile.kvStride')
      : text.load('right', arrays.stage, staged(c), 'valueStride', true);
  const loadV = (c: number) => `let v${c} = ${values(c)};`;
  const addProduct = (r: number, c: number) => `o${r}_${c} = ${text.multiplyAdd(`p${r}`, `v${c}`, `o${r}_${c}`)};`;
  const ownColumn = config.team === 1 ? '' : ` + ${ownPart(parts, headDim / 4, 0)}`;
  const product = [
    ...(direct ? [`let value = tile.kv + (u32(blockKey) + ${times('d', k)}) * tile.kvStride${ownColumn};`] : []),
    ...rowBlocks.map(
      (r) => `let p${r} = ${text.load('left', arrays.weights, matrixAt(r * m, 'valueStride', column), 'valueStride')};`,
    ),
    ...(config.loads === 'q-first'
      ? columns.flatMap((c) => [loadV(c), ...rowBlocks.map((r) => addProduct(r, c))])
      : [...columns.map(loadV), ...rowBlocks.flatMap((r) => columns.map((c) => addProduct(r, c)))]),
  ];
  return phase('accumulate', `O = O + P v${direct ? ', V from memory' : ''}.`, [
    `for (var d = 0u; d < ${config.keys / k}u; d += 1u) {`,
    indent(1, lines(product)),
    '}',
  ]);
}
