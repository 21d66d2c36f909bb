/** The text of bench model what-if: the forecast, and what the same forecast is worth for published devices. */

import { formatChange } from '../format.ts';
import type { Evidence } from '../model/evidence.ts';
import type { WhatIf } from '../model/what-if.ts';
import { formatHeads, formatSize } from '../problem/workload.ts';
import { fitText, formatColumns, USUAL_WIDTH } from './columns.ts';

const BINDS = {
  multiplyAdd: 'matrix unit',
  exponential: 'exponentials',
  onChip: 'shared memory',
  memory: 'main memory',
};

/** AVO's kernel on another chip: a table of TFLOPS, what would reach AVO's 1668, and the forecasts of published gains. */
export function formatWhatIf(
  { chip, blockClocks, points, needs, evidence }: WhatIf,
  width: number = USUAL_WIDTH,
): string {
  const rows = points.map(({ workload, b200, model, roofline, binds }) => [
    workload.mask,
    formatSize(workload.seqKv),
    b200.toFixed(0),
    model.toFixed(0),
    formatChange(100 * (model / b200 - 1)),
    `${roofline.toFixed(0)} (${BINDS[binds]})`,
  ]);
  const need =
    needs.units === null || needs.clockHz === null
      ? `No number of such multiprocessors reaches ${needs.target} TFLOPS: main memory binds first.`
      : `To reach ${needs.target} TFLOPS at 32k without a mask it needs ${needs.units} such multiprocessors at this clock, or ${(needs.clockHz / 1e6).toFixed(0)} MHz with ${chip.units} of them.`;
  const text = `${chip.units} multiprocessors at ${(chip.clockHz / 1e6).toFixed(0)} MHz, ${chip.tensorFlopsPerClock} FLOP, ${chip.exponentialsPerClock} exponentials and ${chip.sharedBytesPerClock} B a clock each, ${chip.memoryBytesPerSecond / 1e12} TB/s; MHA, 16 heads, head dimension 128, TFLOPS

${formatColumns(['mask', 'seq', 'B200', 'this chip', 'gain', 'roofline, bound by'], rows, width)}
The simulated key block takes ${blockClocks.changed.toFixed(0)} clocks; on B200 ${blockClocks.b200.toFixed(0)}. AVO's fitted constants are scaled by this ratio and by the clock.
${need}

${evidence.length === 0 ? 'No published device has the changed numbers, so nothing checks this forecast.' : evidence.map((item) => formatEvidence(item, width)).join('\n')}
`;
  return fitText(text, width);
}

/** Percentage points with their sign. */
const points = (value: number) => formatChange(100 * value).replace(' %', '');
const gigahertz = (hertz: number) => `${(hertz / 1e9).toFixed(3).replace(/0$/, '')} GHz`;

/** One pair of devices: published gains beside their forecasts. */
function formatEvidence(evidence: Evidence, width: number): string {
  const { device, over, library, version, changes, unchanged, source, meanErrors, naiveMeanError } = evidence;
  const [first] = evidence.points;
  if (first === undefined) throw new RangeError(`no figure of ${library} on both ${over} and ${device}`);
  const many = first.forecasts.length > 1;
  const at = (hertz: number) => (many ? `, ${over} at ${gigahertz(hertz)}` : '');
  const header = [
    ...['mask', 'seq', over, device, 'published'],
    ...first.forecasts.flatMap(({ b200ClockHz }) => [`forecast${at(b200ClockHz)}`, 'error, points']),
  ];
  const rows = evidence.points.map(({ before, after, published, forecasts }) => [
    after.workload.mask,
    formatSize(after.workload.seqKv),
    `${before.tflops}`,
    `${after.tflops}`,
    formatChange(100 * published),
    ...forecasts.flatMap(({ gain, error }) => [formatChange(100 * gain), points(error)]),
  ]);
  const numbers = [
    changes.units === undefined ? [] : [`${changes.units} multiprocessors`],
    changes.clockMHz === undefined ? [] : [`${changes.clockMHz} MHz`],
    changes.exponentialsPerClock === undefined ? [] : [`${changes.exponentialsPerClock} exponentials a clock`],
  ].flat();
  const shapes = [first.before, first.after].map(({ workload: w, source: from }) => `${formatHeads(w)} (${from})`);
  const misses = meanErrors.map((error, index) => {
    const clock = first.forecasts[index]?.b200ClockHz ?? Number.NaN;
    return `${(100 * error).toFixed(1)} points${many ? ` with ${over} at ${gigahertz(clock)}` : ''}`;
  });
  return `Published: ${device} has ${numbers.join(' and ')}. ${library} ${version} on ${device} over ${over}, TFLOPS, beside the same forecast with ${library}'s constants for the same workloads

${formatColumns(header, rows, width)}
Mean error of the forecast: ${misses.join(', ')}; of the guess that nothing changes: ${(100 * naiveMeanError).toFixed(1)} points.
${device}: ${shapes[1]}; ${over}: ${shapes[0]}. ${unchanged} Numbers: ${source}.`;
}
