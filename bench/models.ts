/** Every kind of attention layer of the models that are known here, each measured once and added up by model. */

import type { Suite } from '../src/problem/cases.ts';
import { layerWorkload, MODEL_NAMES, MODELS } from '../src/problem/models.ts';
import { sameProblem, type Workload } from '../src/problem/workload.ts';

/** Long enough that the windows of local layers save most of their keys, short enough for every kind in two minutes. */
const SEQ = 8192;

/** The layers of all models; models share kinds. */
function layersOfAll(): Workload[] {
  const kinds: Workload[] = [];
  for (const layer of MODELS.flatMap(({ layers }) => layers)) {
    const workload = layerWorkload(layer, SEQ);
    if (!kinds.some((other) => sameProblem(other, workload))) kinds.push(workload);
  }
  return kinds;
}

/** The suite of `bench suite models`. */
export const models: Suite = {
  name: 'models',
  summary: 'each kind of attention layer of Gemma 4, Qwen3 and Llama 3.1 at 8k, added up by model',
  workloads: layersOfAll(),
  models: [...MODEL_NAMES],
  kernels: ['wgsl-flash', 'wasm-flash'],
  budgetSeconds: 120,
};
