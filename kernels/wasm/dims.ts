/** The head dimensions of a module: those of the tensors, and those that packed copies and private memory are padded to. */

import { valueDim, type Workload } from '../../src/problem/workload.ts';
import { panelWidth, type WasmConfiguration } from './configuration.ts';
import type { Name } from './text/wat.ts';

/** Head dimensions of a workload. */
export type HeadDims = Pick<Workload, 'headDim' | 'headDimV'>;

/**
 * Floats of a row. Zeros pad q and K to whole steps of the first product, and the output sums to whole panels of the
 * second; no tensor is padded, nor copied for it.
 */
export interface WasmDims {
  /** Of the tensors q and k. */
  q: number;
  /** Of the tensors v and o. */
  v: number;
  /** Of q in private memory and of packed K. */
  paddedQ: number;
  /** Of the output sums. */
  paddedV: number;
  /** Of packed V: where it is [key][dim], as in the tensor, its rows are not padded. */
  packedV: number;
  /** Whether v and o have strides of their own, since their rows are not as long as those of q and k. */
  ownV: boolean;
}

const roundUp = (value: number, multiple: number) => Math.ceil(value / multiple) * multiple;

/** Those of a workload in a configuration. */
export function wasmDims(w: HeadDims, config: WasmConfiguration): WasmDims {
  const [q, v] = [w.headDim, valueDim(w)];
  const paddedV = roundUp(v, panelWidth(config));
  return {
    ...{ q, v, paddedV },
    // K is transposed four dims at a time.
    paddedQ: roundUp(q, Math.max(4, config.unroll)),
    packedV: config.values === 'rows' ? v : paddedV,
    ownV: v !== q,
  };
}

/** The globals that hold the strides of v and of o. */
export const strideOfV = ({ ownV }: Pick<WasmDims, 'ownV'>): Name => (ownV ? '$vStride' : '$kvStride');
export const strideOfO = ({ ownV }: Pick<WasmDims, 'ownV'>): Name => (ownV ? '$oStride' : '$qStride');

/** What a host has to know of padding; nothing where the packed copies are as long as the tensors. */
export const packedDimsOf = ({ q, v, paddedQ, packedV }: WasmDims) =>
  paddedQ === q && packedV === v ? {} : { packedDims: { k: paddedQ, v: packedV } };
