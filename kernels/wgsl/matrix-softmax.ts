/** The phases of wgsl-matrix between its two products and after them: the online softmax on scores in workgroup memory, and the end. */

import { indent, lines, phase, plus, range } from './emit.ts';
import { MASKED, seesFour } from './mask.ts';
import { isFilled } from './matrix-configuration.ts';
import { type MatrixParts, matrixAt, ownPart } from './matrix-parts.ts';
import { columnsOfV, fourAt, isOwnV } from './row-dims.ts';
import { emitSoftCapOf } from './soft-cap.ts';

/** Maxima may be stale by this much, in powers of 2, before the output is rescaled: that means a way through memory. */
export const STALE = 8;

/** f16 weights small beside the row's largest would vanish; a power of two cancels in O / l. Up to 2^(8 + 7) f16 has no infinity. */
const LIFT = 7;

/** Values of a lane's vec4s of scores of row r, by name. */
const own = ({ sizes }: MatrixParts, r: number) => range(sizes.laneVectors).map((i) => `s${r}_${i}`);
/**
 * Statements that name the places of a lane's scores and weights of row r. As pointers before the loop over blocks: compilers then check
 * them once, not in every block.
 */
export function ownPlaces(parts: MatrixParts, r: number): string[] {
  const { sizes, text, arrays } = parts;
  const { laneVectors } = sizes;
  // The largest such place, said so that compilers need no check of each of the fours that follow it.
  const first = (name: string, stride: string, fours: number) =>
    `let ${name}At${r} = min(row${r} * ${stride} + part * ${laneVectors}u, ${fours - laneVectors}u);`;
  return [
    first('score', 'scoreStride', sizes.scores),
    first('weight', 'valueStride', sizes.weights),
    ...range(laneVectors).flatMap((i) => [
      text.memory.place(`score${r}_${i}`, arrays.scores, plus(`scoreAt${r}`, i)),
      text.memory.place(`weight${r}_${i}`, arrays.weights, plus(`weightAt${r}`, i)),
    ]),
  ];
}

const folded = (values: string[], fold: (a: string, b: string) => string) => values.reduce(fold);
const max = (a: string, b: string) => `max(${a}, ${b})`;
const sum = (a: string, b: string) => `${a} + ${b}`;
const lanesOf = (value: string) => ['x', 'y', 'z', 'w'].map((lane) => `${value}.${lane}`);

/** Statements that load a lane's scores of all its rows. */
const loadScores = (parts: MatrixParts) =>
  range(parts.sizes.laneRows).flatMap((r) =>
    own(parts, r).map((name, i) => `var ${name} = ${parts.text.memory.get(`score${r}_${i}`, parts.arrays.scores)};`),
  );

/** True where scores are capped: then they are scaled as they are loaded, else where they are used. */
const isCapped = ({ scores }: MatrixParts) => typeof scores.softcap === 'number';

/** Statements that scale and cap what was loaded, where that is asked for. */
const cap = (parts: MatrixParts): string[] => {
  if (!isCapped(parts)) return [];
  const names = range(parts.sizes.laneRows).flatMap((r) => own(parts, r));
  return [...names.map((name) => `${name} = ${name} * params.scale;`), ...emitSoftCapOf(parts.scores, names)];
};

/** Expression: the largest of a row's scores, scaled. */
function largest(parts: MatrixParts, r: number): string {
  const all = parts.text.overRow('max', max(max(`four${r}.x`, `four${r}.y`), max(`four${r}.z`, `four${r}.w`)));
  return isCapped(parts) ? all : `${all} * params.scale`;
}
const largestFour = (parts: MatrixParts, r: number) => `let four${r} = ${folded(own(parts, r), max)};`;

/** Statements: the first of those that follow where some row of the workgroup raised its maximum; all wait for each other, so none reads it late. */
const IF_RAISED = [
  'if (workgroupUniformLoad(&anyRaised) != 0u) {',
  '  if (thread == 0u) {',
  '    atomicStore(&anyRaised, 0u);',
  '  }',
];

const SET_RAISED = ['  atomicStore(&anyRaised, 1u);', '}'];

/** exponentials: weights in place of scores; in memory they are rounded to the matrices' type, for the row sum they are not. */
function exponentials(parts: MatrixParts): string {
  const { text, arrays, plan, four } = parts;
  const { memory } = text;
  const lift = plan.shape.component === 'f16' ? `${LIFT}.0 - ` : '-';
  const exponent = (name: string, r: number) =>
    isCapped(parts) ? `${name} + vec4f(${lift}m${r})` : `fma(${name}, vec4f(params.scale), vec4f(${lift}m${r}))`;
  return phase(
    'exponentials',
    'P = 2^(S - m).',
    range(parts.sizes.laneRows).flatMap((r) =>
      own(parts, r).flatMap((name, i) => [
        `${name} = exp2(${exponent(name, r)});`,
        memory.set(`weight${r}_${i}`, arrays.weights, four === 'vec4f' ? name : `${four}(${name})`),
      ]),
    ),
  );
}

/** row sum: of a lane's weights in the block, sum<row>. */
const rowSum = (parts: MatrixParts, what: string) =>
  phase(
    'row sum',
    what,
    range(parts.sizes.laneRows).flatMap((r) => [
      `let fours${r} = ${folded(own(parts, r), sum)};`,
      `let sum${r} = ${folded(lanesOf(`fours${r}`), sum)};`,
    ]),
  );

/** The softmax of a block that every row sees whole; it leaves the loop where a maximum has to be raised, with nothing of the block summed. */
export function plainSoftmax(parts: MatrixParts): string {
  const rows = range(parts.sizes.laneRows);
  return lines([
    phase('row maximum', `shared by the lanes of a row; it stays as it is up to a factor of 2^${STALE}.`, [
      ...loadScores(parts),
      ...cap(parts),
      ...rows.flatMap((r) => [
        largestFour(parts, r),
        `if (${largest(parts, r)} > m${r} + ${STALE}.0) {`,
        ...SET_RAISED,
      ]),
    ]),
    exponentials(parts),
    rowSum(parts, "l = l + sum P, of this lane's keys."),
    phase('rescale', 'never here. Waits for the weights and V too.', [
      ...IF_RAISED,
      '  break;',
      '}',
      ...rows.map((r) => `l${r} = l${r} + sum${r};`),
    ]),
  ]);
}

/** The softmax of any block: masked, and with what was summed up under an old maximum rescaled. */
export function maskedSoftmax(parts: MatrixParts): string {
  const rows = range(parts.sizes.laneRows);
  const { text, arrays } = parts;
  const { memory } = text;
  const mask = rows.flatMap((r) =>
    own(parts, r).map((name, i) => {
      const keys = i === 0 ? 'keys' : `(keys + ${i * 4})`;
      return `${name} = select(vec4f(masked), ${name}, ${seesFour(keys, r)} & (${keys} >= vec4i(base)));`;
    }),
  );
  return lines([
    phase('mask', 'and keys that the block before had.', [
      ...loadScores(parts),
      ...cap(parts),
      `let keys = blockKey + i32(part * ${parts.sizes.laneVectors * 4}u) + vec4i(0, 1, 2, 3);`,
      isCapped(parts)
        ? `let masked = ${MASKED};`
        : `let masked = ${MASKED} / max(params.scale, 1.0); // times the scale it is finite`,
      ...mask,
    ]),
    phase(
      'row maximum',
      'shared by the lanes of a row; one that grew by little stays as it was.',
      rows.flatMap((r) => [
        largestFour(parts, r),
        `let found${r} = ${largest(parts, r)};`,
        `let raised${r} = found${r} > m${r} + ${STALE}.0;`,
        `let rescale${r} = select(1.0, exp2(m${r} - found${r}), raised${r});`,
        `m${r} = select(m${r}, found${r}, raised${r});`,
        `if (raised${r}) {`,
        ...SET_RAISED,
      ]),
    ),
    exponentials(parts),
    rowSum(parts, "l = l 2^(m - m') + sum P, of this lane's keys."),
    lines(rows.map((r) => `l${r} = l${r} * rescale${r} + sum${r};`)),
    phase('rescale', "O = O 2^(m - m'), seldom: through workgroup memory. Waits for the weights and V too.", [
      ...IF_RAISED,
      indent(
        1,
        throughScores(parts, true, (r, i) => {
          const score = `score${r}_${i}`;
          return [memory.set(score, arrays.scores, `${memory.get(score, arrays.scores)} * rescale${r}`)];
        }),
      ),
      '}',
    ]),
  ]);
}

/** Statements that put O through the memory of scores, so many columns at a time as it has keys, and apply some to a lane's vec4s. */
function throughScores(
  parts: MatrixParts,
  back: boolean,
  apply: (r: number, i: number, firstColumn: number) => string[],
): string {
  const { plan, sizes, text, arrays, rowBlocks, columns, keyBlocks } = parts;
  const { keys, k, team } = plan.config;
  const { m, n } = plan.shape;
  // A subgroup's columns take the place of its keys.
  const perPiece = keyBlocks.length;
  const ownKeys = keys / team / 4;
  const pieces = range(Math.ceil(columns.length / perPiece));
  return lines(
    pieces.flatMap((piece) => {
      const matrices = rowBlocks.flatMap((r) =>
        columns.slice(piece * perPiece, (piece + 1) * perPiece).map((c, i) => ({
          name: `o${r}_${c}`,
          at: matrixAt(r * m, 'scoreStride', ownPart(parts, keys / 4, (i * n) / 4)),
        })),
      );
      return [
        ...(piece > 0 || !back ? ['workgroupBarrier();'] : []),
        ...matrices.map(({ name, at }) => text.store(arrays.scores, at, name, 'scoreStride')),
        'workgroupBarrier();',
        ...range(sizes.laneRows).flatMap((r) => range(sizes.laneVectors).flatMap((i) => apply(r, i, piece * ownKeys))),
        ...(back ? ['workgroupBarrier();'] : []),
        ...matrices.flatMap(({ name, at }) =>
          back ? [`${name} = ${text.load('result', arrays.scores, at, 'scoreStride')};`] : [],
        ),
        // Scores of the next block go there, and where K is not staged no barrier comes before them.
        ...(back && team > 1 && k === 'direct' && piece === pieces.length - 1 ? ['workgroupBarrier();'] : []),
      ];
    }),
  );
}

/**
 * Statements: what the output of a row is multiplied with. The sink joins the sum here, not as the first maximum: beside one far above
 * the scores the weights, in f16 perhaps, would vanish.
 */
function factor({ scores, plan }: MatrixParts, r: number): string[] {
  if (scores.sinks !== true) return [`let factor${r} = select(0.0, 1.0 / total${r}, total${r} > 0.0);`];
  const lift = plan.shape.component === 'f16' ? `${LIFT}.0 + ` : '';
  return [
    `let sink${r} = sinkOf(tile, firstRow + row${r});`,
    `let top${r} = max(m${r}, sink${r});`,
    `let shrink${r} = exp2(m${r} - top${r});`,
    `let whole${r} = total${r} * shrink${r} + exp2(${lift}sink${r} - top${r});`,
    `let factor${r} = select(0.0, shrink${r} / whole${r}, whole${r} > 0.0);`,
  ];
}

/** write: O / l; a row that saw no key has sum 0 and gives zeros. */
export function writeO(parts: MatrixParts): string {
  const { sizes, text, arrays, headDim, plan } = parts;
  const { dims } = plan;
  const rows = range(sizes.laneRows);
  const { keys, team } = plan.config;
  const ownKeys = keys / team / 4;
  const ownColumns = headDim / team / 4;
  /** Columns past the end of a row are there where head dimensions are filled up. */
  const inRow = (column: string) => (isFilled(plan) ? ` && ${column} < ${columnsOfV(dims)}` : '');
  const narrow = (firstColumn: number) => ownColumns - firstColumn < ownKeys;
  return phase(
    'write',
    'O / l, with l summed over the lanes of a row; a row that saw no key has l = 0 and gives zeros.',
    [
      ...rows.flatMap((r) => [
        `let total${r} = ${text.overRow('sum', `l${r}`)};`,
        ...factor(parts, r),
        `let to${r} = ${isOwnV(dims) ? 'outputIndex' : 'rowIndex'}(tile, firstRow + row${r});`,
      ]),
      throughScores(parts, false, (r, i, firstColumn) => {
        const value = `${text.memory.get(`score${r}_${i}`, arrays.scores)} * factor${r}`;
        if (team > 1) {
          const inside = narrow(firstColumn) ? ` && own < ${ownColumns}u` : '';
          return [
            '{',
            `  let at = ${plus(`part * ${sizes.laneVectors}u`, i)}; // in the place of the keys of subgroup at / ${ownKeys}`,
            `  let own = ${plus(`at % ${ownKeys}u`, firstColumn)};`,
            `  if (firstRow + row${r} < tile.rows${inside}${inRow(`at / ${ownKeys}u * ${ownColumns}u + own`)}) {`,
            `    writeO(${fourAt(dims.headDimV, `to${r}`, `at / ${ownKeys}u * ${ownColumns}u + own`)}, ${value});`,
            '  }',
            '}',
          ];
        }
        const column = plus(`part * ${sizes.laneVectors}u`, firstColumn + i);
        const inside = narrow(firstColumn) && inRow(column) === '' ? ` && ${column} < columns` : inRow(column);
        return [
          `if (firstRow + row${r} < tile.rows${inside}) {`,
          `  writeO(${fourAt(dims.headDimV, `to${r}`, column)}, ${value});`,
          '}',
        ];
      }),
    ],
  );
}
