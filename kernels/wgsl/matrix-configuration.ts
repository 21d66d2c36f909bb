/** The configuration of wgsl-matrix, and what follows from it on a device's matrices: rows, lanes, workgroup memory. */

import { z } from 'zod';
import type { SubgroupMatrix, SubgroupMatrixShape } from '../device.ts';
import { count } from '../tunable.ts';
import type { RowDims } from './row-dims.ts';
import type { Storage } from './storage.ts';

export const matrixConfigurationSchema = z.strictObject({
  /** Subgroups of a workgroup: they share what is staged of K and V. */
  subgroups: count,
  /**
   * Subgroups that share query rows, a team; divides `subgroups`. Of each block a subgroup computes the scores of its part of the keys,
   * and it owns its part of the output's columns: O takes so many times fewer registers, and a matrix of K or V is loaded by one of them.
   */
  team: count.default(1),
  /** Query rows of a team, a multiple of the matrices' rows: each matrix of K and V is used for all of them. */
  rows: count,
  /** Keys of a block. */
  keys: count,
  /** Matrices of K loaded from the tensor itself, or from a copy of the block in workgroup memory. */
  k: z.enum(['direct', 'staged']),
  /** Those of V likewise; the copy is transposed. */
  v: z.enum(['direct', 'staged']).default('staged'),
  /** Matrices of q held in registers, or loaded from workgroup memory in every block. */
  q: z.enum(['registers', 'workgroup']),
  /**
   * In which order a step loads its matrices. 'q-first': those of q, then of K; one of V with its products. 'k-first': those of K, then
   * one of q with its products; all of V. Which takes fewer moves from register to register is the compiler's.
   */
  loads: z.enum(['q-first', 'k-first']).default('q-first'),
  /** 16 bytes after each row in workgroup memory, so that rows begin in different banks, or none. */
  padding: z.enum(['vector', 'none']).default('vector'),
});

export type MatrixConfiguration = z.infer<typeof matrixConfigurationSchema>;

/** Everything that the text of wgsl-matrix depends on beside the workload. */
export interface MatrixPlan {
  config: MatrixConfiguration;
  shape: SubgroupMatrixShape;
  spelling: SubgroupMatrix['spelling'];
  /** Invocations of a subgroup. */
  lanes: number;
  storage: Storage;
  dims: RowDims;
  /** The head dimension of the matrices: both of `dims` with zeros after them where it is more. */
  headDim: number;
  /** True where keys are as many as a block has: each block is then read whole, the last one from so much sooner. */
  whole: boolean;
}

/** Whether rows of a plan's tensors are filled up with zeros while they are staged. */
export const isFilled = ({ dims, headDim }: MatrixPlan) => dims.headDim !== headDim || dims.headDimV !== headDim;

/** Sizes that follow from a plan; those of workgroup memory count vec4s of the matrices' floats, of f32 for scores. */
export function matrixSizes({ config, shape, lanes, headDim }: MatrixPlan) {
  const bytes = shape.component === 'f32' ? 4 : 2;
  const padded = config.padding === 'vector';
  const padding = padded ? 16 / bytes : 0;
  const teams = config.subgroups / config.team;
  const blockRows = teams * config.rows;
  const keyStride = (headDim + padding) / 4;
  const valueStride = (config.keys + padding) / 4;
  const scoreStride = config.keys / 4 + Number(padded);
  /** Rows of a subgroup in the softmax; lanes that share one of them, or rows that a lane has, and vec4s of scores that it has of each. */
  const softmaxRows = config.rows / config.team;
  const rowLanes = Math.max(1, Math.floor(lanes / softmaxRows));
  const laneRows = Math.max(1, softmaxRows / lanes);
  const laneVectors = config.keys / 4 / rowLanes;
  const stage = Math.max(
    config.k === 'staged' ? config.keys * keyStride : 0,
    config.q === 'registers' ? blockRows * keyStride : 0,
    config.v === 'staged' ? headDim * valueStride : 0,
  );
  /** Of one team. */
  const queries = config.q === 'workgroup' ? config.rows * keyStride : 0;
  const scores = config.rows * scoreStride;
  const weights = config.rows * valueStride;
  const workgroupBytes = (stage + teams * (queries + weights)) * 4 * bytes + teams * scores * 16 + 4;
  return {
    ...{ threads: config.subgroups * lanes, teams, blockRows, keyStride, valueStride, scoreStride, workgroupBytes },
    ...{ softmaxRows, rowLanes, laneRows, laneVectors, stage, queries, scores, weights },
  };
}

/** Floats of S, O and, where it stays in registers, q that a lane keeps at least: a matrix is spread over the lanes of its subgroup. */
export function floatsOfLane({ config, shape, lanes, headDim }: MatrixPlan): number {
  const queries = config.q === 'registers' ? (headDim * (shape.component === 'f32' ? 4 : 2)) / 4 : 0;
  return Math.ceil((config.rows * ((headDim + config.keys) / config.team + queries)) / lanes);
}
