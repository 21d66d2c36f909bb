/**
 * The adapter that ONNX Runtime's WebGPU provider finds: ours, without the subgroups that its kernels would misread.
 */

import { SUBGROUP_MATRIX } from '../gpu/subgroup-matrix.ts';
import type { WebgpuOptions } from '../role.ts';
import { openAdapter } from './dawn.ts';

/**
 * The smallest subgroup that its fused kernel reads keys across: it shuffles over 8 lanes at least, and in smaller
 * subgroups reads other keys' scores (onnxruntime 1.30 on subgroups of 4: relative error 0.6 at 512 keys).
 */
const LEAST_SUBGROUP = 8;
const SUBGROUP_FEATURES = ['subgroups', 'subgroup-size-control', SUBGROUP_MATRIX];

/** The adapter, and what was left out of it. */
export interface OrtAdapter {
  adapter: GPUAdapter;
  /** Whether its kernels use subgroups, in words for the record. */
  subgroups: string;
}

/**
 * Opens the adapter that the options ask for and puts it into navigator.gpu, where the provider looks for one as in a
 * browser. Each session gets a fresh one, since an adapter gives one device. Throws with the reason where there
 * is none.
 */
export async function provideAdapter(options: WebgpuOptions): Promise<OrtAdapter> {
  const adapter = await openAdapter(options);
  const smallest = (adapter.info as { subgroupMinSize?: number }).subgroupMinSize ?? 0;
  const withSubgroups = adapter.features.has('subgroups') && smallest >= LEAST_SUBGROUP;
  const requestAdapter = async () => {
    const fresh = await openAdapter(options);
    return withSubgroups ? fresh : withoutFeatures(fresh, SUBGROUP_FEATURES);
  };
  Object.defineProperty(globalThis.navigator, 'gpu', { value: { requestAdapter } });
  const subgroups = withSubgroups ? 'with subgroups' : `without subgroups (the adapter's are of ${smallest})`;
  return { adapter, subgroups };
}

/** The adapter as it would be without these features. */
function withoutFeatures(adapter: GPUAdapter, left: readonly string[]): GPUAdapter {
  const features = new Set([...adapter.features].filter((feature) => !left.includes(feature)));
  return new Proxy(adapter, {
    get(target, property) {
      if (property === 'features') return features;
      const value: unknown = Reflect.get(target, property, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
