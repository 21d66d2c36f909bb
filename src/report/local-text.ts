/** The text of bench model local. */

import { formatFactor, formatRate } from '../format.ts';
import type { Summary } from '../measure/series.ts';
import { type Decomposition, productText } from '../model/decomposition.ts';
import type { LocalPrediction } from '../model/local.ts';
import type { LocalComparison } from '../model/local-comparison.ts';
import { describe } from '../problem/workload.ts';
import { fitText, formatColumns, USUAL_WIDTH, wrapText } from './columns.ts';

const NAMES = {
  multiplyAdd: 'multiply-adds',
  exponential: { cpu: 'softmax', gpu: 'exponentials' },
  onChip: 'workgroup memory',
  memory: 'memory',
};

/** What bench model local found. */
interface LocalFindings {
  points: readonly LocalComparison[];
  missing: readonly string[];
  /** The distance of the run in factors, or why it has none; null where nothing was measured. */
  distance: Decomposition | string | null;
}

/** Predicted and measured throughput of this machine as a table, the cases without a number, the distance in factors. */
export function formatLocal({ points, missing, distance }: LocalFindings, width: number = USUAL_WIDTH): string {
  if (points.length === 0) return missing.map((line) => `${line}\n`).join('');
  const share = ({ median, low, high, minimum, maximum }: Summary) =>
    `${percent(median)} [${percent(low ?? minimum)}, ${percent(high ?? maximum)}]`;
  const rows = points.map((point) => [
    point.kernel,
    describe(point.workload),
    formatRate(point.multiplyAdd),
    formatRate(point.predicted),
    formatRate(point.measured),
    share(point.ratio),
    times(point.prediction),
  ]);
  const header = ['kernel', 'workload', 'multiply-adds alone', 'predicted', 'measured', 'of predicted', 'time goes to'];
  const devices = [...new Set(points.map(({ device }) => device))].join('; ');
  const kinds = new Set(points.map(({ prediction }) => prediction.kind));
  const lines = [
    `${devices}: what its measured limits allow, and what was reached in the same rounds`,
    '',
    formatColumns(header, rows, width),
    ...(kinds.has('cpu') ? ['CPU: multiply-adds and the softmax share the vector units, so their times add up.'] : []),
    ...(kinds.has('gpu') ? ['GPU: multiply-adds, exponentials and workgroup memory overlap; the longest binds.'] : []),
    'In brackets: the 95 % interval of the ratio, from 3 processes or more; else its spread over rounds.',
    ...missing,
    ...(distance === null ? [] : ['', ...distanceLines(distance, width)]),
  ];
  return fitText(`${lines.join('\n')}\n`, width);
}

/** A distance in words: its product, then what each factor is and where it comes from. */
function distanceLines(distance: Decomposition | string, width: number): string[] {
  if (typeof distance === 'string') return [`The distance cannot be taken apart into factors: ${distance}.`];
  const { ratio, hereName, publishedName, factors } = distance;
  const indented = (text: string) => wrapText(`  ${text}`, width, 2);
  return [
    `Why ${publishedName} is ${formatFactor(ratio)} times as fast as ${hereName} here`,
    ...wrapText(productText(distance), width, 2),
    '',
    ...factors.flatMap(({ name, factor, text, source }) => [
      `${name} ×${formatFactor(factor)}`,
      ...indented(text),
      ...indented(`source: ${source}`),
    ]),
  ];
}

const percent = (value: number) => `${(100 * value).toFixed(0)} %`;

/** The share of each known time in their sum, the longest first. */
function times({ seconds, kind }: LocalPrediction): string {
  const known = Object.entries(seconds).filter((entry): entry is [string, number] => entry[1] !== null);
  const total = known.reduce((sum, [, value]) => sum + value, 0);
  return known
    .sort((a, b) => b[1] - a[1])
    .map(([name, value]) => `${nameOf(name as keyof typeof NAMES, kind)} ${percent(value / total)}`)
    .join(', ');
}

/** What the probe of a resource measures: on a CPU the whole softmax, on a GPU its exponentials. */
function nameOf(resource: keyof typeof NAMES, kind: LocalPrediction['kind']): string {
  const name = NAMES[resource];
  return typeof name === 'string' ? name : name[kind];
}
