/** The text of bench model prefill: the layers of a model by count, here and at AVO's rate, and what windows save. */

import { HEADLINE_TFLOPS } from '../compare/claims.ts';
import { counted, formatDuration, formatRate } from '../format.ts';
import type { Prefill } from '../model/prefill.ts';
import { formatHeads, formatSize } from '../problem/workload.ts';
import type { LayerSum } from '../record/measurement.ts';
import { fitText, formatColumns, USUAL_WIDTH } from './columns.ts';
import { formatFlops } from './layer-sums-text.ts';

/** A count beside what was measured of it. */
interface PrefillText {
  prefill: Prefill;
  here: LayerSum | null;
  missing: readonly string[];
}

/** A row for each kind of layer and one for all, then windows, linear layers, and what the numbers are worth. */
export function formatPrefill({ prefill, here, missing }: PrefillText, width: number = USUAL_WIDTH): string {
  const { model, seq, layers, attentionFlops } = prefill;
  const atHeadline = (flops: number) => formatDuration(flops / (HEADLINE_TFLOPS * 1e12));
  const timeAndRate = (flops: number, seconds: number | null | undefined) =>
    seconds == null ? ['not measured', '-'] : [formatDuration(seconds), formatRate(flops / seconds / 1e12)];
  const rows = layers.map(({ layer, workload, flops, share }, index) => [
    `${layer.count} ${layer.kind}`,
    formatHeads(workload).replace(/ heads?$/, ''),
    String(layer.headDim),
    layer.window === null ? '-' : String(layer.window),
    formatFlops(flops),
    percent(share),
    ...timeAndRate(flops, here?.layers[index]?.seconds),
    atHeadline(flops),
  ]);
  const total = layers.reduce((sum, { layer }) => sum + layer.count, 0);
  const all = [
    ...[`${total} in all`, '', '', '', formatFlops(attentionFlops), '100 %'],
    ...timeAndRate(attentionFlops, here?.seconds),
    atHeadline(attentionFlops),
  ];
  const header = [
    ...['layers', 'heads', 'd', 'window', 'FLOPs', 'share', 'time here', 'rate here'],
    `at ${HEADLINE_TFLOPS} TFLOPS`,
  ];
  const kernels = [...new Set(here?.layers.flatMap(({ kernel }) => (kernel === null ? [] : [kernel])) ?? [])];
  const text = [
    `Attention in prefill of ${model.label}: ${formatSize(seq)} tokens, causal, batch 1`,
    '',
    formatColumns(header, rows.length > 1 ? [...rows, all] : rows, width),
    ...windowLines(prefill),
    `Linear layers beside it: ${formatFlops(prefill.linearFlops)} FLOPs, 2 for each of ${(model.parameters / 1e9).toPrecision(2)}e9 parameters (${model.parametersSource}) and token. Attention is ${percent(prefill.attentionShare)} of both.`,
    '',
    ...(kernels.length === 0
      ? []
      : [
          `Here: one layer of each kind measured alone with ${kernels.join(' and ')} in f32, times the number of such layers. A sum, not a measurement.`,
        ]),
    `At ${HEADLINE_TFLOPS} TFLOPS: AVO's published burst on a B200, which is of MHA without a mask at head dimension 128. No figure is published for these layers.`,
    `Shapes: ${model.source}.`,
    ...missing,
  ];
  return fitText(`${text.join('\n')}\n`, width);
}

/** What the windows of a model save. */
function windowLines({ withoutWindows, allGlobal, layers }: Prefill): string[] {
  if (withoutWindows === null || allGlobal === null) return [];
  const local = layers.find(({ layer }) => layer.kind === 'local');
  return [
    `Windows: the ${counted(local?.layer.count ?? 0, 'local layer')} cost ${percent(local?.share ?? 0)} of the attention. Without their windows it would be ${formatFlops(withoutWindows.flops)} FLOPs, ${withoutWindows.times.toFixed(1)} times as much; were all ${allGlobal.count} layers global with the heads of the local ones (d ${allGlobal.headDim}), ${formatFlops(allGlobal.flops)}, ${allGlobal.times.toFixed(1)} times.`,
  ];
}

const percent = (share: number) => `${Number((100 * share).toPrecision(2))} %`;
