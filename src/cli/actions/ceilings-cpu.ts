/** The work of bench ceilings on the CPU: every probe in a child of its own kind, a few milliseconds a run. */

import { scalarMultiplyAdd } from '../../../kernels/ceilings/scalar.ts';
import { exponentialCeiling, memoryReads, multiplyAddCeilings } from '../../../kernels/ceilings/wasm.ts';
import { counted } from '../../format.ts';
import type { WasmVariant } from '../../host/cpu/wasm-variants.ts';
import { revectorizeFlag } from '../../host/node/flags.ts';
import { spawnHost } from '../../host/node/spawn.ts';
import { spawnWasm } from '../../host/node/wasm-children.ts';
import type { KillableHost } from '../../host/target.ts';
import { coreClock, type DeviceCeiling, fastestProbe, probeWorkload } from '../../measure/ceilings.ts';

const RUNS = 7;
/** 150 MFLOP a thread in 16 work tiles of 48 rows: some milliseconds. */
const SMALL = probeWorkload(768, 384, 128);
/** K and V of a decoding step, 256 MiB together: more than the caches of most CPUs. */
const LARGE = probeWorkload(1, 2 ** 16, 64, 8);

/**
 * The limits of the CPU in every variant, with one thread and with all of `cores`. A probe that fails is told to `failed`,
 * and the others go on.
 */
export async function measureCpu(
  cores: number,
  failed: (probe: string, error: unknown) => void,
): Promise<DeviceCeiling[]> {
  const [ceilings, reads]: [DeviceCeiling[], DeviceCeiling[]] = [[], []];
  const threadCounts = [...new Set([1, cores])];
  const attempt = async (what: string, measure: () => Promise<void>) => {
    try {
      await measure();
    } catch (error) {
      failed(what, error);
    }
  };
  const within = (
    what: string,
    open: () => Promise<KillableHost>,
    measure: (host: KillableHost, device: string) => Promise<void>,
  ) =>
    attempt(what, async () => {
      const host = await open();
      try {
        await measure(host, (await host.environment()).device.name);
      } finally {
        await host.close();
      }
    });

  const scalar = () => spawnHost({ role: { backend: 'scalar' }, flags: [], env: {} });
  await within(scalarMultiplyAdd.name, scalar, async (host, device) => {
    const found = await fastestProbe(host, [scalarMultiplyAdd], SMALL, RUNS);
    const common = { device, backend: 'scalar', variant: 'scalar', threads: 1 } as const;
    ceilings.push({ ...common, quantity: 'multiply-add', unit: 'FLOP/s', ...found });
  });
  const variants: WasmVariant[] = revectorizeFlag() === undefined ? ['simd-relaxed'] : ['simd-relaxed', 'simd256'];
  for (const variant of variants) {
    for (const threads of threadCounts) {
      const where = `${variant}, ${counted(threads, 'thread')}`;
      const open = () => spawnWasm(variant, threads);
      await within(where, open, async (host, device) => {
        const { features } = await host.environment();
        const work = { ...SMALL, seqQuery: SMALL.seqQuery * threads };
        const common = { device, backend: 'wasm', variant, threads } as const;
        await attempt(`multiply-adds, ${where}`, async () => {
          const adds = await fastestProbe(host, multiplyAddCeilings(features), work, RUNS);
          ceilings.push({ ...common, quantity: 'multiply-add', unit: 'FLOP/s', ...adds });
        });
        await attempt(`exponentials, ${where}`, async () => {
          const exponentials = await fastestProbe(host, [exponentialCeiling], work, RUNS);
          ceilings.push({ ...common, quantity: 'exponential', unit: '1/s', ...exponentials });
        });
        if (variant !== variants.at(-1)) return;
        await attempt(`memory reads, ${where}`, async () => {
          const found = await fastestProbe(host, [memoryReads], LARGE, RUNS);
          reads.push({ ...common, quantity: 'memory-read', unit: 'byte/s', ...found });
        });
        if (threads !== 1) return;
        await attempt(`clock, ${where}`, async () => {
          reads.push({ ...common, quantity: 'clock', unit: 'Hz', ...(await coreClock(host)) });
        });
      });
    }
  }
  return [...ceilings, ...reads];
}
