/** Throughput against arithmetic intensity: local kernels under limits measured here, B200's figures under its own. */

import type { TopLevelSpec } from 'vega-lite';
import { deviceSpec } from '../compare/device-specs.ts';
import { type PublishedSet, publishedFigures, seriesOf } from '../compare/published-figures.ts';
import { formatRate } from '../format.ts';
import { nothingToDraw } from '../messages.ts';
import { demandOf } from '../model/roofline.ts';
import { describe, sameProblem } from '../problem/workload.ts';
import type { RunDocument } from '../record/measurement.ts';
import { isMemoryBound, peakName } from '../record/measurement-names.ts';
import {
  type ChartLayout,
  decades,
  heading,
  type Layer,
  logTflops,
  type Position,
  sentenceChart,
  VEGA_LITE,
} from './frame.ts';
import { type LocalPoint, localPoints } from './measured-points.ts';
import { seriesScale } from './palette.ts';

/** Pixels of the plot, and from a line to the foot of its name. */
const HEIGHT = 300;
const ABOVE = -7;

/** The memory bandwidth of a device as `bench ceilings` measured it, bytes a second. */
export interface MemoryLimit {
  device: string;
  bytesPerSecond: number;
}

interface Roof {
  name: string;
  color: string;
  tflops: number;
  /** TB/s; null if the bandwidth was not measured: then the roof has no slope. */
  terabytes: number | null;
}

/** TFLOPS against FLOPs a byte, both logarithmic. A roof has a slope only if `memory` holds the device's bandwidth. */
export function rooflineChart(
  run: RunDocument,
  set: PublishedSet,
  memory: readonly MemoryLimit[] = [],
  layout: ChartLayout = 'wide',
): TopLevelSpec {
  const points = localPoints(run);
  const roofs = localRoofs(run, memory);
  if (roofs.length === 0) {
    return sentenceChart([nothingToDraw.roofline], layout);
  }
  const spec = deviceSpec('B200');
  roofs.push(
    { name: 'B200, specification', color: '#D55E00', tflops: spec.bf16Tflops, terabytes: spec.memoryTBs },
    {
      name: 'B200, matrix product sustained',
      color: '#E69F00',
      tflops: spec.bestMatmulTflops ?? spec.bf16Tflops,
      terabytes: spec.memoryTBs,
    },
  );
  const local = points.map(({ kernel, workload, tflops, device }) => {
    const { multiplyAdd, memory: bytes } = demandOf(workload);
    return {
      series: kernel,
      intensity: multiplyAdd / bytes,
      tflops,
      detail: `${formatRate(tflops)}, ${describe(workload)}, ${device}`,
    };
  });
  const published = publishedFigures(set)
    .filter((figure) => points.some(({ workload }) => sameProblem(workload, figure.workload)))
    .map((figure) => {
      const { multiplyAdd, memory: bytes } = demandOf(figure.workload);
      const detail = `${formatRate(figure.tflops)}, ${describe(figure.workload)}, ${figure.source}`;
      return { series: seriesOf(figure), intensity: multiplyAdd / bytes, tflops: figure.tflops, detail };
    });
  const rows = [...published, ...local];
  const intensities = rows.map(({ intensity }) => intensity);
  const from = Math.min(8, ...intensities) / 2;
  const to = Math.max(...intensities) * 4;
  const x = {
    field: 'intensity',
    type: 'quantitative',
    scale: { type: 'log', domain: [from, to] },
    title: 'FLOPs for each byte of main memory (log scale)',
    axis: { format: '~s', grid: false, values: decades(from, to) },
  } satisfies Position;
  const least = Math.min(...rows.map(({ tflops }) => tflops), ...roofs.map((roof) => at(roof, from)));
  const y = {
    ...logTflops(decades(least / 1.5, 1e4)),
    // Room for whole marks below the lowest point.
    scale: { type: 'log', domain: [least / 1.5, 1e4], nice: false },
  } satisfies Position;
  const names = roofs.map(({ name }) => name);
  const narrow = layout === 'narrow';
  const pixels = (tflops: number) => (HEIGHT * Math.log10(1e4 / tflops)) / Math.log10((1e4 * 1.5) / least);
  const offsets = labelOffsets(roofs.map(({ tflops }) => pixels(tflops)));
  return {
    $schema: VEGA_LITE,
    title: heading(
      finding(local, roofs),
      [
        `Lines: the limits measured here and B200's published ones. ${published.length > 0 ? 'Published attention is in bursts. ' : ''}Intensity counts each tensor once.${roofs.some(({ terabytes }) => terabytes === null) ? ' A line without a slope: its memory was not measured; bench ceilings does that.' : ''}`,
      ],
      layout,
    ),
    width: layout === 'wide' ? 620 : 250,
    height: HEIGHT,
    layer: [
      {
        data: { values: roofs.flatMap((roof) => roofLine(roof, from, to)) },
        mark: { type: 'line', strokeWidth: 2, tooltip: true },
        encoding: {
          x,
          y,
          color: {
            field: 'roof',
            scale: { domain: names, range: roofs.map(({ color }) => color) },
            legend: null,
          },
        },
      },
      // Each limit is named at its flat end, above its line or where there is room below.
      ...roofs.map(
        (roof, index): Layer => ({
          // On a phone the longest name would strike a slope.
          data: {
            values: [{ ...roof, intensity: to, text: narrow ? roof.name.replace('matrix product ', '') : roof.name }],
          },
          mark: {
            type: 'text',
            align: 'right',
            dx: -4,
            dy: offsets[index] ?? ABOVE,
            fontSize: 10,
            color: roof.color,
          },
          encoding: { x, y, text: { field: 'text' } },
        }),
      ),
      {
        data: { values: rows },
        mark: { type: 'point', size: 60, strokeWidth: 1, opacity: 1 },
        encoding: {
          x,
          y,
          fill: {
            field: 'series',
            scale: seriesScale(rows.map(({ series }) => series)),
            title: 'attention',
            legend: { orient: 'bottom', columns: layout === 'wide' ? 6 : 2 },
          },
          tooltip: [{ field: 'series' }, { field: 'detail' }],
        },
      },
    ],
    resolve: { scale: { color: 'independent' } },
  };
}

/**
 * Where the name of each line stands, in pixels from it, given the heights of the lines: above, or where another line or name
 * is in the way, below the marks under it.
 */
export function labelOffsets(lines: readonly number[]): number[] {
  const names: number[] = [];
  const offsets = lines.map(() => ABOVE);
  const order = lines.map((_, index) => index).sort((a, b) => (lines[a] ?? 0) - (lines[b] ?? 0));
  for (const index of order) {
    const line = lines[index] ?? 0;
    const free = (offset: number) => {
      // Letters reach some 9 pixels up from their foot.
      const middle = line + offset - 4;
      return (
        lines.every((other) => Math.abs(other - middle) >= 6) && names.every((name) => Math.abs(name - middle) >= 12)
      );
    };
    offsets[index] = [ABOVE, 22, 35, 48, 61].find(free) ?? ABOVE;
    names.push(line + (offsets[index] ?? ABOVE) - 4);
  }
  return offsets;
}

/** One roof for each device and language, and for its matrix products: the highest such ceiling of the run. */
function localRoofs(run: RunDocument, memory: readonly MemoryLimit[]): Roof[] {
  const best = new Map<string, Roof>();
  const colors: Record<string, string> = { wasm: '#009E73', native: '#7A9A01', webgpu: '#0072B2' };
  const points = localPoints(run);
  const reads = readsOf(points);
  for (const { measurement, device } of points) {
    const { ceiling, backend } = measurement;
    if (ceiling === undefined || isMemoryBound(measurement)) continue;
    const name = `${device}, ${peakName(measurement)}`;
    if ((best.get(name)?.tflops ?? 0) >= ceiling.tflops) continue;
    const bandwidth = memory.find((limit) => limit.device === device)?.bytesPerSecond ?? reads.get(device);
    const terabytes = bandwidth === undefined ? null : bandwidth / 1e12;
    best.set(name, { name, color: colors[backend] ?? '#666666', tflops: ceiling.tflops, terabytes });
  }
  return [...best.values()];
}

/** Bytes a second that memory gave beside kernels of each device which it binds: the most of the run. */
function readsOf(points: readonly LocalPoint[]): Map<string, number> {
  const most = new Map<string, number>();
  for (const { measurement, device } of points) {
    const { gigabytesPerSecond } = measurement.ceiling ?? {};
    if (gigabytesPerSecond === undefined) continue;
    most.set(device, Math.max(most.get(device) ?? 0, gigabytesPerSecond * 1e9));
  }
  return most;
}

/** What a roof allows at an intensity, TFLOPS. */
const at = ({ tflops, terabytes }: Pick<Roof, 'tflops' | 'terabytes'>, intensity: number) =>
  terabytes === null ? tflops : Math.min(tflops, intensity * terabytes);

/** The line of a roof from `from` to `to`: bound by memory up to the ridge, then flat. */
function roofLine({ name, tflops, terabytes }: Roof, from: number, to: number) {
  const ridge = terabytes === null ? from : tflops / terabytes;
  const point = (intensity: number) => ({ roof: name, intensity, tflops: at({ tflops, terabytes }, intensity) });
  return ridge > from && ridge < to ? [point(from), point(ridge), point(to)] : [point(from), point(to)];
}

/** Whether arithmetic or main memory bounds what ran here. Says neither if the memory was not measured. */
function finding(local: readonly { intensity: number }[], roofs: readonly Roof[]): string {
  const here = roofs.filter(({ name }) => !name.startsWith('B200,'));
  const ridges = here.map(({ tflops, terabytes }) => (terabytes === null ? null : tflops / terabytes));
  if (ridges.some((ridge) => ridge === null)) return 'Attention here and on B200, under the limits that are known';
  const highest = Math.max(...ridges.map((ridge) => ridge ?? 0));
  const bound = local.filter(({ intensity }) => intensity < highest).length;
  if (bound === 0) return 'Attention at these lengths is bound by arithmetic, not by main memory, here as on a B200';
  return `${bound} of ${local.length} points have too few FLOPs a byte: main memory bounds them here`;
}
