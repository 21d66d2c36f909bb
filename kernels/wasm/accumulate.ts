/** Phase accumulate: sums = sums * rescale + p v, a register tile of rows x one panel of head dimensions. */

import { panelWidth, type WasmConfiguration } from './configuration.ts';
import type { WasmDims } from './dims.ts';
import { productLocals, productLoop, storeTile, sumOf } from './products.ts';
import { func, params, when } from './text/control.ts';
import { f32x4, float, type MultiplyAdd, memory } from './text/vectors.ts';
import { type Code, type Form, i32, op, phase, set, times } from './text/wat.ts';

/**
 * $accumulate: the output sums at $c, their rows paddedV floats apart = themselves times the row's factor at $rescale +
 * weights at $a, their rows blockKeys floats apart, times the V panel at $b. $depth is how many weights a row has: a
 * multiple of the unrolling and above 0. With values 'rows' $b is a column of panelWidth dims in rows of V, else a
 * packed panel. Past the last dim such rows go on with the next key's: what the padding of the sums gets is not used.
 */
export function emitAccumulate(dims: WasmDims, config: WasmConfiguration, multiplyAdd: MultiplyAdd): Code {
  const { rows } = config;
  const rowBytes = dims.paddedV * 4;
  const panelBytes = config.values === 'rows' ? dims.packedV * 4 : panelWidth(config) * 4;
  return func(
    [
      `$accumulate: ${rows} rows x ${panelWidth(config)} dims of output sums at $c,`,
      '$c = $c * rescale + weights at $a times the V panel at $b, over $depth keys.',
    ],
    '$accumulate',
    [params('i32', '$a', '$b', '$c', '$rescale', '$depth'), productLocals(config)],
    phase('the sums so far, rescaled to the new maxima', emitLoadSums(rowBytes, config)),
    phase('the product, added in registers', set('$end', i32.add('$a', i32.floats('$depth')))),
    productLoop(config, config.blockKeys * 4, multiplyAdd, panelBytes),
    phase('the sums back', storeTile(config, rowBytes)),
  );
}

/**
 * The register tile = sums at $c times the factors at $rescale; with rescale 'branch' only where one of them is not 1.
 */
function emitLoadSums(rowBytes: number, config: WasmConfiguration): Code {
  const { rows, vectors } = config;
  const sum = (r: number, i: number) => memory.load('$c', r * rowBytes + i * 16);
  const rescaled = times(rows, (r) => [
    set('$s', memory.loadSplat('$rescale', r * 4)),
    times(vectors, (i) => set(sumOf(r, i), f32x4.mul('$s', sum(r, i)))),
  ]);
  if (config.rescale === 'always') return rescaled;
  const isOne = (r: number): Form => op('f32.eq', memory.loadFloat('$rescale', r * 4), float(1));
  const allOne = Array.from({ length: rows }, (_, r) => isOne(r)).reduce((all, one) => op('i32.and', all, one));
  return when(
    allOne,
    times(rows, (r) => times(vectors, (i) => set(sumOf(r, i), sum(r, i)))),
    rescaled,
  );
}
