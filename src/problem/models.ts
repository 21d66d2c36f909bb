/** Attention layers of published language models, and the workloads that prefill makes of them. */

import data from '../../results/published/models.json' with { type: 'json' };
import type { Dtype, Workload } from './workload.ts';

/** Layers of one model that are the same attention problem. */
export interface LayerKind {
  /** 'local': a sliding window; 'global': every earlier token. */
  kind: 'local' | 'global';
  /** How many layers of this kind the model has. */
  count: number;
  queryHeads: number;
  kvHeads: number;
  headDim: number;
  /** Window in tokens, including the query itself; null means none. */
  window: number | null;
}

/** A model as far as its attention goes. */
export interface Model {
  /** As --model takes it. */
  name: string;
  label: string;
  layers: readonly LayerKind[];
  /** Parameters of the linear layers that a token passes, and where the number comes from. */
  parameters: number;
  parametersSource: string;
  /** Where the shapes come from. */
  source: string;
}

/** The models of results/published/models.json. */
export const MODELS = data as readonly Model[];

/** The names that --model takes. */
export const MODEL_NAMES: readonly string[] = MODELS.map(({ name }) => name);

/** The model of a name. Throws RangeError where there is none. */
export function findModel(name: string): Model {
  const model = MODELS.find((item) => item.name === name);
  if (model === undefined) throw new RangeError(`no model is called '${name}'`);
  return model;
}

/** Prefill of `seq` tokens in one layer of a kind: causal, with as many keys as queries. */
export function layerWorkload(layer: LayerKind, seq: number, batch = 1, dtype: Dtype = 'f32'): Workload {
  const { queryHeads, kvHeads, headDim, window } = layer;
  return {
    ...{ batch, queryHeads, kvHeads, headDim, window, dtype },
    ...{ seqQuery: seq, seqKv: seq, mask: 'causal', scale: 1 / Math.sqrt(headDim) },
  };
}
