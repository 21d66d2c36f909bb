/** Wrong WGSL kernels: edits of what all of them share (masks, loads, writeO), and of the loop of each. */

import type { Kernel, Program } from '../../kernels/kernel.ts';
import { wgslFlash } from '../../kernels/wgsl/flash.ts';
import { wgslMatrix } from '../../kernels/wgsl/matrix.ts';
import { wgslNaive } from '../../kernels/wgsl/naive.ts';
import { wgslRows } from '../../kernels/wgsl/rows.ts';
import { MATRIX_LOOP, MATRIX_TEAMS } from './matrix.ts';
import { type Change, changed, edit, edited, type Mutant, Stale } from './mutant.ts';

const WRITE = /fn writeO\(i: u32, value: vec4f\) \{\n {2}o\[i\] = (.*);\n\}/;

/** The rows of a place come out as another expression of `value`. */
const written =
  (where: string, becomes: string): Change =>
  (text) =>
    edit(
      text,
      WRITE,
      `fn writeO(i: u32, right: vec4f) {
  let head = (i / columns) % params.queryHeads;
  let place = i / (columns * params.queryHeads);
  let batch = place / params.rowsPerHead;
  let own = place % params.rowsPerHead;
  let row = starts[own / tileTokens] + own % tileTokens;
  var value = right;
  if (${where}) {
    value = ${becomes};
  }
  o[i] = $1;
}`,
    );
const SHARED: Record<string, Change> = {
  'the last key is never seen': edited(/i32\(params\.seqKv\)\);/, 'i32(params.seqKv) - 1);'),
  'rows 500 to 563 by 1 %': written('row >= 500u && row < 564u', 'right * 1.01'),
  'one row in 128 by 1 %': written('row % 128u == 77u', 'right * 1.01'),
  'row 1000 of one head zero': written('row == 1000u && head == 1u', 'vec4f()'),
  'the last head by 1 %': written('head == params.queryHeads - 1u', 'right * 1.01'),
  'the last batch zero': written('batch == 1u', 'vec4f()'),
  'all by 1e-4': written('true', 'right * 1.0001'),
  'four dims of a row swapped': written('row == 321u && i % columns == 0u', 'right.yxzw'),
};

const OWN: [Kernel, Record<string, Change>][] = [
  [
    wgslNaive,
    {
      'V of the next key': edited(
        /readV\(tile\.kv \+ key \* tile\.kvStride \+ column\)/,
        'readV(tile.kv + min(key + 1u, params.seqKv - 1u) * tile.kvStride + column)',
      ),
    },
  ],
  [
    wgslRows,
    {
      'the row sum is not rescaled': edited(/ l0 \*= rescale0;/, ''),
      'the output is not rescaled': edited(/ o1_0 \*= rescale1;/, ''),
    },
  ],
  [
    wgslFlash,
    {
      'the row sum is not rescaled': edited(/ l = multiplyRows\(l, rescale\);/, ''),
      'the output is not rescaled': edited(/ o0 = multiplyQuad\(o0, rescale\);/, ''),
    },
  ],
  [wgslMatrix, MATRIX_LOOP],
];

/** What rounding may explain in wgsl-matrix, which runs in halves. */
function allowedOf(fault: string, kernel: Kernel): Pick<Mutant, 'allowed'> {
  if (kernel.name !== 'wgsl-matrix' || !/1e-4/.test(fault)) return {};
  const halves = 'an output in halves is rounded by five times as much';
  return { allowed: { '1k whole': halves, '1k, large logits': halves } };
}

/** A mutant by an edit of the last pass, the one that writes; of wgsl-naive's scores where its fault is there. */
const mutant = (family: string, right: Kernel, fault: string, change: Change): Mutant => ({
  ...{ family, fault, right },
  kernel: changed(right, (program: Program) => {
    if (program.kind !== 'wgsl') throw new Stale(`${right.name} is no WGSL program`);
    const first = /last key/.test(fault) && right === wgslNaive;
    const spoilt = first ? 0 : program.passes.length - 1;
    const passes = program.passes.map((pass, index) =>
      index === spoilt ? { ...pass, code: change(pass.code) } : pass,
    );
    return { ...program, passes };
  }),
  ...allowedOf(fault, right),
});

/** All of them. */
export function wgslMutants(): Mutant[] {
  return [
    ...OWN.map(([kernel, own]) => [kernel.name, kernel, { ...SHARED, ...own }] as const),
    ...MATRIX_TEAMS,
  ].flatMap(([family, kernel, faults]) =>
    Object.entries(faults).map(([fault, change]) => mutant(family, kernel, fault, change)),
  );
}
