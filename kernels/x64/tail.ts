/** Rows of tensors as vectors: whole ones, and at the end a part of one, which touches no memory beyond the row. */

import type { Vectors } from './shape.ts';
import { vector } from './shape.ts';
import { at, type Code, type General, type Memory, masked, note, op, type Vector } from './text/instruction.ts';

/** Vectors of a row of `dims` elements of a tensor: byte offset, and whether less than a whole one is left. */
export function vectorsOf(shape: Vectors, dims: number): { offset: number; part: boolean }[] {
  const elements = elementsOf(shape);
  const count = Math.ceil(dims / elements);
  return Array.from({ length: count }, (_, i) => ({ offset: i * shape.vectorBytes, part: (i + 1) * elements > dims }));
}

/** Elements of a tensor in a vector. */
const elementsOf = ({ vectorBytes, elementBytes = 4 }: Vectors) => vectorBytes / elementBytes;

/** The last register of those that every instruction can name; holds the lanes of a part of a vector with AVX2. */
const partLanes = (shape: Vectors) => vector(shape, 15);

/**
 * Code that must run before loadPart and storePart of rows of `dims` elements: the lanes that are left, as mask k1, or with
 * AVX2 as the sign bits of a register. Changes rax.
 */
export function preparePart(shape: Vectors, dims: number, elements = elementsOf(shape)): Code {
  const left = dims % elements;
  if (left === 0) return [];
  if (shape.config.set !== 'avx2') return [op('mov', 'eax', 2 ** left - 1), op('kmovd', 'k1', 'eax')];
  const bytes = shape.vectorBytes;
  return [
    note(`the first ${left} of ${shape.lanes} lanes, by way of the stack`),
    op('sub', 'rsp', bytes),
    Array.from({ length: shape.lanes / 2 }, (_, pair) => [
      op('mov', 'eax', 2 * pair < left ? 0xffffffff : 0),
      op('mov', at('rsp', pair * 8), 'eax'),
      op('mov', 'eax', 2 * pair + 1 < left ? 0xffffffff : 0),
      op('mov', at('rsp', pair * 8 + 4), 'eax'),
    ]),
    op('vmovups', partLanes(shape), at('rsp')),
    op('add', 'rsp', bytes),
  ];
}

/** Loads a vector, zeros in the lanes beyond the row. */
export const load = (
  shape: Vectors,
  target: Vector,
  base: General,
  { offset, part }: { offset: number; part: boolean },
): Code => loadFrom(shape, target, at(base, offset), part);

/** The same from any place. */
export function loadFrom(shape: Vectors, target: Vector, from: Memory, part: boolean): Code {
  if (!part) return op('vmovups', target, from);
  return shape.config.set !== 'avx2'
    ? masked('k1', op(shape.elementBytes === 2 ? 'vmovdqu16' : 'vmovups', target, from))
    : op('vmaskmovps', target, partLanes(shape), from);
}

/** Stores a vector, nothing of it beyond the row. */
export function store(
  shape: Vectors,
  base: General,
  { offset, part }: { offset: number; part: boolean },
  source: Vector,
): Code {
  const to = at(base, offset);
  if (!part) return op('vmovups', to, source);
  return shape.config.set !== 'avx2'
    ? masked('k1', op('vmovups', to, source))
    : op('vmaskmovps', to, partLanes(shape), source);
}
