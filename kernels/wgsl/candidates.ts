/** Configurations of the WGSL kernel that may be worth trying on a device, and what makes one impossible. */

import { formatExactBytes } from '../../src/format.ts';
import { needsMemory } from '../../src/messages.ts';
import { wgslConfiguration } from '../configurations.ts';
import type { DeviceProfile, Limits } from '../device.ts';
import { combinations, distance, sameConfiguration } from '../tunable.ts';
import { sizes, type WgslConfiguration, workgroupBytes } from './configuration.ts';
import { excess, withoutLimits } from './excess.ts';
import { floatsOfThread } from './registers.ts';
import type { RowDims } from './row-dims.ts';

/** Why a configuration cannot be built or run: parts that do not divide, or the limits of the device. */
export function wgslConfigurationProblem(t: WgslConfiguration, dims: RowDims, limits: Limits): string | undefined {
  if (t.rows % 4 !== 0 || t.keys % 4 !== 0) return 'rows and keys must be multiples of 4';
  // Zeros fill the last chunk of a head dimension up to a multiple of 16, no more.
  const filled = 16 * Math.ceil(dims.headDim / 16);
  if (t.chunk % 4 !== 0 || filled % t.chunk !== 0)
    return `chunk ${t.chunk} does not divide head dimension ${filled} in fours`;
  if (t.chunk % t.unroll !== 0 || t.valueKeys % t.unroll !== 0)
    return `unroll ${t.unroll} does not divide chunk ${t.chunk} and valueKeys ${t.valueKeys}`;
  if (t.threadColumns % t.weightParts !== 0)
    return `weightParts ${t.weightParts} does not divide ${t.threadColumns} thread columns`;
  const { partKeys, threads } = sizes(dims.headDimV, t);
  if (partKeys % t.valueKeys !== 0) return `valueKeys ${t.valueKeys} does not divide a part of ${partKeys} keys`;
  const need = workgroupBytes(dims.headDimV, t);
  if (need > limits.workgroupMemoryBytes)
    return needsMemory('workgroup memory', formatExactBytes(need), formatExactBytes(limits.workgroupMemoryBytes));
  if (threads > limits.workgroupInvocations) {
    return `it needs ${threads} threads in a workgroup; the device allows ${limits.workgroupInvocations}`;
  }
  return undefined;
}

/** Floats of workgroup memory read for each multiply-add, of both products. */
function reads(config: WgslConfiguration, { headDimV }: RowDims): number {
  const { threadColumns } = sizes(headDimV, config);
  return 1 / config.rows + 1 / config.keys + 1 / config.rows + 1 / (4 * threadColumns);
}

/** Configurations that read workgroup memory so many times as often as the shipped one are not tried: that is what both products wait for. */
const MOST_READS = 1.5;

/** Why a configuration takes more than a device has, or reads workgroup memory far more often than the shipped one; undefined where neither. */
export function wgslExcess(config: WgslConfiguration, dims: RowDims, device: DeviceProfile): string | undefined {
  const shipped = wgslConfiguration(dims, device);
  const { headDimV } = dims;
  const { threads } = sizes(headDimV, config);
  const needs = { floats: floatsOfThread(headDimV, config), threads, workgroupBytes: workgroupBytes(headDimV, config) };
  const tooMuch = excess(needs, device, floatsOfThread(headDimV, shipped));
  if (tooMuch !== undefined || device.features.software === true) return tooMuch;
  return reads(config, dims) > MOST_READS * reads(shipped, dims)
    ? `more than ${MOST_READS} times as many reads of workgroup memory as the default`
    : undefined;
}

/**
 * Configurations that can be built. Each shape of the products comes once, fewest reads of workgroup memory first, before any comes again
 * in another way to stage. Where a CPU emulates the GPU, neighbours of the shipped one come first: a search there has time for few.
 */
export function wgslCandidates(dims: RowDims, device: DeviceProfile): WgslConfiguration[] {
  const software = device.features.software === true;
  const shipped = wgslConfiguration(dims, device);
  const combined = combinations<WgslConfiguration>(shipped, {
    threadRows: software ? [1, 2, 4] : [4, 8, 16, 32],
    threadColumns: software ? [4, 8] : [8, 16, 32],
    rows: software ? [8, 16, 24] : [4, 8, 12],
    keys: software ? [8, 16, 24] : [4, 8, 12],
    chunk: [8, 16, 32],
    valueKeys: [8, 16],
    unroll: [1, 2, 4],
    weightParts: [1, 2, 4],
    values: ['after-softmax', 'before-softmax'],
    layout: software ? ['plain'] : ['plain', 'swizzled'],
  });
  const { limits } = withoutLimits(device);
  const built = combined
    .filter(
      (config) => !sameConfiguration(config, shipped) && wgslConfigurationProblem(config, dims, limits) === undefined,
    )
    .map((config) => ({
      config,
      distance: distance(config, shipped),
      reads: reads(config, dims),
      // Within a shape those that fit come first, so that its first turn is one that runs.
      outside: Number(wgslExcess(config, dims, device) !== undefined),
    }));
  if (software) return built.sort((a, b) => a.distance - b.distance || a.reads - b.reads).map(({ config }) => config);
  const shapes = Map.groupBy(
    built.sort((a, b) => a.outside - b.outside || a.distance - b.distance),
    ({ config }) => shapeOf(config),
  );
  const inTurn = [...shapes.values()].flatMap((alike) => alike.map((one, turn) => ({ ...one, turn })));
  return inTurn.sort((a, b) => a.turn - b.turn || a.reads - b.reads).map(({ config }) => config);
}

/** What the threads of a configuration own; the rest is how it is staged. */
const shapeOf = ({ threadRows, threadColumns, rows, keys }: WgslConfiguration) =>
  [threadRows, threadColumns, rows, keys].join(' ');
