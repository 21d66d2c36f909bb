/** Sums over the layers of models as a table: what was measured once, times the number of layers. */

import { HEADLINE_TFLOPS } from '../compare/claims.ts';
import { formatDuration, formatRate } from '../format.ts';
import { formatSize } from '../problem/workload.ts';
import type { LayerSum } from '../record/measurement.ts';

/** Said above or below every table of sums. */
export const ABOUT_SUMS =
  'Sums, not measurements: the time of one layer of each kind, measured alone, times the number of such layers. Attention only: no linear layers.';

/** FLOPs as people write large numbers: "2.3e16". */
export const formatFlops = (flops: number) => flops.toExponential(1).replace('e+', 'e');

/** Header and rows: model, length, layers, FLOPs, time here, the local layers' share of it, rate, time at 1668 TFLOPS. */
export function layerSumCells(sums: readonly LayerSum[]): string[][] {
  const header = [
    ...['model', 'seq', 'layers', 'FLOPs', 'time here', 'local layers', 'rate here'],
    `at ${HEADLINE_TFLOPS} TFLOPS`,
  ];
  return [
    header,
    ...sums.map(({ label, seq, batch, layers, flops, seconds }) => {
      const missing = layers.filter((layer) => layer.seconds === null);
      const local = layers.filter(({ kind }) => kind === 'local').reduce((sum, layer) => sum + (layer.seconds ?? 0), 0);
      return [
        label,
        batch === 1 ? formatSize(seq) : `${formatSize(seq)} x ${batch}`,
        layers.map(({ kind, count }) => `${count} ${kind}`).join(', '),
        formatFlops(flops),
        seconds === null
          ? `no ${missing.map(({ kind }) => kind).join(' or ')} layer measured`
          : formatDuration(seconds),
        seconds === null || local === 0 ? '-' : `${((100 * local) / seconds).toFixed(0)} % of it`,
        seconds === null ? '-' : formatRate(flops / seconds / 1e12),
        formatDuration(flops / (HEADLINE_TFLOPS * 1e12)),
      ];
    }),
  ];
}

/** What the last column is worth. */
export const ABOUT_HEADLINE = `At ${HEADLINE_TFLOPS} TFLOPS: if every layer ran at AVO's published rate on a B200, which is of another shape (no mask, head dimension 128, 32k tokens) and a burst.`;
