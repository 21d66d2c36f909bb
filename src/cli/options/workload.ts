/** Options that say which problem to run. Those that take a list make a sweep: every combination is a workload. */

import { findModel, layerWorkload, MODEL_NAMES } from '../../problem/models.ts';
import { type Axes, checkCases, expand, parseHeadDims, parseSize, parseSizes } from '../../problem/sweep.ts';
import { formatSize, type Mask, type Workload } from '../../problem/workload.ts';
import { choose } from '../nearest.ts';
import { anyNumber, choice, list, option, type Parser, toggle, under, type ValuesOf } from './typed-option.ts';

const WORKLOAD = 'Workload (a list such as 4k,8k or 1k-32k*2 is a sweep):';

const sizes: Parser<readonly number[]> = (text, name) => parseSizes(name, [text]);
const size: Parser<number> = (text, name) => parseSize(name, text);
const shown = (values: readonly number[]) => values.map(formatSize).join(',');

/** The options of a workload, with the shapes of `preset` as defaults. */
export function workloadOptions(preset: Axes) {
  const { seq, seqKv, batch, totalTokens, heads, kvHeads, headDim, headDimV } = preset;
  return under(WORKLOAD, {
    model: modelOption(null),
    seq: list('--seq <sizes>', 'query tokens', sizes, seq, shown(seq)),
    seqKv: list('--seq-kv <sizes>', 'key tokens', sizes, seqKv, 'as many as query tokens'),
    batch: list('--batch <sizes>', 'batch sizes', sizes, batch, 'total tokens / seq'),
    totalTokens: option(
      '--total-tokens <size>',
      'batch x seq, where --batch is not given',
      size,
      totalTokens,
      formatSize(totalTokens),
    ),
    heads: list('--heads <counts>', 'query heads', sizes, heads, shown(heads)),
    kvHeads: list(
      '--kv-heads <counts>',
      'KV heads',
      sizes,
      kvHeads,
      kvHeads === null ? 'as many as query heads' : shown(kvHeads),
    ),
    headDim: list(
      '--head-dim <dims>',
      'head dimensions, 1 to 576',
      (text) => parseHeadDims([text]),
      headDim,
      headDim.join(','),
    ),
    headDimV: list(
      '--head-dim-v <dims>',
      'head dimensions of v and o, each beside each of --head-dim',
      (text) => parseHeadDims([text], '--head-dim-v'),
      headDimV,
      'as that of q and k',
    ),
    causal: choice(
      '--causal <which>',
      'masks to run: true is the causal one, false the full one',
      ['both', 'true', 'false'],
      'both',
    ),
    window: option('--window <tokens>', 'sliding window in tokens, including the query itself', size, null),
    dtype: choice(
      '--dtype <type>',
      'element type in memory; sums are f32, and auto is f32',
      ['auto', 'f32', 'f16', 'bf16'],
      'auto',
    ),
    scale: option('--scale <factor>', 'softmax scale', anyNumber(1e-6, 1e6), null, '1/sqrt(head dimension)'),
    softcap: option(
      '--softcap <cap>',
      'soft-cap of the scaled scores: cap tanh(s / cap), before the mask',
      anyNumber(1e-3, 1e6),
      null,
      'none',
    ),
    sinks: toggle('--sinks', 'attention sinks: a logit a query head, drawn like q, in the sum of the weights alone'),
    alibi: toggle('--alibi', "ALiBi: the query head's slope times the distance is taken from the scores"),
  });
}

/** --model, which stands for the options that say what a layer is. `initial` is the model without it. */
export function modelOption<I extends string | null>(initial: I) {
  const made = option(
    '--model <name>',
    `prefill of each kind of layer of a model: ${MODEL_NAMES.join(', ')}`,
    (text, name) => choose(name, text, MODEL_NAMES),
    initial,
  );
  made.conflicts([
    'heads',
    'kvHeads',
    'headDim',
    'headDimV',
    'window',
    'causal',
    'seqKv',
    'scale',
    'totalTokens',
    'softcap',
    'sinks',
    'alibi',
  ]);
  return made.suggest(MODEL_NAMES);
}

/** The values of workloadOptions. */
export type WorkloadValues = ValuesOf<ReturnType<typeof workloadOptions>>;

const MASKS: Record<WorkloadValues['causal'], readonly Mask[]> = {
  both: ['full', 'causal'],
  true: ['causal'],
  false: ['full'],
};

/** The workloads that the options ask for. Throws UsageError for heads that cannot be grouped and for too many workloads. */
export function workloadsOf({ causal, dtype: given, model, ...axes }: WorkloadValues): Workload[] {
  const dtype = given === 'auto' ? 'f32' : given;
  if (model === null) return expand({ ...axes, masks: MASKS[causal], dtype });
  const { layers } = findModel(model);
  checkCases((axes.batch ?? [1]).length * axes.seq.length * layers.length);
  return (axes.batch ?? [1]).flatMap((batch) =>
    axes.seq.flatMap((seq) => layers.map((layer) => layerWorkload(layer, seq, batch, dtype))),
  );
}

/** The first workload of the options, for commands that take only one. */
export function firstWorkloadOf(values: WorkloadValues): Workload {
  const [first] = workloadsOf(values);
  if (first === undefined) throw new RangeError('the options make no workload');
  return first;
}
