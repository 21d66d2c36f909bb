/** The numbers of the program for few query rows: row lanes, tiles, and where things lie in scratch and in partial results. */

import { groupSize, valueDim, type Workload } from '../../src/problem/workload.ts';
import type { InstructionSet } from '../device.ts';
import { fewRowsSplit } from '../wasm/few-rows-layout.ts';
import { LANES } from './configuration.ts';
import { exp2Constants } from './exp2-constants.ts';
import { roundUp, type Vectors } from './shape.ts';
import { softCapConstants } from './soft-cap-constants.ts';
import type { Vector } from './text/instruction.ts';

/** The query rows of a KV head: `tokens` of each of `group` query heads, ordered [query head][token]. */
export interface FewRows extends Vectors {
  config: { set: InstructionSet };
  /** Of q and k. */
  headDim: number;
  /** Of v and o. */
  headDimV: number;
  /** What scores are capped at. */
  softcap: number | null;
  tokens: number;
  group: number;
  rows: number;
  /** KV heads of a piece of work at most. */
  heads: number;
  /** Rows padded to 4, 8 or 16, a lane each: the scores of a key. */
  rowLanes: number;
  /** Vectors that the statistics of the rows take; where rows fill less than a vector, each stands in it several times. */
  rowVectors: number;
  /** Floats of a row of sums: whole vectors. */
  oDims: number;
  /** Offsets in a thread's private memory, bytes. */
  private: { q: number; headBytes: number; scores: number; rowSums: number; constants: number; bytes: number };
  /** Offsets in the partial result of a part of the keys, for one KV head: sums, then m, the rescale factors and l. */
  partial: { maximum: number; rescale: number; rowSums: number; bytes: number };
}

/** Keys of one step of the online softmax. */
export const STEP_KEYS = 32;

/** The query rows of a KV head of a workload, and the KV heads of a piece of work, which the workload alone decides. */
export function fewRowsShape(w: Workload, set: InstructionSet): FewRows {
  const lanes = LANES[set];
  const vectorBytes = lanes * 4;
  const [headDim, headDimV, tokens, group] = [w.headDim, valueDim(w), w.seqQuery, groupSize(w)];
  const heads = fewRowsSplit(w).splitHeads;
  const rows = tokens * group;
  const rowLanes = rows <= 4 ? 4 : rows <= 8 ? 8 : 16;
  const rowVectors = Math.max(1, rowLanes / lanes);
  const oDims = roundUp(headDimV, lanes);
  const headBytes = rows === 1 ? roundUp(headDim, lanes) * 4 : headDim * rowLanes * 4;
  const statistics = rowVectors * vectorBytes;
  const scores = roundUp(heads * headBytes, 64);
  const rowSums = scores + STEP_KEYS * rowLanes * 4;
  const { softcap = null } = w;
  const constants = [...exp2Constants, ...(softcap === null ? [] : softCapConstants(softcap))];
  const constantsAt = rowSums + statistics;
  const sums = rows * oDims * 4;
  return {
    ...{ config: { set }, lanes, vectorBytes, constants },
    ...{ headDim, headDimV, softcap, tokens, group, heads, rows, rowLanes, rowVectors, oDims },
    private: {
      ...{ q: 0, headBytes, scores, rowSums, constants: constantsAt },
      bytes: constantsAt + constants.length * vectorBytes,
    },
    partial: {
      maximum: sums,
      rescale: sums + statistics,
      rowSums: sums + 2 * statistics,
      bytes: roundUp(sums + 3 * statistics, 64),
    },
  };
}

/** Registers that hold the scores of one key. */
export const rowRegisters = ({ rowLanes, lanes }: FewRows): number => Math.max(1, rowLanes / lanes);
/** Bytes of such a register. */
export const rowRegisterBytes = ({ rowLanes, lanes }: FewRows): number => Math.min(rowLanes, lanes) * 4;

/** Register i, as wide as the scores of a key are. */
export function rowRegister(shape: FewRows, i: number): Vector {
  const width = rowRegisterBytes(shape);
  return `${width === 64 ? 'z' : width === 32 ? 'y' : 'x'}mm${i}`;
}

/**
 * Keys whose scores are summed at a time: enough sums to hide the latency of one, and no more rows of K than a set of the
 * first-level cache has ways, since rows may lie a power of two apart.
 */
export const tileKeys = (shape: FewRows): number => 8 / rowRegisters(shape);
