/** The phases of wgsl-matrix that copy q, K and V to workgroup memory, in floats of the matrices, as [row][dim], [key][dim] and [dim][key]. */

import { indent, lines, phase, plus, range, times } from './emit.ts';
import { isFilled } from './matrix-configuration.ts';
import type { MatrixParts } from './matrix-parts.ts';
import { isWhole } from './row-dims.ts';

/** A task of a thread: its number among those of the workgroup, and what a value that grows by `n` a task adds to that of the first. */
interface Task {
  t: string;
  step(n: number): string;
}

/** `count` tasks shared by the threads: straight code where each has one, as loops cost compilers their knowledge of indices. */
function shared(count: number, threads: number, body: (task: Task) => string[]): string[] {
  const guarded = (t: string, statements: string[]) =>
    count % threads === 0 ? statements : [`if (${t} < ${count}u) {`, indent(1, lines(statements)), '}'];
  if (count <= threads) return ['{', indent(1, lines(guarded('thread', body({ t: 'thread', step: () => '' })))), '}'];
  const step = (n: number) => ` + ${times('i', n)}`;
  return [
    `for (var i = 0u; i < ${Math.ceil(count / threads)}u; i += 1u) {`,
    `  let t = thread + i * ${threads}u;`,
    indent(1, lines(guarded('t', body({ t: 't', step })))),
    '}',
  ];
}

/**
 * Four elements of a tensor at an index, as the matrices want them. Where it holds what they multiply the elements stay as they are:
 * compilers do not see that to f32 and back changes nothing.
 */
function element({ plan, four }: MatrixParts, tensor: 'q' | 'k' | 'v', at: string): string {
  if (plan.storage === plan.shape.component) return `${tensor}[${at}]`;
  const value = `read${tensor.toUpperCase()}(${at})`;
  return four === 'vec4f' ? value : `${four}(${value})`;
}

/** Four elements of a key or a value, those past the row's end zeros: whatever else lies there, its product is 0. */
const filledElement = ({ four }: MatrixParts, tensor: 'K' | 'V', key: string, column: string) => {
  const value = `load${tensor}(tile, ${key}, ${column})`;
  return four === 'vec4f' ? value : `${four}(${value})`;
};

/** The same of a row of q, which is not scaled here. */
function filledQ({ plan, four }: MatrixParts): string {
  const { headDim } = plan.dims;
  const value = isWhole(headDim)
    ? 'select(vec4f(), readQ(at + min(column, columns - 1u)), column < columns)'
    : 'readQ(at, column)';
  return four === 'vec4f' ? value : `${four}(${value})`;
}

/** Statements that copy q, to `queries` or in the place of K and V; rows past the tile's end are its last row, whose results are not written. */
export function stageQ(parts: MatrixParts): string[] {
  const { headDim, plan, sizes, text, arrays } = parts;
  const { rows, q } = plan.config;
  const columns = headDim / 4;
  const put = (value: string) =>
    q === 'workgroup'
      ? text.memory.put(arrays.queries, `row % ${rows}u * keyStride + column`, value, `row / ${rows}u`)
      : text.memory.put(arrays.stage, 'row * keyStride + column', value);
  return [
    ...shared(sizes.blockRows * columns, sizes.threads, ({ t }) => [
      `let row = ${t} / ${columns}u;`,
      `let column = ${t} % ${columns}u;`,
      ...(isFilled(plan)
        ? ['let at = rowIndex(tile, min(row, tile.rows - 1u));', put(filledQ(parts))]
        : ['let at = rowIndex(tile, min(row, tile.rows - 1u)) + column;', put(element(parts, 'q', 'at'))]),
    ]),
    'workgroupBarrier();',
  ];
}

/** True where a thread takes the same column of K in each of its tasks. */
const fixedColumn = ({ headDim, plan, sizes }: MatrixParts) => sizes.threads % (headDim / 4) === 0 && !isFilled(plan);

/** Statements before the loop over blocks: what a thread stages of each, so that no block computes it anew. */
export function stagedPlaces(parts: MatrixParts): string[] {
  const { headDim, plan } = parts;
  const fours = plan.config.keys / 4;
  const columns = headDim / 4;
  const ofKeys = [
    `let kKey = thread / ${columns}u;`,
    `let kColumn = thread % ${columns}u;`,
    ...(plan.whole ? ['let kFrom = tile.kv + kKey * tile.kvStride + kColumn;'] : []),
    'let kTo = kKey * keyStride + kColumn;',
  ];
  const ofValues = [
    `let vKey = thread % ${fours}u * 4u;`,
    `let vColumn = thread / ${fours}u;`,
    ...(plan.whole && !isFilled(plan) ? ['let vFrom = tile.kv + vKey * tile.kvStride + vColumn;'] : []),
    `let vTo = vColumn * 4u * valueStride + thread % ${fours}u;`,
  ];
  return [
    ...(plan.config.k === 'staged' && fixedColumn(parts) ? ofKeys : []),
    ...(plan.config.v === 'staged' ? ofValues : []),
  ];
}

/** stage K: a block as [key][dim]; past the last key that one again, which the mask hides. */
export function stageK(parts: MatrixParts): string {
  const { headDim, plan, sizes, text, arrays } = parts;
  const columns = headDim / 4;
  const count = plan.config.keys * columns;
  const keysAtOnce = sizes.threads / columns;
  const copy = fixedColumn(parts)
    ? shared(count, sizes.threads, ({ step }) => [
        plan.whole
          ? `let at = kFrom + (u32(blockKey)${step(keysAtOnce)}) * tile.kvStride;`
          : `let at = tile.kv + min(u32(blockKey) + kKey${step(keysAtOnce)}, params.seqKv - 1u) * tile.kvStride + kColumn;`,
        text.memory.put(arrays.stage, `kTo${step(keysAtOnce * sizes.keyStride)}`, element(parts, 'k', 'at')),
      ])
    : shared(count, sizes.threads, ({ t }) => [
        `let key = ${t} / ${columns}u;`,
        `let column = ${t} % ${columns}u;`,
        ...(isFilled(plan)
          ? []
          : ['let at = tile.kv + min(u32(blockKey) + key, params.seqKv - 1u) * tile.kvStride + column;']),
        text.memory.put(
          arrays.stage,
          'key * keyStride + column',
          isFilled(plan) ? filledElement(parts, 'K', 'u32(blockKey) + key', 'column') : element(parts, 'k', 'at'),
        ),
      ]);
  return phase('stage K', 'as [key][dim].', ['workgroupBarrier();', ...copy, 'workgroupBarrier();']);
}

/**
 * stage V: as [dim][key], so that a lane finds the keys of its columns side by side; neighbouring threads take neighbouring keys, so they
 * write to different banks.
 */
export function stageV(parts: MatrixParts): string {
  const { headDim, plan, sizes, text, arrays } = parts;
  const fours = plan.config.keys / 4;
  const columnsAtOnce = sizes.threads / fours;
  // Past the last key zeros: a weight there is 0, but 0 times infinity is not.
  const clamped = (i: number, step: string) => {
    const at = `tile.kv + min(${plus('key', i)}, params.seqKv - 1u) * tile.kvStride + vColumn${step}`;
    return `select(${parts.four}(), ${element(parts, 'v', at)}, ${plus('key', i)} < params.seqKv)`;
  };
  const filled = isFilled(plan);
  const load = (i: number, step: string) =>
    filled
      ? filledElement(parts, 'V', plus('key', i), `vColumn${step}`)
      : plan.whole
        ? element(parts, 'v', i === 0 ? 'at' : `at + ${times('tile.kvStride', i)}`)
        : clamped(i, step);
  return phase(
    'stage V',
    'as [dim][key]. x turns four keys of four dims in registers.',
    shared((fours * headDim) / 4, sizes.threads, ({ step }) => [
      plan.whole && !filled
        ? `let at = vFrom + u32(blockKey) * tile.kvStride${step(columnsAtOnce)};`
        : 'let key = u32(blockKey) + vKey;',
      `let x = transpose(mat4x4${parts.four === 'vec4f' ? 'f' : '<f16>'}(`,
      ...range(4).map((i) => `  ${load(i, step(columnsAtOnce))},`),
      '));',
      ...range(4).map((i) => {
        const row = i === 0 ? '' : ` + ${times('valueStride', i)}`;
        return text.memory.put(arrays.stage, `vTo${step(columnsAtOnce * 4 * sizes.valueStride)}${row}`, `x[${i}]`);
      }),
    ]),
  );
}
