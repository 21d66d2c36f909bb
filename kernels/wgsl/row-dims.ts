/**
 * The head dimensions of a text, any from 1 on, and how it names the rows of its tensors.
 *
 * A row of a multiple of four elements is read as vec4s, and indices count those. Other rows begin anywhere: their elements are read one by
 * one, indices count elements, and what lies past a row's end is zeros. So no tensor is copied to be padded.
 */

import { valueDim, type Workload } from '../../src/problem/workload.ts';

/** Elements of a row of q and k, and of one of v and o. */
export interface RowDims {
  headDim: number;
  headDimV: number;
}

/** One for all tensors. */
export const bothDims = (headDim: number): RowDims => ({ headDim, headDimV: headDim });
/** Those of a workload. */
export const rowDimsOf = (w: Workload): RowDims => ({ headDim: w.headDim, headDimV: valueDim(w) });

/** Whether rows of so many elements are read as vec4s. */
export const isWhole = (dim: number) => dim % 4 === 0;
/** vec4s that hold a row, the last of them perhaps in part. */
export const columnsOf = (dim: number) => Math.ceil(dim / 4);
/** Whether v and o have rows of their own length. */
export const isOwnV = ({ headDim, headDimV }: RowDims) => headDim !== headDimV;

/** WGSL constant: vec4s of a row of v and o. */
export const columnsOfV = (dims: RowDims) => (isOwnV(dims) ? 'valueColumns' : 'columns');

/** WGSL arguments: four elements of the row that begins at `row`, of `dim` elements. */
export const fourAt = (dim: number, row: string, column: string) =>
  isWhole(dim) ? `${row} + ${column}` : `${row}, ${column}`;

/** WGSL arguments: the four of a tile's output. */
export const outputFour = (dims: RowDims, row: string, column: string) =>
  fourAt(dims.headDimV, `${isOwnV(dims) ? 'outputIndex' : 'rowIndex'}(tile, ${row})`, column);
/** WGSL arguments: the four of a key, and of a value. */
export const keyFour = ({ headDim }: RowDims, key: string, column: string) =>
  fourAt(headDim, `tile.kv + ${key} * tile.kvStride`, column);
export const valueFour = (dims: RowDims, key: string, column: string) =>
  fourAt(dims.headDimV, isOwnV(dims) ? `tile.v + ${key} * tile.vStride` : `tile.kv + ${key} * tile.kvStride`, column);
