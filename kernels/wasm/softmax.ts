/**
 * The online softmax of a row group: row maximum, rescale, exponentials and row sum over the scores of one key block.
 */

import type { Features } from '../device.ts';
import { type BaseTwo, baseTwo } from './base-two.ts';
import type { WasmConfiguration } from './configuration.ts';
import { emitExp2, exp2Constants, exp2Locals } from './exp2.ts';
import { emitBlockMaxima, emitRescale } from './row-maximum.ts';
import { emitRowPass } from './row-pass.ts';
import { PARTIAL_BYTES, statisticsLayout } from './scratch.ts';
import { func, locals, numbered, params } from './text/control.ts';
import { f32x4, type MultiplyAdd, memory, multiplyAddOf, splat } from './text/vectors.ts';
import { type Code, downwards, i32, note, op, phase, set, times } from './text/wat.ts';

const DECLARATIONS: Code = [
  params('i32', '$scores', '$count', '$stats', '$stats0'),
  locals('i32', '$row', '$lastRow'),
  locals('v128', '$t0', '$t1'),
  locals('i32', '$partial', '$rowStats', '$p', '$end'),
  locals('v128', '$log2e', '$shift'),
];

/**
 * $softmax: the $count scores (a multiple of the panel width) of each of the tile's rows from $scores become weights
 * e^(s - m); m, l and the rescale factor e^(m_before - m) of the rows are at $stats in the block of statistics at
 * $stats0.
 *
 * m' = max(m, s), l' = l e^(m - m') + sum of weights. Maxima are folded four rows at a time, a lane each; sums stay in
 * 8 lanes to the end.
 */
export function emitSoftmax(config: WasmConfiguration, features: Features): Code {
  const multiplyAdd = multiplyAddOf(features);
  const base = baseTwo(features);
  const at = statisticsLayout(config);
  const rescaledSums: Code = [
    note('l = l * rescale'),
    set('$shift', memory.loadSplat('$rowStats', at.rescale)),
    times(2, (i) => set(`$t${i}`, f32x4.mul('$shift', rowSum(i)))),
  ];
  return func(
    [
      `$softmax: the $count scores of each of ${config.rows} rows from $scores become weights e^(score - m).`,
      'The statistics of these rows begin at $stats, those of all rows at $stats0.',
    ],
    '$softmax',
    [DECLARATIONS, locals('v128', '$before', '$after', '$y0', '$y1'), exp2Locals(numbered('$x', 4))],
    emitConstants(config, true),
    phase('row maximum: the largest score of each row of the block, in two vectors', emitBlockMaxima(config)),
    phase(
      'rescale: the new maxima, and what the sums before them are multiplied by',
      emitRescale(config, base, multiplyAdd),
    ),
    emitWeights(config, { base, multiplyAdd, clamp: true, sums: rescaledSums }),
  );
}

/** $softmax_bounded: the same where logits are bounded: m stays as it is, and no exponent needs raising. */
export function emitSoftmaxBounded(config: WasmConfiguration, features: Features): Code {
  const at = statisticsLayout(config);
  const one = (four: number) => memory.store('$stats', splat(1), at.rescale + four * 16);
  const sums: Code = [note('l'), times(2, (i) => set(`$t${i}`, rowSum(i)))];
  return func(
    [
      '$softmax_bounded: the same where the logits are bounded:',
      'm stays as it is, and no exponent is so low that it must be raised.',
    ],
    '$softmax_bounded',
    [DECLARATIONS, exp2Locals(numbered('$x', abreast(config)), false)],
    emitConstants(config, false),
    phase('rescale: nothing to multiply by', times(Math.ceil(config.rows / 4), one)),
    emitWeights(config, { base: baseTwo(features), multiplyAdd: multiplyAddOf(features), clamp: false, sums }),
  );
}

const emitConstants = (config: WasmConfiguration, clamp: boolean): Code => [
  exp2Constants(clamp),
  set('$log2e', splat(Math.LOG2E)),
  set('$lastRow', i32.add('$scores', config.rows * config.blockKeys * 4)),
];

/**
 * Vectors whose exponentials are taken side by side: two pairs where the panel has them and the pairs share registers.
 */
const abreast = (config: WasmConfiguration) => Math.min(4, config.vectors);

/** A part of a row's l, in four lanes. */
const rowSum = (i: number) => memory.load('$partial', i * 16);

interface Weights {
  base: BaseTwo;
  multiplyAdd: MultiplyAdd;
  clamp: boolean;
  /** Sets $t0 and $t1 to what l begins with. */
  sums: Code;
}

/** Phases exponentials and row sum: weights in place of the scores, and l with them added. */
function emitWeights(config: WasmConfiguration, { base, multiplyAdd, clamp, sums }: Weights): Code {
  const at = statisticsLayout(config);
  const count = abreast(config);
  const names = numbered('$x', count);
  const place = (group: number, i: number) => (group * count + i) * 16;
  const step = (group: number): Code => [
    note('exponentials: x = (score - m) log2(e), weight = 2^x'),
    names.map((x, i) => set(x, base.exponent(memory.load('$p', place(group, i))))),
    emitExp2(names, multiplyAdd, clamp),
    downwards(count, (i) => memory.store('$p', `$x${i}`, place(group, i))),
    phase('row sum'),
    times(count, (i) => set(`$t${i % 2}`, f32x4.add(`$t${i % 2}`, `$x${i}`))),
  ];
  return phase(
    'exponentials and row sum: a panel width at a time, weights in place of scores',
    set('$rowStats', '$stats'),
    emitRowPass(config, {
      label: '$weights',
      partial: rowSumsOf(config),
      before: [sums, set('$shift', memory.loadSplat('$rowStats', at.shift)), set('$rowStats', i32.add('$rowStats', 4))],
      step: times(config.vectors / count, step),
    }),
  );
}

/** Where the l of the group at $stats begin: groups are as far apart as their rows take. */
function rowSumsOf(config: WasmConfiguration) {
  const at = statisticsLayout(config);
  const scale = (config.rows * PARTIAL_BYTES) / at.groupBytes;
  return op('i32.add', i32.add('$stats0', at.rowSums), i32.mul(i32.sub('$stats', '$stats0'), scale));
}
