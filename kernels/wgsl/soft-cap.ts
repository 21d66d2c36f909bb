/** Soft-cap and attention sinks in WGSL: what they add to the declarations that all kernels share, and to the phases. */

import type { ScoreOption } from '../../src/problem/scores.ts';
import type { Workload } from '../../src/problem/workload.ts';
import type { WgslConfiguration } from './configuration.ts';
import { LANES, phase, range } from './emit.ts';

/** What the WGSL kernels have between scale and softmax. */
export const WGSL_SCORES: readonly ScoreOption[] = ['softcap', 'sinks'];
/** What a workload asks of it. */
export type WgslScores = Pick<Workload, 'softcap' | 'sinks'>;
/** That of one that asks for nothing. */
export const PLAIN_SCORES: WgslScores = {};

/**
 * tanh as in kernels/wasm/soft-cap.ts, which says where it is from; WGSL's own may be off by 1e-5, and may overflow.
 */
const SMALL = 0.625;
const TERMS = [-5.70498872745e-3, 2.06390887954e-2, -5.37397155531e-2, 1.33314422036e-1, -3.33332819422e-1];

const float = (value: number) => (Number.isInteger(value) ? `${value}.0` : String(value));

/** WGSL functions for what is asked of the scores. */
export function scoreFunctions({ softcap = null, sinks = false }: WgslScores, group: number): string {
  return `${softcap === null ? '' : cappedFunction(softcap)}${sinks ? sinkFunction(group) : ''}`;
}

function cappedFunction(softcap: number): string {
  const polynomial = TERMS.slice(1).reduce((sum, term) => `fma(${sum}, square, vec4f(${term}))`, `vec4f(${TERMS[0]})`);
  return `
// Soft-cap: C tanh(s / C) of four scores, C = ${softcap}; times log2(e), as the scores are.
const softCap = ${float(Math.fround(softcap * Math.LOG2E))};
fn capped(s: vec4f) -> vec4f {
  // tanh is 1 in 32 bits from 10 on, long before the power overflows.
  let x = clamp(s / softCap, vec4f(-10.0), vec4f(10.0));
  let large = 1.0 - 2.0 / (exp2(abs(x) * ${2 * Math.LOG2E}) + 1.0);
  let square = x * x;
  let small = fma(x * square, ${polynomial}, x);
  return softCap * select(sign(x) * large, small, abs(x) < vec4f(${SMALL}));
}
`;
}

const sinkFunction = (group: number) => `
// Attention sinks: the logit of row \`row\` of a tile, in base 2; it weighs in l and has no value.
fn sinkOf(tile: WorkTile, row: u32) -> f32 {
  return sinks[tile.head${group > 1 ? ' + row % group' : ''}];
}
`;

/** Functions of wgsl-flash that cap the scores of a thread, in its own types. */
export function softCapFunctions({ softcap = null }: WgslScores, config: WgslConfiguration): string {
  if (softcap === null) return '';
  return `
fn capRows(s: Rows) -> Rows {
  return Rows(${range(config.rows / 4)
    .map((v) => `capped(s.r${v})`)
    .join(', ')});
}
fn capQuad(s: Quad) -> Quad {
  return Quad(${LANES.map((lane) => `capRows(s.${lane})`).join(', ')});
}
`;
}

const CAP = 'S = C tanh(S / C).';

/** The phase of wgsl-flash, over the scores s<four keys> of a thread. */
export const emitSoftCap = ({ softcap = null }: WgslScores, config: WgslConfiguration): string =>
  softcap === null
    ? ''
    : phase(
        'soft-cap',
        CAP,
        range(config.keys / 4).map((g) => `s${g} = capQuad(s${g});`),
      );

/** The phase of wgsl-rows, over vec4s of scores. */
export const emitSoftCapOf = ({ softcap = null }: WgslScores, names: string[]): string[] =>
  softcap === null
    ? []
    : [
        phase(
          'soft-cap',
          CAP,
          names.map((name) => `${name} = capped(${name});`),
        ),
      ];

/** Expression: one score, capped where that is asked for. */
export const cappedScore = ({ softcap = null }: WgslScores, score: string): string =>
  softcap === null ? score : `capped(vec4f(${score})).x`;
