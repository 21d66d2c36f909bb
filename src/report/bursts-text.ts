/** The text of bench published --figure bursts: every error bar of the AVO paper beside the time of its pass. */

import { type BurstPoint, burstFinding, burstPoints } from '../compare/bursts.ts';
import { timingOf } from '../compare/published-timing.ts';
import { formatHeads, formatSize } from '../problem/workload.ts';
import { formatColumns, USUAL_WIDTH, wrapText } from './columns.ts';

/** The finding, how the figures were timed, and a row for each, the shortest pass first. */
export function formatBursts(width: number = USUAL_WIDTH): string {
  const points = burstPoints();
  const [first] = points;
  const timing = first === undefined ? null : timingOf(first.figure);
  const lines = [
    `${burstFinding(points)}, without exception.`,
    ...(timing === null ? [] : [`Timed by ${timing.how} (${timing.from}).`]),
    'The time of a pass is its FLOPs, by the rule of the source, over its published rate.',
  ];
  const body = points.map(({ figure, error, passSeconds }: BurstPoint) => [
    `${(1e3 * passSeconds).toFixed(2)} ms`,
    `± ${error}`,
    `${figure.tflops}`,
    figure.library,
    formatHeads(figure.workload),
    figure.workload.mask,
    formatSize(figure.workload.seqKv),
  ]);
  const header = ['time per pass', 'error bar', 'TFLOPS', 'library', 'heads', 'mask', 'seq'];
  return `${lines.flatMap((line) => wrapText(line, width)).join('\n')}\n\n${formatColumns(header, body, width)}`;
}
