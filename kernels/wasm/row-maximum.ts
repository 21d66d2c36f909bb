/** Phases row maximum and rescale of the online softmax: m' = max(m, scores), and the factors that follow from it. */

import type { BaseTwo } from './base-two.ts';
import type { WasmConfiguration } from './configuration.ts';
import { emitExp2 } from './exp2.ts';
import { emitRowPass } from './row-pass.ts';
import { PARTIAL_BYTES, statisticsLayout } from './scratch.ts';
import { f32x4, interleave, joinHalves, type MultiplyAdd, memory, splat } from './text/vectors.ts';
import { type Code, i32, note, set, times } from './text/wat.ts';

/** Below every logit that 32-bit inputs of sane size give; the running maximum starts here. */
export const LOWEST = '-0x1p+100';

/** The largest scores of each row of the block, in two vectors a row, to the block maxima of the statistics. */
export function emitBlockMaxima(config: WasmConfiguration): Code {
  return emitRowPass(config, {
    label: '$maxima',
    partial: i32.add('$stats0', statisticsLayout(config).blockMaxima),
    before: times(2, (i) => set(`$t${i}`, splat(LOWEST))),
    step: times(config.vectors, (i) => set(`$t${i % 2}`, f32x4.pmax(`$t${i % 2}`, memory.load('$p', i * 16)))),
  });
}

/** m, the shift and the rescale factor of all rows of the group, four rows at a time, a lane each. */
export function emitRescale(config: WasmConfiguration, base: BaseTwo, multiplyAdd: MultiplyAdd): Code {
  const at = statisticsLayout(config);
  return times(Math.ceil(config.rows / 4), (four) => {
    const offset = four * 16;
    return [
      note(
        `rows ${four * 4} to ${Math.min(four * 4 + 4, config.rows) - 1}: the maxima of four rows to the lanes of $x0`,
      ),
      emitFoldMaxima(config, four * 4),
      note("m' = max(m, maximum of the block)"),
      set('$before', memory.load('$stats', at.maximum + offset)),
      set('$after', f32x4.pmax('$before', '$x0')),
      memory.store('$stats', '$after', at.maximum + offset),
      memory.store('$stats', base.shift, at.shift + offset),
      note("rescale = e^(m - m')"),
      set('$x0', base.rescale),
      emitExp2(['$x0'], multiplyAdd),
      memory.store('$stats', '$x0', at.rescale + offset),
    ];
  });
}

/** Sets $x0 to the block maxima of four rows from `first` on, a lane each; past the last row it stands in. */
function emitFoldMaxima(config: WasmConfiguration, first: number): Code {
  const { blockMaxima } = statisticsLayout(config);
  const maximum = (row: number) => {
    const at = blockMaxima + row * PARTIAL_BYTES;
    return f32x4.pmax(memory.load('$stats0', at), memory.load('$stats0', at + 16));
  };
  return [
    times(4, (i) => set(`$x${i}`, maximum(Math.min(first + i, config.rows - 1)))),
    set('$y0', f32x4.pmax(interleave('$x0', '$x1', 'low'), interleave('$x0', '$x1', 'high'))),
    set('$y1', f32x4.pmax(interleave('$x2', '$x3', 'low'), interleave('$x2', '$x3', 'high'))),
    set('$x0', f32x4.pmax(joinHalves('$y0', '$y1', 'low'), joinHalves('$y0', '$y1', 'high'))),
  ];
}
