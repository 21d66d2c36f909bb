/** The answer in a sentence or two: how far this machine is from AVO, and how near both are to their own limits. */

import { deviceSpec } from '../compare/device-specs.ts';
import { formatRate, formatRounded } from '../format.ts';
import { formatSize, type Workload } from '../problem/workload.ts';
import type { Measured, RunDocument } from '../record/measurement.ts';
import { reasonsOf } from '../record/unmeasured.ts';

const percent = (share: number) => `${(100 * share).toFixed(0)} %`;

/** The answer of any run, also if nothing was measured, nothing matches, or the adapter is a software one. */
export function answer(run: RunDocument): string {
  const fastest = fastestOfLongest(run);
  if (fastest === undefined) {
    const why = reasonsOf(run.measurements);
    return `Nothing was measured in this run${why.length > 0 ? `: ${why.join('; ')}` : ''}.`;
  }
  const { m, index } = fastest;
  const what = `${name(m.workload)} at ${formatSize(m.workload.seqKv)}${m.workload.mask === 'causal' ? ', causal,' : ''}`;
  const software = m.device !== null && run.context.devices[m.device]?.software === true;
  const machine = software ? 'A software adapter on this machine' : 'This machine';
  const avo = run.comparisons.find((c) => c.measurement === index && c.published?.library === 'AVO');
  const first =
    avo?.ratio == null
      ? `${machine} runs ${what} at ${formatRate(m.tflops.median)} (${m.kernel}); no published figure is for this workload.`
      : `${machine} runs ${what} ${formatRounded(avo.ratio)} times slower than AVO on B200 (${m.kernel}: ${formatRate(m.tflops.median)}).`;
  return [first, limits(m, avo?.published?.tflops)].filter((part) => part !== '').join(' ');
}

/** The shares of both limits. They are different kinds of number, so the sentence names each. */
function limits(m: Measured, published: number | undefined): string {
  const { bf16Tflops, bestMatmulTflops } = deviceSpec('B200');
  const own =
    m.ceiling === undefined
      ? ''
      : `It reaches ${percent(m.ceiling.share)} of the ${m.backend === 'webgpu' ? 'WGSL' : 'WebAssembly'} multiply-add ceiling measured here`;
  const avo =
    published === undefined
      ? ''
      : `AVO reaches ${percent(published / (bestMatmulTflops ?? bf16Tflops))} of the best matrix product measured on a B200 and ${percent(published / bf16Tflops)} of its specification`;
  const parts = [own, avo].filter((part) => part !== '');
  return parts.length === 0 ? '' : `${parts.join('; ')}.`;
}

/** The fastest measurement of the longest workload, preferably without a mask. */
function fastestOfLongest(run: RunDocument): { m: Measured; index: number } | undefined {
  const measured = run.measurements.flatMap((m, index) => (m.state === 'measured' ? [{ m, index }] : []));
  const rank = (w: Workload) => w.seqKv * 2 + (w.mask === 'full' ? 1 : 0);
  const most = Math.max(...measured.map(({ m }) => rank(m.workload)));
  return measured.filter(({ m }) => rank(m.workload) === most).sort((a, b) => b.m.tflops.median - a.m.tflops.median)[0];
}

function name(w: Workload): string {
  return w.queryHeads === w.kvHeads ? 'MHA' : `GQA (${w.queryHeads}/${w.kvHeads} heads)`;
}
