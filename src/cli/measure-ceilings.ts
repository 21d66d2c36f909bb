/** The work of bench ceilings: every probe in a child of its own kind, a few milliseconds a run. */

import { scalarMultiplyAdd } from '../../kernels/ceilings/scalar.ts';
import { bandwidthCeiling, exponentialCeiling, multiplyAddCeilings } from '../../kernels/ceilings/wasm.ts';
import type { Host } from '../host/host.ts';
import { revectorizeFlag, type WasmVariant } from '../host/node/flags.ts';
import { spawnHost } from '../host/node/spawn.ts';
import { spawnWasm } from '../host/node/variants.ts';
import { type Ceiling, fastestProbe, probeWorkload } from '../measure/ceilings.ts';
import { formatRate } from '../report/rows.ts';
import { versions } from './context.ts';
import { formatColumns } from './output.ts';

export interface CpuCeilings {
  device: string;
  versions: Record<string, string>;
  ceilings: (Ceiling & {
    quantity: 'multiply-add' | 'exponential' | 'memory-read';
    variant: string;
    threads: number;
    unit: string;
  })[];
}

const RUNS = 7;
/** 150 MFLOP a thread in 16 units of 48 rows: some milliseconds. */
const SMALL = probeWorkload(768, 384, 128);
/** Two KV heads whose K is 128 MiB each, read in turn by a few of many rows: more than a core's share of any cache. */
const LARGE = probeWorkload(8192, 2 ** 20, 32, 2);
const ROWS_READ = 4;

export async function measureCpu(cores: number): Promise<CpuCeilings> {
  const ceilings: CpuCeilings['ceilings'] = [];
  const threadCounts = [...new Set([1, cores])];
  let device = '';
  const within = async (open: Promise<Host>, measure: (host: Host) => Promise<void>) => {
    const host = await open;
    try {
      device = (await host.environment()).device.name;
      await measure(host);
    } finally {
      await host.close();
    }
  };

  await within(spawnHost({ role: { backend: 'scalar' }, flags: [], env: {} }), async (host) => {
    const found = await fastestProbe(host, [scalarMultiplyAdd], SMALL, RUNS);
    ceilings.push({ quantity: 'multiply-add', variant: 'scalar', threads: 1, unit: 'FLOP/s', ...found });
  });
  const variants: WasmVariant[] = revectorizeFlag() === undefined ? ['simd-relaxed'] : ['simd-relaxed', 'simd256'];
  for (const variant of variants) {
    for (const threads of threadCounts) {
      await within(spawnWasm(variant, threads), async (host) => {
        const { features } = await host.environment();
        const work = { ...SMALL, seqQuery: SMALL.seqQuery * threads };
        const adds = await fastestProbe(host, multiplyAddCeilings(features), work, RUNS);
        ceilings.push({ quantity: 'multiply-add', variant, threads, unit: 'FLOP/s', ...adds });
        const exponentials = await fastestProbe(host, [exponentialCeiling], work, RUNS, 1 / 4);
        ceilings.push({ quantity: 'exponential', variant, threads, unit: '1/s', ...exponentials });
      });
    }
  }
  for (const threads of threadCounts) {
    const variant = variants.at(-1) as WasmVariant;
    await within(spawnWasm(variant, threads), async (host) => {
      const found = await fastestProbe(host, [bandwidthCeiling], LARGE, 3, 1, ROWS_READ);
      ceilings.push({ quantity: 'memory-read', variant, threads, unit: 'byte/s', ...found });
    });
  }
  return { device, versions: versions(), ceilings };
}

const NAMES = { 'multiply-add': 'multiply-adds', exponential: 'exponentials', 'memory-read': 'memory reads' } as const;
const BITS: Record<string, string> = {
  scalar: 'JavaScript',
  simd: '128 bits',
  'simd-relaxed': '128 bits',
  simd256: '256 bits',
};

export function formatCeilings({ device, versions: found, ceilings }: CpuCeilings): string {
  const amount = (unit: string, rate: number) =>
    unit === 'FLOP/s' ? formatRate(rate / 1e12) : `${(rate / 1e9).toPrecision(3)} ${unit === '1/s' ? 'G/s' : 'GB/s'}`;
  const body = ceilings.map((item) => [
    NAMES[item.quantity],
    BITS[item.variant] ?? item.variant,
    String(item.threads),
    amount(item.unit, item.rate),
    `${amount(item.unit, item.minimum)} to ${amount(item.unit, item.maximum)}`,
    item.probe.replace(/^wasm-multiply-add-/, 'tile of '),
  ]);
  const header = ['what', 'width', 'threads', 'median', 'range', 'fastest probe'];
  return `${device}, Node ${found['node']}, V8 ${found['v8']}\n\n${formatColumns(header, body)}`;
}
