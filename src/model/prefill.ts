/** What prefill of a model costs by count: the attention of each kind of layer, what windows save, and the linear layers beside it. */

import { flops } from '../problem/flops.ts';
import { type LayerKind, layerWorkload, type Model } from '../problem/models.ts';
import type { Workload } from '../problem/workload.ts';

/** All layers of one kind. */
export interface PrefillLayers {
  layer: LayerKind;
  /** One of them. */
  workload: Workload;
  /** FLOPs of all of them. */
  flops: number;
  /** Their share of the attention of the model. */
  share: number;
}

/** Attention as it would be without windows. */
export interface WithoutWindows {
  /** FLOPs, and how many times those of the model. */
  flops: number;
  times: number;
}

/** The count of one causal forward pass over a prompt, batch 1. */
export interface Prefill {
  model: Model;
  seq: number;
  layers: readonly PrefillLayers[];
  /** Attention of all layers, FLOPs by the exact rule. */
  attentionFlops: number;
  /** The same model without its windows; null where it has none. */
  withoutWindows: WithoutWindows | null;
  /** As many layers, all with the heads of the local ones and without a window; null where there are none. */
  allGlobal: (WithoutWindows & { headDim: number; count: number }) | null;
  /** 2 FLOPs for each parameter and token, which leaves out the embeddings and the head. */
  linearFlops: number;
  /** The share of attention in attention and linear layers together. */
  attentionShare: number;
}

/** Counts prefill of `seq` tokens. */
export function prefill(model: Model, seq: number): Prefill {
  const cost = (layer: LayerKind) => layer.count * flops(layerWorkload(layer, seq));
  const attentionFlops = model.layers.reduce((sum, layer) => sum + cost(layer), 0);
  const layers = model.layers.map((layer) => ({
    layer,
    workload: layerWorkload(layer, seq),
    flops: cost(layer),
    share: cost(layer) / attentionFlops,
  }));
  const without = (changed: readonly LayerKind[]): WithoutWindows => {
    const total = changed.reduce((sum, layer) => sum + cost({ ...layer, window: null }), 0);
    return { flops: total, times: total / attentionFlops };
  };
  const local = model.layers.find(({ window }) => window !== null);
  const count = model.layers.reduce((sum, layer) => sum + layer.count, 0);
  const linearFlops = 2 * model.parameters * seq;
  return {
    ...{ model, seq, layers, attentionFlops, linearFlops },
    withoutWindows: local === undefined ? null : without(model.layers),
    allGlobal: local === undefined ? null : { ...without([{ ...local, count }]), headDim: local.headDim, count },
    attentionShare: attentionFlops / (attentionFlops + linearFlops),
  };
}
