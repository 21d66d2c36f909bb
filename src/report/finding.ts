/** The answer of a run: its finding, and how near either side is to its own limits. */

import { deviceSpec } from '../compare/device-specs.ts';
import { type Finding, findingOf, findingText } from '../compare/finding.ts';
import { isBurst } from '../compare/published-timing.ts';
import { shareOfLimit } from '../compare/share-of-limit.ts';
import { B200, B200_BURST_HZ } from '../model/chip.ts';
import type { RunDocument } from '../record/measurement.ts';
import { isMemoryBound, limitRate } from '../record/measurement-names.ts';

const percent = (share: number) => `${(100 * share).toFixed(0)} %`;

/** The answer of any run, also if nothing was measured, nothing matches, or the adapter is a software one; `nextStep` as in findingText. */
export function answer(run: RunDocument, nextStep?: string): string {
  const finding = findingOf(run);
  return [findingText(run, nextStep), ...(finding === null ? [] : limits(finding))].join(' ');
}

/** The shares of both limits. They are different kinds of number, so the sentences name each. */
function limits({ measured: m, reference }: Finding): string[] {
  const list: string[] = [];
  if (m.ceiling !== undefined) {
    const rate = isMemoryBound(m) ? ` (${limitRate(m.ceiling)})` : '';
    list.push(`It ${shareOfLimit(m)}${rate}.`);
  }
  if (reference?.kind !== 'exact' || reference.published.device !== 'B200') return list;
  const { published } = reference;
  const { bf16Tflops } = deviceSpec('B200');
  const what = `${published.library}${isBurst(published) ? ', in bursts of some milliseconds,' : ''}`;
  const atHighest = percent((published.tflops * B200.clockHz) / (bf16Tflops * B200_BURST_HZ));
  list.push(
    `${what} reaches ${percent(published.tflops / bf16Tflops)} of a B200's specification, ${atHighest} of what that gives at its highest clock.`,
  );
  return list;
}
