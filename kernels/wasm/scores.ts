/** Phase scores: q k^T, a register tile of rows x one panel of keys. */

import { panelWidth, type WasmConfiguration } from './configuration.ts';
import type { WasmDims } from './dims.ts';
import { productLocals, productLoop, storeTile } from './products.ts';
import { func, params } from './text/control.ts';
import type { MultiplyAdd } from './text/vectors.ts';
import { type Code, i32, phase, set } from './text/wat.ts';

/**
 * $scores: the tile at $c = q at $a times the panel of packed K at $b. Rows of q are paddedQ floats apart, rows of
 * scores blockKeys floats. Reads and writes all `rows` rows of the tile.
 */
export function emitScores({ q, paddedQ }: WasmDims, config: WasmConfiguration, multiplyAdd: MultiplyAdd): Code {
  return func(
    [
      `$scores: ${config.rows} rows x ${panelWidth(config)} keys of scores at $c`,
      `= q at $a times the K panel at $b, over all ${q} dims.`,
    ],
    '$scores',
    [params('i32', '$a', '$b', '$c'), productLocals(config)],
    phase('the product, its sums in registers', set('$end', i32.add('$a', paddedQ * 4))),
    productLoop(config, paddedQ * 4, multiplyAdd),
    phase('the scores out', storeTile(config, config.blockKeys * 4)),
  );
}
