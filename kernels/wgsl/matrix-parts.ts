/** What every phase of wgsl-matrix needs: the plan, its sizes, and the matrices of a subgroup by name. */

import { plus, range, times } from './emit.ts';
import { type MatrixPlan, matrixSizes } from './matrix-configuration.ts';
import { fourOf } from './matrix-memory.ts';
import { type MatrixText, matrixText } from './matrix-text.ts';
import type { WgslScores } from './soft-cap.ts';

export interface MatrixParts {
  headDim: number;
  plan: MatrixPlan;
  scores: WgslScores;
  sizes: ReturnType<typeof matrixSizes>;
  text: MatrixText;
  arrays: ReturnType<typeof arraysOf>;
  /** Four of the matrices' floats. */
  four: ReturnType<typeof fourOf>;
  /** Blocks of a team's rows, of dims of q and K; of a subgroup's keys and of its columns of the output. */
  rowBlocks: number[];
  dims: number[];
  keyBlocks: number[];
  columns: number[];
}

/** The arrays of a kernel in workgroup memory. */
const arraysOf = (component: 'f32' | 'f16', per: 'subgroup' | 'team') =>
  ({
    /** q, K and V in turns. */
    stage: { name: 'stage', component },
    queries: { name: 'queries', component, per },
    scores: { name: 'scores', component: 'f32', per },
    weights: { name: 'weights', component, per },
  }) as const;

/** The parts of the kernel for a plan and what is asked of the scores. */
export function matrixParts(plan: MatrixPlan, scores: WgslScores): MatrixParts {
  const { config, shape, lanes, headDim } = plan;
  const sizes = matrixSizes(plan);
  return {
    ...{ headDim, plan, scores, sizes },
    text: matrixText(shape, plan.spelling, { lanes, subgroups: config.subgroups, rowLanes: sizes.rowLanes }),
    arrays: arraysOf(shape.component, config.team === 1 ? 'subgroup' : 'team'),
    four: fourOf(shape.component),
    rowBlocks: range(config.rows / shape.m),
    dims: range(headDim / shape.k),
    keyBlocks: range(config.keys / config.team / shape.n),
    columns: range(headDim / config.team / shape.n),
  };
}

/** Expression: the index of thing `at` of the subgroup's own, among `of` things that a team shares in equal parts. */
export function ownPart({ plan }: MatrixParts, of: number, at: number): string {
  const { team } = plan.config;
  if (team === 1) return `${at}u`;
  const first = times('member', of / team);
  return at === 0 ? first : `(${plus(first, at)})`;
}

/** Index of a matrix by its first row, known here, and its first column in vec4s: compilers then see that it lies in bounds. */
export const matrixAt = (row: number, stride: string, column: string) =>
  row === 0 ? column : `${row}u * ${stride} + ${column}`;
