/** Attention sinks: a logit of each query head that joins l, the sum of the weights, at the end. */

import type { Features } from '../device.ts';
import { emitExp2 } from './exp2.ts';
import { locals } from './text/control.ts';
import { f32x4, memory, multiplyAddOf, splat } from './text/vectors.ts';
import { type Code, type Name, note, type Operand, op, set } from './text/wat.ts';

const POWERS: Name[] = ['$e0', '$e1'];

/** The locals that emitSinkScale needs beside $scale and the constants of 2^x. */
export const sinkLocals = (): Code => [
  locals('v128', '$m', '$sinks', '$top'),
  POWERS.map((name) => locals('v128', name, `${name}n`, `${name}f`)),
];

/**
 * Sets $scale, l in all lanes, to what the output sums of the row are multiplied by:
 * e^(m - M) / (l e^(m - M) + e^(sink - M)), M = max(m, sink), for sums and l that are relative to m. `maximum` and `sink`
 * are four equal floats.
 */
export function emitSinkScale(maximum: Operand, sink: Operand, features: Features): Code {
  const exponent = (value: '$m' | '$sinks') => f32x4.mul(f32x4.sub(value, '$top'), splat(Math.LOG2E));
  return [
    note('the sink joins l: M = max(m, sink), e^(m - M) / (l e^(m - M) + e^(sink - M))'),
    set('$m', maximum),
    set('$sinks', sink),
    set('$top', f32x4.pmax('$m', '$sinks')),
    set('$e0', exponent('$m')),
    set('$e1', exponent('$sinks')),
    emitExp2(POWERS, multiplyAddOf(features)),
    set('$scale', op('f32x4.div', '$e0', f32x4.add(f32x4.mul('$scale', '$e0'), '$e1'))),
  ];
}

/** A sink in all lanes, from where it lies. */
export const sinkAt = (address: Operand) => memory.loadSplat(address);
