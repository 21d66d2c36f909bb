/** WAT of `bounded`: whether the norms of q and k keep every logit of a work tile so small that its softmax needs no maxima. */

import { add, get, i32, laneSum, loop, set, splat, times } from './wat.ts';

/**
 * |q . k| <= |q| |k| (Cauchy and Schwarz). Where the largest norms of a unit give at most this for every logit, m can begin
 * at 0, and weights e^(s - m) lie between e^-48 (a masked block may raise m to 24) and e^24: in the middle of the range of f32, so
 * that blocks without a mask need no maxima, and exponents no lower limit. Normal
 * inputs of unit variance stay below 18 at head dimension 128; q and k normalised to unit mean square give 11.3.
 */
export const LOGIT_BOUND = 24;

/**
 * $bounded: 1 where scale^2 |q|^2 |k|^2 is at most LOGIT_BOUND^2 for each of the $rows rows at $q and each key of panels $first
 * to $last (exclusive), of which $norms holds the largest |k|^2. NaN or infinity anywhere makes it 0.
 */
export function emitBounded(headDim: number): string {
  return `
(func $bounded (param $q i32) (param $rows i32) (param $norms i32) (param $first i32) (param $last i32) (result i32)
(local $r i32) (local $d i32) (local $panel i32) (local $squares v128) (local $rowNorm f32) (local $keyNorm f32)
${loop(
  'r',
  i32(0),
  get('rows'),
  i32(1),
  `
${set('squares', splat(0))}
${loop(
  'd',
  i32(0),
  i32(headDim * 4),
  i32(64),
  times(4, (i) => `${set('squares', `(f32x4.add ${get('squares')} (f32x4.mul ${element(i)} ${element(i)}))`)}`),
)}
${set('rowNorm', `(f32.max ${get('rowNorm')} ${laneSum('squares')})`)}
${set('q', add(get('q'), '(global.get $qStride)'))}`,
)}
${loop(
  'panel',
  get('first'),
  get('last'),
  i32(1),
  set('keyNorm', `(f32.max ${get('keyNorm')} (f32.load ${add(get('norms'), `(i32.shl ${get('panel')} ${i32(2)})`)}))`),
)}
(f32.le
(f32.mul (f32.mul (f32.mul (global.get $scale) (global.get $scale)) ${get('rowNorm')}) ${get('keyNorm')})
(f32.const ${LOGIT_BOUND ** 2})))`;
}

/** Four dims of the row at $q from dim $d / 4 on. */
const element = (i: number) => `(v128.load offset=${i * 16} ${add(get('q'), get('d'))})`;
