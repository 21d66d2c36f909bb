/**
 * Phase load q: the rows of a work tile, scaled, to the private memory of the thread, and the state of a tile that saw
 * no key yet.
 */

import type { WasmConfiguration } from './configuration.ts';
import type { WasmDims } from './dims.ts';
import { LOWEST } from './row-maximum.ts';
import { PARTIAL_BYTES, scratchLayout, statisticsLayout } from './scratch.ts';
import { func, locals, loop, params, select } from './text/control.ts';
import { eachVector, f32x4, float, memory, splat } from './text/vectors.ts';
import { type Code, global, i32, note, op, phase, set, times } from './text/wat.ts';

/**
 * $load_q: $rows rows of q, global $qStride bytes apart, times the scale, to the private memory at $scratch, and zeros
 * up to $paddedRows, whole row groups. Output sums and l begin at 0; m at 0 where $bounded is 1, since no score can
 * pass it by far, else below all scores.
 */
export function emitLoadQ(dims: WasmDims, config: WasmConfiguration): Code {
  const at = scratchLayout(dims, config);
  const stats = statisticsLayout(config);
  const rowBytes = dims.paddedQ * 4;
  // Sums that lie as q does are cleared beside it.
  const alike = dims.q === dims.paddedQ && dims.paddedQ === dims.paddedV && dims.q % 4 === 0;
  const vectors = stats.groupBytes / 16;
  return func(
    [
      '$load_q: $rows scaled rows of q, and zeros up to $paddedRows, to $scratch;',
      'sums and l begin at 0, m at 0 where $bounded, else below all scores.',
    ],
    '$load_q',
    [
      params('i32', '$q', '$rows', '$paddedRows', '$scratch', '$bounded'),
      locals('i32', '$row', '$stats', '$sums', '$d', '$from', '$to'),
      locals('v128', '$scale', '$lowest'),
    ],
    phase(
      'm and the shift of each row group, a lane a row',
      set('$lowest', lowest()),
      set('$stats', i32.add('$scratch', at.stats)),
      loop(
        '$row',
        0,
        '$paddedRows',
        config.rows,
        times(vectors, (i) => memory.store('$stats', '$lowest', stats.maximum + i * 16)),
        times(vectors, (i) => memory.store('$stats', splat(0), stats.shift + i * 16)),
        set('$stats', i32.add('$stats', stats.groupBytes)),
      ),
    ),
    phase(
      'q times scale; rows past the end repeat the zeros at address 0',
      set('$scale', op('f32x4.splat', global('$scale'))),
      set('$to', '$scratch'),
      set('$sums', i32.add('$scratch', at.stats + stats.rowSums)),
      alike ? [] : op('memory.fill', i32.add('$scratch', at.sums), 0, i32.mul('$paddedRows', dims.paddedV * 4)),
      loop(
        '$row',
        0,
        '$paddedRows',
        1,
        note('l'),
        times(2, (i) => memory.store('$sums', splat(0), i * 16)),
        set('$sums', i32.add('$sums', PARTIAL_BYTES)),
        note('a row of q and of the output sums'),
        set('$from', select('$q', 0, op('i32.lt_s', '$row', '$rows'))),
        eachVector('$d', dims.q, (row) => [
          memory.store(i32.add('$to', '$d'), f32x4.mul('$scale', row.load(i32.add('$from', '$d')))),
          alike ? memory.store(i32.add('$to', '$d'), splat(0), at.sums) : [],
        ]),
        set('$q', i32.add('$q', global('$qStride'))),
        set('$to', i32.add('$to', rowBytes)),
      ),
    ),
  );
}

/** 0 in all lanes where $bounded is 1, else LOWEST. */
const lowest = () => op('f32x4.splat', select(float(0), float(LOWEST), '$bounded'));
