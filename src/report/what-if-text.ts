/** The text of bench model what-if. */

import { formatChange } from '../format.ts';
import type { WhatIf } from '../model/what-if.ts';
import { formatSize } from '../problem/workload.ts';
import { fitText, formatColumns, USUAL_WIDTH } from './columns.ts';

const BINDS = {
  multiplyAdd: 'matrix unit',
  exponential: 'exponentials',
  onChip: 'shared memory',
  memory: 'main memory',
};

/** AVO's kernel on another chip: a table of TFLOPS, and what would reach AVO's 1668. */
export function formatWhatIf({ chip, blockClocks, points, needs }: WhatIf, width: number = USUAL_WIDTH): string {
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
`;
  return fitText(text, width);
}
