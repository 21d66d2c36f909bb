/** Configurations of the WGSL kernel that may be worth trying on a device, and what makes one impossible. */

import { formatExactBytes } from '../../src/format.ts';
import { needsMemory } from '../../src/messages.ts';
import { wgslConfiguration } from '../configurations.ts';
import type { DeviceProfile, Limits } from '../device.ts';
import { combinations, distance, sameConfiguration } from '../tunable.ts';
import { sizes, type WgslConfiguration, workgroupBytes } from './configuration.ts';
import { floatsOfThread, floatsThatFit } from './registers.ts';

/** Why a configuration cannot be built or run: parts that do not divide, or the limits of the device. */
export function wgslConfigurationProblem(t: WgslConfiguration, headDim: number, limits: Limits): string | undefined {
  if (t.rows % 4 !== 0 || t.keys % 4 !== 0) return 'rows and keys must be multiples of 4';
  if (t.chunk % 4 !== 0 || headDim % t.chunk !== 0)
    return `chunk ${t.chunk} does not divide head dimension ${headDim} in fours`;
  if (t.chunk % t.unroll !== 0 || t.valueKeys % t.unroll !== 0)
    return `unroll ${t.unroll} does not divide chunk ${t.chunk} and valueKeys ${t.valueKeys}`;
  if (t.threadColumns % t.weightParts !== 0)
    return `weightParts ${t.weightParts} does not divide ${t.threadColumns} thread columns`;
  const { partKeys, threads } = sizes(headDim, t);
  if (partKeys % t.valueKeys !== 0) return `valueKeys ${t.valueKeys} does not divide a part of ${partKeys} keys`;
  const need = workgroupBytes(headDim, t);
  if (need > limits.workgroupMemoryBytes)
    return needsMemory('workgroup memory', formatExactBytes(need), formatExactBytes(limits.workgroupMemoryBytes));
  if (threads > limits.workgroupInvocations) {
    return `it needs ${threads} threads in a workgroup; the device allows ${limits.workgroupInvocations}`;
  }
  return undefined;
}

/** Floats of workgroup memory read for each multiply-add, of both products. */
function reads(config: WgslConfiguration, headDim: number): number {
  const { threadColumns } = sizes(headDim, config);
  return 1 / config.rows + 1 / config.keys + 1 / config.rows + 1 / (4 * threadColumns);
}

/**
 * Configurations that fit the limits and the registers of the vendor's GPUs, fewest reads first; where a CPU emulates the GPU, neighbours of the
 * shipped one first, since a search there has time for a few only.
 */
export function wgslCandidates(headDim: number, device: DeviceProfile): WgslConfiguration[] {
  const { features, limits } = device;
  const shipped = wgslConfiguration(headDim, device);
  const shapes = combinations<WgslConfiguration>(shipped, {
    threadRows: features.software === true ? [1, 2, 4] : [4, 8, 16],
    threadColumns: features.software === true ? [4, 8] : [8, 16, 32],
    rows: features.software === true ? [8, 16, 24] : [4, 8, 12],
    keys: features.software === true ? [8, 16, 24] : [4, 8, 12],
    chunk: [8, 16, 32],
    valueKeys: [8, 16],
    unroll: [1, 2, 4],
    weightParts: [1, 2, 4],
    values: ['after-softmax', 'before-softmax'],
  });
  const fits = shapes.filter(
    (config) =>
      !sameConfiguration(config, shipped) &&
      (features.software === true || floatsOfThread(headDim, config) <= floatsThatFit(features.vendor)) &&
      wgslConfigurationProblem(config, headDim, limits) === undefined,
  );
  const byReads = (a: WgslConfiguration, b: WgslConfiguration) => reads(a, headDim) - reads(b, headDim);
  const byDistance = (a: WgslConfiguration, b: WgslConfiguration) => distance(a, shipped) - distance(b, shipped);
  return fits.sort((a, b) =>
    features.software === true ? byDistance(a, b) || byReads(a, b) : byReads(a, b) || byDistance(a, b),
  );
}
