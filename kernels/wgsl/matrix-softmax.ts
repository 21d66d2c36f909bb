/** The phases of wgsl-matrix between its two products and after them: the online softmax on scores in workgroup memory, and the end. */

import { indent, lines, phase, plus, range } from './emit.ts';
import { MASKED, seesFour } from './mask.ts';
import { type MatrixParts, matrixAt } from './matrix-parts.ts';

/** Maxima may be stale by this much, in powers of 2, before the output is rescaled: that means a way through memory. */
export const STALE = 8;

/** f16 weights small beside the row's largest would vanish; a power of two cancels in O / l. */
const LIFT = 6;

/** Values of a lane's vec4s of scores of row r, by name. */
const own = ({ sizes }: MatrixParts, r: number) => range(sizes.laneVectors).map((i) => `s${r}_${i}`);
/**
 * Statements that name the places of a lane's scores and weights of row r. As pointers before the loop over blocks: compilers then check
 * them once, not in every block.
 */
export function ownPlaces(parts: MatrixParts, r: number): string[] {
  const { sizes, text, arrays } = parts;
  const { laneVectors } = sizes;
  const at = (stride: string, i: number) => plus(`row${r} * ${stride} + part * ${laneVectors}u`, i);
  return range(laneVectors).flatMap((i) => [
    text.memory.place(`score${r}_${i}`, arrays.scores, at('scoreStride', i)),
    text.memory.place(`weight${r}_${i}`, arrays.weights, at('valueStride', i)),
  ]);
}

const folded = (values: string[], fold: (a: string, b: string) => string) => values.reduce(fold);
const max = (a: string, b: string) => `max(${a}, ${b})`;
const sum = (a: string, b: string) => `${a} + ${b}`;
const lanesOf = (value: string) => ['x', 'y', 'z', 'w'].map((lane) => `${value}.${lane}`);

/** From the mask to the weights, and what was summed up under an old maximum. */
export function softmax(parts: MatrixParts): string {
  const rows = range(parts.sizes.laneRows);
  const { text, arrays, plan, four } = parts;
  const { memory } = text;
  const lift = plan.shape.component === 'f16' ? `${LIFT}.0 - ` : '-';
  const load = rows.flatMap((r) =>
    own(parts, r).map((name, i) => `var ${name} = ${memory.get(`score${r}_${i}`, arrays.scores)};`),
  );
  const mask = rows.flatMap((r) =>
    own(parts, r).map(
      (name, i) =>
        `${name} = select(vec4f(masked), ${name}, ${seesFour(i === 0 ? 'keys' : `(keys + ${i * 4})`, r)} & (${i === 0 ? 'keys' : `(keys + ${i * 4})`} >= vec4i(base)));`,
    ),
  );
  return lines([
    phase('mask', 'only in blocks that some row does not see whole.', [
      ...load,
      'if (base < plainBegin || base + i32(blockKeys) > plainEnd) {',
      `  let keys = blockKey + i32(part * ${parts.sizes.laneVectors * 4}u) + vec4i(0, 1, 2, 3);`,
      `  let masked = ${MASKED} / max(params.scale, 1.0); // times the scale it is finite`,
      indent(1, lines(mask)),
      '}',
    ]),
    phase(
      'row maximum',
      'shared by the lanes of a row; one that grew by little stays as it was.',
      rows.flatMap((r) => [
        `let largest${r} = ${folded(own(parts, r), max)};`,
        `let found${r} = ${text.overRow('max', max(max(`largest${r}.x`, `largest${r}.y`), max(`largest${r}.z`, `largest${r}.w`)))} * params.scale;`,
        `let raised${r} = found${r} > m${r} + ${STALE}.0;`,
        `let rescale${r} = select(1.0, exp2(m${r} - found${r}), raised${r});`,
        `m${r} = select(m${r}, found${r}, raised${r});`,
        `if (raised${r}) {`,
        '  atomicStore(&anyRaised, 1u);',
        '}',
      ]),
    ),
    phase(
      'exponentials',
      'P = 2^(S - m).',
      rows.flatMap((r) =>
        own(parts, r).flatMap((name, i) => [
          `${name} = exp2(fma(${name}, vec4f(params.scale), vec4f(${lift}m${r})));`,
          memory.set(`weight${r}_${i}`, arrays.weights, four === 'vec4f' ? name : `${four}(${name})`),
        ]),
      ),
    ),
    phase(
      'row sum',
      "l = l 2^(m - m') + sum P, of this lane's keys.",
      rows.flatMap((r) => [
        `let sum${r} = ${folded(own(parts, r), sum)};`,
        `l${r} = l${r} * rescale${r} + ${folded(lanesOf(`sum${r}`), sum)};`,
      ]),
    ),
    phase('rescale', "O = O 2^(m - m'), seldom: through workgroup memory. Waits for the weights and V too.", [
      'if (workgroupUniformLoad(&anyRaised) != 0u) {',
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
  { plan, sizes, text, arrays, rowBlocks, columns }: MatrixParts,
  back: boolean,
  apply: (r: number, i: number, firstColumn: number) => string[],
): string {
  const { m, n } = plan.shape;
  const perPiece = plan.config.keys / n;
  const pieces = range(Math.ceil(columns.length / perPiece));
  return lines(
    pieces.flatMap((piece) => {
      const matrices = rowBlocks.flatMap((r) =>
        columns.slice(piece * perPiece, (piece + 1) * perPiece).map((c, i) => ({
          name: `o${r}_${c}`,
          at: matrixAt(r * m, 'scoreStride', `${(i * n) / 4}u`),
        })),
      );
      return [
        ...(piece > 0 || !back ? ['workgroupBarrier();'] : []),
        ...matrices.map(({ name, at }) => text.store(arrays.scores, at, name, 'scoreStride')),
        'workgroupBarrier();',
        ...range(sizes.laneRows).flatMap((r) =>
          range(sizes.laneVectors).flatMap((i) => apply(r, i, (piece * plan.config.keys) / 4)),
        ),
        ...(back ? ['workgroupBarrier();'] : []),
        ...matrices.flatMap(({ name, at }) =>
          back ? [`${name} = ${text.load('result', arrays.scores, at, 'scoreStride')};`] : [],
        ),
      ];
    }),
  );
}

/** write: O / l; a row that saw no key has sum 0 and gives zeros. */
export function writeO(parts: MatrixParts): string {
  const { sizes, text, arrays, headDim, plan } = parts;
  const rows = range(sizes.laneRows);
  const narrow = (firstColumn: number) => headDim / 4 - firstColumn < plan.config.keys / 4;
  return phase(
    'write',
    'O / l, with l summed over the lanes of a row; a row that saw no key has l = 0 and gives zeros.',
    [
      ...rows.flatMap((r) => [
        `let total${r} = ${text.overRow('sum', `l${r}`)};`,
        `let factor${r} = select(0.0, 1.0 / total${r}, total${r} > 0.0);`,
        `let to${r} = rowIndex(tile, firstRow + row${r});`,
      ]),
      throughScores(parts, false, (r, i, firstColumn) => {
        const column = plus(`part * ${sizes.laneVectors}u`, firstColumn + i);
        const inside = narrow(firstColumn) ? ` && ${column} < columns` : '';
        return [
          `if (firstRow + row${r} < tile.rows${inside}) {`,
          `  writeO(to${r} + ${column}, ${text.memory.get(`score${r}_${i}`, arrays.scores)} * factor${r});`,
          '}',
        ];
      }),
    ],
  );
}
