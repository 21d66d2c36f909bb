/** The numbers that all phases share: vectors, register tile, padded dims, and where things lie in a thread's memory. */

import type { Workload } from '../../src/problem/workload.ts';

import type { CodeSet } from '../device.ts';

import { LANES, type TileConfiguration, usesTiles } from './configuration.ts';

import { type Constant, exp2Constants } from './exp2-constants.ts';
import { softCapConstants } from './soft-cap-constants.ts';
import { type Instruction, op, type Vector } from './text/instruction.ts';

/** What a workload asks of the scores and of their sum. */
export type X64Scores = Pick<Workload, 'softcap' | 'sinks'>;

/** The vectors of an instruction set. */
export interface Vectors {
  config: { set: CodeSet };
  /** Bytes of an element of the tensors, and of packed V; 4 where it is left out. */
  elementBytes?: 4 | 2;
  /** Floats of a vector. */
  lanes: number;
  vectorBytes: number;
  /** A vector each in a thread's private memory. */
  constants: readonly Constant[];
}

/** Sizes in elements unless they say bytes. */
export interface Shape extends Vectors {
  elementBytes: 4 | 2;
  config: TileConfiguration;
  /** bf16 tensors and operands, a pair of them in the place of a float. */
  bf16: boolean;
  /** Matrix products by tile registers (AMX). */
  tiles: boolean;
  /** Of q and k. */
  headDim: number;
  /** Of v and o. */
  headDimV: number;
  /** Keys of a panel of K, dims of a panel of V. */
  width: number;
  /** Steps of q k^T: floats or pairs of a row of packed K, with tiles padded to whole ones. */
  steps: number;
  /** Floats or pairs of a row of q in private memory: whole vectors. */
  qDims: number;
  /** Dims of a row of sums: whole panels. */
  oDims: number;
  /** Vectors that hold a lane for each row of a group. */
  rowVectors: number;
  /** Bytes from one row of scores to the next. */
  scoreBytes: number;
  /** What is between the products and the softmax. */
  scores: X64Scores;
  /** Offsets in a thread's private memory, bytes. */
  private: Private;
}

interface Private {
  q: number;
  sums: number;
  scores: number;
  /** l of each row, a vector of parts. */
  rowSums: number;
  /** m of each row group, a lane a row. */
  maxima: number;
  /** Of the row group at hand, a lane a row. */
  blockMaxima: number;
  rescale: number;
  shift: number;
  /** A vector each. */
  constants: number;
  /** What the tile registers are told to be. */
  tileConfig: number;
  bytes: number;
}

/** Scores of neighbouring rows lie this many floats further apart than the keys of a block, so that they fall on other cache sets. */
const SCORE_GAP = 16;

export function shapeOf(headDim: number, headDimV: number, config: TileConfiguration, scores: X64Scores = {}): Shape {
  const { softcap = null } = scores;
  const lanes = LANES[config.set];
  const tiles = usesTiles(config.set);
  const bf16 = tiles || config.set === 'avx512-bf16';
  const constants = [
    ...exp2Constants,
    ...(softcap === null ? [] : softCapConstants(softcap)),
    // Its size, which load q writes.
    ...(bf16 ? [{ name: 'scale', value: 0 }] : []),
  ];
  const vectorBytes = lanes * 4;
  const width = lanes * config.vectors;
  const words = bf16 ? Math.ceil(headDim / 2) : headDim;
  const qDims = roundUp(words, lanes);
  const rowVectors = Math.ceil(config.rows / lanes);
  const oDims = roundUp(headDimV, width);
  const scoreBytes = (config.blockKeys + SCORE_GAP) * 4;
  let top = 0;
  const take = (bytes: number) => {
    const offset = top;
    top += roundUp(bytes, 64);
    return offset;
  };
  const places = {
    q: take(config.blockRows * qDims * 4),
    sums: take(config.blockRows * oDims * 4),
    scores: take(config.rows * scoreBytes),
    rowSums: take(config.blockRows * vectorBytes),
    maxima: take((config.blockRows / config.rows) * rowVectors * vectorBytes),
    blockMaxima: take(rowVectors * vectorBytes),
    rescale: take(rowVectors * vectorBytes),
    shift: take(rowVectors * vectorBytes),
    constants: take(constants.length * vectorBytes),
    tileConfig: take(tiles ? 64 : 0),
  };
  return {
    config,
    bf16,
    tiles,
    headDim,
    headDimV,
    elementBytes: bf16 ? 2 : 4,
    lanes,
    vectorBytes,
    width,
    steps: tiles ? qDims : words,
    qDims,
    oDims,
    rowVectors,
    scoreBytes,
    scores,
    constants,
    private: { ...places, bytes: top },
  };
}

export const roundUp = (value: number, to: number) => Math.ceil(value / to) * to;

/** Vector register i of the set. */
export const vector = ({ config }: Vectors, i: number): Vector => `${config.set === 'avx2' ? 'y' : 'z'}mm${i}`;

/** Sets a vector to zeros. */
export function clear({ config }: Vectors, register: Vector): Instruction {
  return op(config.set === 'avx2' ? 'vxorps' : 'vpxord', register, register, register);
}
