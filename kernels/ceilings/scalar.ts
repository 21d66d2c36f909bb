/** What a JavaScript engine alone can do at best: multiply-adds on numbers that stay in registers. */

import { visibleKeys, type WorkTileCall } from '../scalar/call.ts';
import type { Probe } from './probe.ts';

/** Multiply-adds in f64; one work tile takes 16 rows. */
export const scalarMultiplyAdd: Probe = {
  name: 'scalar-multiply-add',
  backend: 'scalar',
  summary: 'multiply-adds on eight independent sums, in f64 as JavaScript computes',
  unsupported: () => undefined,
  operationsPerFlop: () => 1,
  // Each sum becomes 0.999 x + 0.5, which settles at 500.
  expected: () => 8 * 500,
  build: () => ({ kind: 'module', entry: 'scalar-multiply-add', blockRows: 16 }),
};

/** Runs one work tile: as many multiply-adds as its attention, headDim + headDimV for each pair of a query and a key. */
export function runScalarMultiplyAdd(call: WorkTileCall): void {
  let pairs = 0;
  for (let row = 0; row < call.rows; row += 1) {
    const { low, high } = visibleKeys(call, row);
    pairs += high - low;
  }
  const rounds = Math.round(((call.headDim + call.headDimV) * pairs) / 8);
  let [a, b, c, d, e, f, g, h] = [1, 2, 3, 4, 5, 6, 7, 8];
  const factor = 0.999;
  for (let round = 0; round < rounds; round += 1) {
    a = a * factor + 0.5;
    b = b * factor + 0.5;
    c = c * factor + 0.5;
    d = d * factor + 0.5;
    e = e * factor + 0.5;
    f = f * factor + 0.5;
    g = g * factor + 0.5;
    h = h * factor + 0.5;
  }
  // The sums go where a result would, so that none of the work can be left out.
  call.o[call.oOffset] = a + b + c + d + e + f + g + h;
}
