/** The ablation of a run as a table: the gain of each technique here beside the published one, and why they differ. */

import { type AblationGain, ablationGains, PUBLISHED_GAINS, WHY } from '../compare/technique-gains.ts';
import { formatChange } from '../format.ts';
import { noGain } from '../messages.ts';
import { describe } from '../problem/workload.ts';
import type { RunDocument } from '../record/measurement.ts';

/** The cells of the table, header first, and the reasons below it; null if no ablation ran. */
export function ablationCells(run: RunDocument): { cells: string[][]; reasons: string[] } | null {
  const gains = ablationGains(run);
  if (gains.length === 0) return null;
  const header = ['technique', 'with it', 'without it', 'workload', 'gain here [95 %]', 'published, B200'];
  const body = gains.map((gain) => [
    gain.name,
    gain.on,
    gain.off,
    describe(gain.workload),
    withInterval(gain),
    formatChange(gain.published),
  ]);
  const backends = [...new Set(gains.map(({ backend }) => backend))];
  const reasons = PUBLISHED_GAINS.filter(({ technique }) => gains.some((gain) => gain.technique === technique)).flatMap(
    ({ technique, name }) =>
      backends.flatMap((backend) => {
        const why = WHY[technique][backend];
        return why === undefined ? [] : [`${name}, ${backend}: ${why}`];
      }),
  );
  return { cells: [header, ...body], reasons };
}

/** The gain with its interval; without one, of fewer than 3 processes, it is not told. */
function withInterval({ gain, low, high }: AblationGain): string {
  if (low === null || high === null) return noGain;
  const bound = (value: number) => formatChange(value).replace(' %', '');
  return `${formatChange(gain)} [${bound(low)}, ${bound(high)}]`;
}
