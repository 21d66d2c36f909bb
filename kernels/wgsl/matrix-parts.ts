/** What every phase of wgsl-matrix needs: the plan, its sizes, and the matrices of a subgroup by name. */

import { range } from './emit.ts';
import { type MatrixPlan, matrixSizes } from './matrix-configuration.ts';
import { fourOf } from './matrix-memory.ts';
import { type MatrixText, matrixText } from './matrix-text.ts';

export interface MatrixParts {
  headDim: number;
  plan: MatrixPlan;
  sizes: ReturnType<typeof matrixSizes>;
  text: MatrixText;
  arrays: ReturnType<typeof arraysOf>;
  /** Four of the matrices' floats. */
  four: ReturnType<typeof fourOf>;
  /** Blocks of a subgroup's rows, of dims of q and K, and of the output's columns. */
  rowBlocks: number[];
  dims: number[];
  columns: number[];
}

/** The arrays of a kernel in workgroup memory. */
const arraysOf = (component: 'f32' | 'f16') =>
  ({
    /** q, K and V in turns. */
    stage: { name: 'stage', component },
    queries: { name: 'queries', component, perSubgroup: true },
    scores: { name: 'scores', component: 'f32', perSubgroup: true },
    weights: { name: 'weights', component, perSubgroup: true },
  }) as const;

/** The parts of the kernel for a head dimension and a plan. */
export function matrixParts(headDim: number, plan: MatrixPlan): MatrixParts {
  const { config, shape, lanes } = plan;
  const sizes = matrixSizes(headDim, plan);
  return {
    ...{ headDim, plan, sizes },
    text: matrixText(shape, plan.spelling, { lanes, subgroups: config.subgroups, rowLanes: sizes.rowLanes }),
    arrays: arraysOf(shape.component),
    four: fourOf(shape.component),
    rowBlocks: range(config.rows / shape.m),
    dims: range(headDim / shape.k),
    columns: range(headDim / shape.n),
  };
}

/** Index of a matrix by its first row, known here, and its first column in vec4s: compilers then see that it lies in bounds. */
export const matrixAt = (row: number, stride: string, column: string) =>
  row === 0 ? column : `${row}u * ${stride} + ${column}`;
