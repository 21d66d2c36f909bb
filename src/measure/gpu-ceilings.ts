/** The limits of a GPU in WGSL: multiply-adds, products of subgroup matrices, exponentials, reads of its memories. */

import type { Probe } from '../../kernels/ceilings/probe.ts';
import {
  wgslBankConflicts,
  wgslCacheReads,
  wgslExponential,
  wgslMemoryReads,
  wgslMultiplyAdd,
  wgslMultiplyAddF16,
  wgslWorkgroupReads,
} from '../../kernels/ceilings/wgsl.ts';
import { matrixProbes } from '../../kernels/ceilings/wgsl-matrix.ts';
import type { KillableHost, OpenTarget } from '../host/target.ts';
import { flops } from '../problem/flops.ts';
import type { Workload } from '../problem/workload.ts';
import { type Ceiling, type DeviceCeiling, fastestProbe, probeWorkload } from './ceilings.ts';

const RUNS = 5;
/** From what a software adapter does in a tenth of a second to what fills a large GPU for some milliseconds. */
const SIZES = [probeWorkload(512, 256, 128), probeWorkload(8192, 1024, 128), probeWorkload(65536, 4096, 128)] as const;
/** The same with a K of 1 MiB: more than the caches of a core, less than the one that all cores share. */
const CACHE_SIZES = SIZES.map(({ seqQuery }) => probeWorkload(seqQuery, 2048, 128));
/** A run should take at least this long; the next size is tried below it. */
const LONG_ENOUGH = 0.005;

/**
 * Measures a GPU. f16 multiply-adds and matrix products are left out where the device has none; a probe that fails is told
 * to `failed`, and the others go on.
 */
export async function measureGpu(
  target: OpenTarget,
  failed: (probe: string, error: unknown) => void,
): Promise<DeviceCeiling[]> {
  const host = await target.open();
  try {
    const environment = await host.environment();
    const { device, features, limits } = environment;
    const common = { device: device.name, backend: 'webgpu', variant: 'wgsl', threads: null } as const;
    const ceilings: DeviceCeiling[] = [];
    const add = async (
      quantity: DeviceCeiling['quantity'],
      unit: DeviceCeiling['unit'],
      probe: Probe,
      measure = (own: KillableHost, one: Probe) => longEnough(own, one),
    ) => {
      try {
        ceilings.push({ ...common, quantity, unit, ...(await measure(host, probe)) });
      } catch (error) {
        failed(probe.name, error);
      }
    };
    await add('multiply-add', 'FLOP/s', wgslMultiplyAdd);
    if (features.f16) await add('multiply-add f16', 'FLOP/s', wgslMultiplyAddF16);
    for (const probe of matrixProbes(environment)) {
      await add(`matrix-product ${probe.shape.component}`, 'FLOP/s', probe);
    }
    await add('exponential', '1/s', wgslExponential);
    await add('workgroup-read', 'byte/s', wgslWorkgroupReads);
    await add('workgroup-conflict', 'byte/s', wgslBankConflicts);
    await add('cache-read', 'byte/s', wgslCacheReads, (_, probe) => longEnough(host, probe, CACHE_SIZES));
    // As large as one buffer may be, 128 MiB at most: more than the caches of any GPU but the largest.
    const keys = Math.min(2 ** 18, 2 ** Math.floor(Math.log2(limits.tensorBytes / (4 * 128))));
    await add('memory-read', 'byte/s', wgslMemoryReads, (_, probe) =>
      fastestProbe(host, [probe], probeWorkload(65536, keys, 128), RUNS),
    );
    return ceilings;
  } finally {
    await host.close();
  }
}

async function longEnough(host: KillableHost, probe: Probe, sizes: readonly Workload[] = SIZES): Promise<Ceiling> {
  for (const size of sizes) {
    const found = await fastestProbe(host, [probe], size, RUNS);
    if (size === sizes.at(-1) || secondsOf(size, probe, found.rate) >= LONG_ENOUGH) return found;
  }
  throw new RangeError('no sizes to try');
}

const secondsOf = (w: Workload, probe: Probe, rate: number) => (flops(w) * probe.operationsPerFlop(w)) / rate;
