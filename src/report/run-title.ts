/** What all points of a run share, in words, and which parts of a point tell it from the others. */

import { counted } from '../format.ts';
import { formatHeadDims, formatHeads, formatScores, formatSize } from '../problem/workload.ts';
import { BACKEND_LABELS } from '../record/backend.ts';
import type { Measurement, RunDocument } from '../record/measurement.ts';

/** A part of a point that a table shows in a column only where it differs. */
export interface PointPart {
  /** The head of its column. */
  name: string;
  /** In a column. */
  cell: (m: Measurement) => string;
  /** In the line above a table, where all points have the same; empty where that goes without saying. */
  words: (m: Measurement) => string;
}

const WORKLOAD_PARTS: readonly PointPart[] = [
  {
    name: 'heads',
    cell: ({ workload: w }) => (w.queryHeads === w.kvHeads ? `${w.queryHeads}` : `${w.queryHeads}/${w.kvHeads}`),
    words: ({ workload }) => formatHeads(workload),
  },
  {
    name: 'd',
    cell: ({ workload }) => formatHeadDims(workload),
    words: ({ workload }) => `d ${formatHeadDims(workload)}`,
  },
  { name: 'batch', cell: ({ workload }) => `${workload.batch}`, words: ({ workload }) => `batch ${workload.batch}` },
  {
    name: 'window',
    cell: ({ workload: { window } }) => (window === null ? '-' : formatSize(window)),
    words: ({ workload: { window } }) => (window === null ? '' : `window ${formatSize(window)}`),
  },
  {
    name: 'scores',
    cell: ({ workload }) => formatScores(workload) || '-',
    words: ({ workload }) => formatScores(workload),
  },
  { name: 'dtype', cell: ({ workload }) => workload.dtype, words: ({ workload }) => workload.dtype },
];

/** How a point ran. The line above a table names these with the devices. */
const SETTING_PARTS: readonly PointPart[] = [
  { name: 'variant', cell: ({ variant }) => variant ?? '-', words: () => '' },
  { name: 'threads', cell: ({ threads }) => (threads === null ? '-' : `${threads}`), words: () => '' },
];

const differs = (measurements: readonly Measurement[], { cell }: PointPart) => new Set(measurements.map(cell)).size > 1;

/**
 * The parts by which the points of a run differ: of the workload wherever two points do, of the way they ran where one
 * kernel ran in several ways.
 */
export function differingParts(measurements: readonly Measurement[]): PointPart[] {
  const kernels = [...new Set(measurements.map(({ kernel }) => kernel))];
  return [
    ...WORKLOAD_PARTS.filter((part) => differs(measurements, part)),
    ...SETTING_PARTS.filter((part) =>
      kernels.some((name) =>
        differs(
          measurements.filter(({ kernel }) => kernel === name),
          part,
        ),
      ),
    ),
  ];
}

/** The parts of the workload that all points share: "16 heads, d 128, batch 1, f32". */
export function commonShape(measurements: readonly Measurement[]): string {
  const [first] = measurements;
  if (first === undefined) return '';
  return WORKLOAD_PARTS.filter((part) => !differs(measurements, part))
    .map(({ words }) => words(first))
    .filter((text) => text !== '')
    .join(', ');
}

/** The devices of a run and what ran on each: "AMD EPYC: WebAssembly (simd256, 2 threads), JavaScript". */
export function devicesText({ context }: Pick<RunDocument, 'context'>): string {
  const devices = new Map<string, Set<string>>();
  for (const { name, backend, software, variant, threads, browser } of context.devices) {
    const details = [
      variant ?? '',
      threads === null ? '' : counted(threads, 'thread'),
      software ? 'software adapter' : '',
      browser ?? '',
    ].filter((text) => text !== '');
    const what = `${BACKEND_LABELS[backend]}${details.length === 0 ? '' : ` (${details.join(', ')})`}`;
    devices.set(name, (devices.get(name) ?? new Set()).add(what));
  }
  return [...devices].map(([name, what]) => `${name}: ${[...what].join(', ')}`).join(' · ');
}
