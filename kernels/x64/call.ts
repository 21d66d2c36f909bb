/**
 * The call block: what a function of a kernel is told, and its own variables, 64-bit numbers at rbx. One thread has one
 * block; addresses in it are whole pointers.
 */

import { at, type Memory } from './text/instruction.ts';

/** Set by the host, once or for each call. Strides, from one token to the next, are in bytes; `scale` is a float. */
export const GIVEN = [
  'q',
  'o',
  'k',
  'v',
  'packedK',
  'packedV',
  'scratch',
  'zeros',
  'rows',
  'firstRow',
  'firstPanel',
  'endPanel',
  'seqKv',
  'keysPadded',
  'windowLow',
  'windowHigh',
  'qStride',
  'oStride',
  'kStride',
  'vStride',
  'scale',
  'sink',
  // Where K and V are read where they lie (few-rows.ts).
  'partials',
  'parts',
  'partStride',
  'firstKey',
  'endKey',
  'heads',
] as const;
export type Given = (typeof GIVEN)[number];
/** Variables of the functions. */
const OWN = [
  'key',
  'lastKey',
  'blockLength',
  'row',
  'low',
  'high',
  'maxima',
  'count',
  'head',
  'partial',
  'qHead',
  'kHead',
  'vHead',
  'kAhead',
  'vAhead',
] as const;

const SLOTS = [...GIVEN, ...OWN];
export type Slot = (typeof SLOTS)[number];

export const slotOffset = (name: Slot): number => 8 * SLOTS.indexOf(name);
/** A slot in memory. */
export const slot = (name: Slot): Memory => at('rbx', slotOffset(name));
export const CALL_BYTES = 8 * SLOTS.length;
