/** What a share of a measured limit says: more than all of it is noise, or a measurement that nobody should rely on. */

import type { Measured } from '../record/measurement.ts';
import { limitName } from '../record/measurement-names.ts';

/** A share of the peak that only noise explains: both ran side by side, and nothing is faster than its limit. */
const NOISE_ABOVE = 1.02;

/** And the lower end of a share's interval that noise does not explain, or the share itself where it has none. */
const BEYOND_NOISE = 1.1;
const BEYOND_ALONE = 1.25;

/** How a measurement stands above its own limit: by what noise explains, or beyond that; null where it does not. */
export function aboveOwnLimit({ ceiling }: Pick<Measured, 'ceiling'>): 'noise' | 'beyond' | null {
  const { share = 0, shareLow } = ceiling ?? {};
  if (share <= NOISE_ABOVE) return null;
  return (shareLow === undefined ? share > BEYOND_ALONE : shareLow > BEYOND_NOISE) ? 'beyond' : 'noise';
}

/** What a kernel does of its limit, to follow its name: "reaches 80 % of the peak of WGSL measured here"; percent with so many `digits`. */
export function shareOfLimit(m: Pick<Measured, 'backend' | 'ceiling'>, digits = 0): string {
  const percent = `${(100 * (m.ceiling?.share ?? 0)).toFixed(digits)} %`;
  const limit = `${limitName(m)} measured here`;
  switch (aboveOwnLimit(m)) {
    case null:
      return `reaches ${percent} of ${limit}`;
    case 'noise':
      return `reaches ${limit} within noise (${percent})`;
    case 'beyond':
      return `came out at ${percent} of ${limit}, more than there is: do not rely on it`;
  }
}
