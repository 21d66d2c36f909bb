/** The inner loop of both products: a register tile of rows by vectors, one step of which multiplies a column by a row. */

import type { Shape } from './shape.ts';
import { vector } from './shape.ts';
import { type Labels, repeatWhile } from './text/control.ts';
import { at, type Code, note, op, times, type Vector } from './text/instruction.ts';

/** Steps that a trip of the loop takes. */
export const UNROLL = 4;

const LINE_BYTES = 64;
/**
 * How far ahead the right side is fetched, with vectors of a cache line. The CPU's own fetching ends with each page of 4 KiB: 1.4 % at
 * head dimension 128, nothing with vectors of half a line (docs/native-attention.md). Beyond the end it is no fault.
 */
const AHEAD_BYTES = 2048;

/** The registers of a tile: sums by row and vector, then the vectors of a step, then one broadcast. */
export const sum = (shape: Shape, row: number, v: number): Vector => vector(shape, row * shape.config.vectors + v);
const right = (shape: Shape, v: number): Vector => vector(shape, shape.config.rows * shape.config.vectors + v);
const left = (shape: Shape): Vector => vector(shape, (shape.config.rows + 1) * shape.config.vectors);

/**
 * sum[r][v] += left[r][step] * right[step][v]. Rows of the left side begin at rsi, `leftBytes` apart, a float (or a pair of bf16) a
 * step; the right side is at rdx, a panel's width of them a step. `steps` is a number, or rcx, which must be a multiple of UNROLL.
 * Changes rcx, rsi and rdx.
 */
export function emitProducts(shape: Shape, labels: Labels, leftBytes: number, steps: number | 'rcx'): Code {
  const trips = steps === 'rcx' ? undefined : Math.floor(steps / UNROLL);
  const tail = steps === 'rcx' ? 0 : steps % UNROLL;
  const label = labels('products');
  const trip: Code = [
    times(UNROLL, (step) => emitStep(shape, leftBytes, step)),
    op('add', 'rsi', UNROLL * 4),
    op('add', 'rdx', UNROLL * shape.width * 4),
    op('sub', 'rcx', UNROLL),
  ];
  return [
    note(`for each step: ${shape.config.rows} x ${shape.config.vectors} sums += left * right`),
    trips === undefined ? [] : op('mov', 'rcx', trips * UNROLL),
    trips === 0 ? [] : repeatWhile(label, trip, 'rcx', 'jg', 0),
    times(tail, (step) => emitStep(shape, leftBytes, step)),
  ];
}

function emitStep(shape: Shape, leftBytes: number, step: number): Code {
  const { rows, vectors } = shape.config;
  return [
    shape.vectorBytes === LINE_BYTES
      ? times(vectors, (v) => op('prefetcht0', at('rdx', AHEAD_BYTES + (step * vectors + v) * LINE_BYTES)))
      : [],
    times(vectors, (v) => op('vmovups', right(shape, v), at('rdx', (step * vectors + v) * shape.vectorBytes))),
    times(rows, (r) => [
      op('vbroadcastss', left(shape), at('rsi', r * leftBytes + step * 4)),
      times(vectors, (v) =>
        op(shape.bf16 ? 'vdpbf16ps' : 'vfmadd231ps', sum(shape, r, v), right(shape, v), left(shape)),
      ),
    ]),
  ];
}
