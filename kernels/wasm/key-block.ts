/** One key block of a work tile: which row groups take which panels through the phases, and in which order. */

import { panelWidth, type WasmConfiguration } from './configuration.ts';
import type { WasmDims } from './dims.ts';
import { scratchLayout, statisticsLayout } from './scratch.ts';
import { call, loop, when } from './text/control.ts';
import { type Code, i32, note, op, phase, set } from './text/wat.ts';

/**
 * For each row group: scores, softmax, accumulate. A group's scores, q and sums stay in the first-level cache, the
 * panels of the block in the second, where the next group finds them. Row groups that see nothing of a panel skip it,
 * so only blocks on the diagonal do masked work. In order 'phases' each phase runs over all groups, and the panels are
 * the outer loop of both products.
 */
export function emitKeyBlock(dims: WasmDims, config: WasmConfiguration, capped: boolean): Code {
  const width = panelWidth(config);
  const scores = scoresOf(dims);
  const softmax = softmaxOf(dims, config, capped);
  const accumulate = accumulateOf(dims, config);
  const eachGroup = (...body: Code[]) => eachRowGroup(dims, config, ...body);
  if (config.order === 'groups') {
    return eachGroup(
      when('$groupKeys', [
        phase(SCORES, loop('$panel', 0, '$groupKeys', width, scores)),
        softmax,
        phase(ACCUMULATE, loop('$panel', 0, dims.paddedV, width, accumulate)),
      ]),
    );
  }
  const seesPanel = op('i32.lt_s', '$panel', '$groupKeys');
  return [
    phase(SCORES, loop('$panel', 0, '$keys', width, eachGroup(when(seesPanel, scores)))),
    phase('mask and softmax of all row groups', eachGroup(when('$groupKeys', softmax))),
    phase(ACCUMULATE, loop('$panel', 0, dims.paddedV, width, eachGroup(when('$groupKeys', accumulate)))),
  ];
}

const SCORES = 'scores: q k^T, a panel of keys at a time';
const ACCUMULATE = 'accumulate: sums = sums * rescale + weights v, a panel of dims at a time';

/** The row groups: $row, the first of a group, its statistics, its scores, and how many keys of the block it takes. */
function eachRowGroup(dims: WasmDims, config: WasmConfiguration, ...body: Code[]): Code {
  const at = scratchLayout(dims, config);
  const rowBytes = config.order === 'groups' ? 0 : config.blockKeys * 4;
  const lastRow = i32.add(i32.add('$firstRow', '$row'), config.rows - 1);
  return [
    note(`each group of ${config.rows} rows: its statistics, its scores, and how many keys of the block it takes`),
    set('$stats', i32.add('$scratch', at.stats)),
    loop(
      '$row',
      0,
      '$paddedRows',
      config.rows,
      set('$scores', i32.add(i32.add('$scratch', i32.mul('$row', rowBytes)), at.scores)),
      set('$groupKeys', call('$group_keys', lastRow, '$key', '$keys')),
      ...body,
      set('$stats', i32.add('$stats', statisticsLayout(config).groupBytes)),
    ),
  ];
}

/** Scores of the row group and the panel of keys at $panel. */
const scoresOf = ({ paddedQ }: WasmDims): Code =>
  call(
    '$scores',
    i32.add('$scratch', i32.mul('$row', paddedQ * 4)),
    i32.add('$packedK', i32.mul(i32.add('$key', '$panel'), paddedQ * 4)),
    i32.add('$scores', i32.floats('$panel')),
  );

/** Soft-cap, mask, row maximum, rescale, exponentials and row sum of the row group. */
function softmaxOf(dims: WasmDims, config: WasmConfiguration, capped: boolean): Code {
  const first = i32.add('$firstRow', '$row');
  const stats0 = i32.add('$scratch', scratchLayout(dims, config).stats);
  const softmax = (name: '$softmax' | '$softmax_bounded') => call(name, '$scores', '$groupKeys', '$stats', stats0);
  return [
    capped ? phase('soft-cap', call('$soft_cap', '$scores', '$groupKeys')) : [],
    phase(
      'mask: where the block ends past what the first row sees, or begins before what the last one sees',
      set(
        '$masked',
        op(
          'i32.or',
          op('i32.gt_s', i32.add('$key', '$groupKeys'), call('$high_key', first)),
          op('i32.gt_s', call('$low_key', i32.add(first, config.rows - 1)), '$key'),
        ),
      ),
      when('$masked', call('$mask', '$scores', '$key', '$groupKeys', first)),
    ),
    phase(
      'row maximum, rescale, exponentials, row sum: without maxima where they are not needed and nothing is masked',
      when(op('i32.and', '$bounded', op('i32.eqz', '$masked')), softmax('$softmax_bounded'), softmax('$softmax')),
    ),
  ];
}

/** Sums of the row group and the panel of dims at $panel. */
function accumulateOf(dims: WasmDims, config: WasmConfiguration): Code {
  const at = scratchLayout(dims, config);
  const rowBytes = dims.paddedV * 4;
  const panel =
    config.values === 'rows'
      ? i32.add(i32.add('$packedV', i32.mul('$key', dims.packedV * 4)), i32.floats('$panel'))
      : i32.add('$packedV', i32.floats(i32.add(i32.mul('$key', dims.packedV), i32.mul('$panel', '$blockLength'))));
  return [
    note(
      config.values === 'rows' ? 'the dims of V begin in its first row' : 'the panel begins after the blocks before it',
    ),
    call(
      '$accumulate',
      '$scores',
      panel,
      i32.add(i32.add(i32.add('$scratch', i32.mul('$row', rowBytes)), i32.floats('$panel')), at.sums),
      i32.add('$stats', statisticsLayout(config).rescale),
      '$groupKeys',
    ),
  ];
}
