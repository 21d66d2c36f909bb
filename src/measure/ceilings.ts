/** The limits of a device, each by the fastest of several probes: what kernels can be measured against. */

import { Bench } from 'tinybench';
import type { Probe } from '../../kernels/ceilings/probe.ts';
import { clockProbe, memoryReads, multiplyAddCeilings } from '../../kernels/ceilings/wasm.ts';
import { wgslMultiplyAdd } from '../../kernels/ceilings/wgsl.ts';
import { matrixProbes } from '../../kernels/ceilings/wgsl-matrix.ts';
import { x64ClockProbe, x64MemoryReads, x64MultiplyAdd } from '../../kernels/ceilings/x64.ts';
import { x64Bf16Products } from '../../kernels/ceilings/x64-bf16.ts';
import type { Features } from '../../kernels/device.ts';
import type { Host } from '../host/contract.ts';
import type { KillableHost, OpenTarget } from '../host/target.ts';
import { watched } from '../host/watchdog.ts';
import { wrongProbe } from '../messages.ts';
import { type Slice, wholeSlice } from '../problem/slice.ts';
import type { Workload } from '../problem/workload.ts';
import { summarize } from './series.ts';

/** A limit, as the fastest of its probes found it. */
export interface Ceiling {
  /** The probe that was fastest. */
  probe: string;
  /** Operations a second: median over its runs, and their range. FLOPs, exponentials or bytes, as the probe counts. */
  rate: number;
  minimum: number;
  maximum: number;
}

/** Products of subgroup matrices of a type. */
type MatrixQuantity = `matrix-product ${'f32' | 'f16'}`;

/** One limit of one device. */
export interface DeviceCeiling extends Ceiling {
  device: string;
  backend: 'scalar' | 'wasm' | 'webgpu';
  quantity:
    | 'multiply-add'
    | 'multiply-add f16'
    | MatrixQuantity
    | 'exponential'
    | 'workgroup-read'
    | 'workgroup-conflict'
    | 'cache-read'
    | 'memory-read'
    | 'clock';
  /** How the probe was compiled. */
  variant: string;
  threads: number | null;
  unit: 'FLOP/s' | '1/s' | 'byte/s' | 'Hz';
}

const WARM_MILLISECONDS = 50;
/** Longest run of a probe, seconds: sizes are chosen so that one takes well below a second. */
const PROBE_LIMIT_S = 60;

/** A workload for probes: heads of `seqQuery` queries and `seqKv` keys; some rows of one are a work tile. */
export function probeWorkload(seqQuery: number, seqKv: number, headDim: number, kvHeads = 1): Workload {
  const scale = 1 / Math.sqrt(headDim);
  return {
    batch: 1,
    queryHeads: kvHeads,
    kvHeads,
    headDim,
    seqQuery,
    seqKv,
    mask: 'full',
    window: null,
    dtype: 'f32',
    scale,
  };
}

/**
 * Runs each probe `runs` times after warming and returns the fastest. The probes run twice, in order and in reverse, so that
 * a moment in which the machine does something else falls on no probe alone. `rows` limits them to the first query
 * rows, so that work done once for a KV head hardly counts. Throws where a probe's result is not the one that its work gives,
 * or where the host does not answer: then it is ended.
 */
export async function fastestProbe(
  target: KillableHost,
  probes: readonly Probe[],
  workload: Workload,
  runs: number,
  rows: number | null = null,
): Promise<Ceiling> {
  const host = watched(target, () => PROBE_LIMIT_S);
  const device = await host.environment();
  const prepared: { probe: Probe; id: number; rates: number[] }[] = [];
  for (const probe of probes) {
    const program = probe.build(workload, device);
    const whole = wholeSlice(workload, program.blockRows);
    const slice: Slice = rows === null ? whole : { ...whole, runs: [{ start: 0, count: rows / program.blockRows }] };
    const { id } = await host.prepare({ program, workload, slice, data: { kind: 'none' } });
    prepared.push({ probe, id, rates: await timedRuns(host, probe.name, id, Math.ceil(runs / 2), WARM_MILLISECONDS) });
  }
  const found: Ceiling[] = [];
  for (const { probe, id, rates } of prepared.reverse()) {
    rates.push(...(await timedRuns(host, probe.name, id, Math.floor(runs / 2), 0)));
    const [first] = await host.read(id, [{ batch: 0, queryHead: 0, row: 0 }]);
    await host.dispose(id);
    const [value, wanted] = [first?.[0] ?? Number.NaN, probe.expected(workload)];
    if (!(Math.abs(value - wanted) <= 1e-3 * Math.abs(wanted))) throw new Error(wrongProbe(probe.name, value, wanted));
    const { median, minimum, maximum } = summarize(rates);
    const factor = probe.operationsPerFlop(workload);
    found.push({ probe: probe.name, rate: median * factor, minimum: minimum * factor, maximum: maximum * factor });
  }
  // By their fastest runs: whatever else the machine does only takes time away.
  return found.reduce((best, item) => (item.maximum > best.maximum ? item : best));
}

/**
 * The clock of a core in Hz: one work tile of the chain, so one thread, some milliseconds a run. What else the machine does
 * only slows a chain down, so the maximum is the clock.
 */
export function coreClock(host: KillableHost, chain: Probe = clockProbe): Promise<Ceiling> {
  return fastestProbe(host, [chain], probeWorkload(48, 1536, 128), 24);
}

/** FLOP/s of `runs` runs of what is prepared as `id`, after warming until the engine has compiled it for speed. */
async function timedRuns(host: Host, name: string, id: number, runs: number, warmupTime: number): Promise<number[]> {
  if (runs === 0) return [];
  const rates: number[] = [];
  // The host has its own clock: the loop only repeats and warms.
  const bench = new Bench({ time: 0, iterations: runs, warmupIterations: 2, warmupTime, throws: true });
  bench.add(name, async () => {
    const { seconds, flops } = await host.run(id);
    rates.push(flops / seconds);
    return { overriddenDuration: seconds * 1000 };
  });
  await bench.run();
  return rates.slice(-runs);
}

/**
 * The limits that a target's kernels are measured against: the fastest multiply-add probe of WebAssembly and, for few query
 * rows, reads of memory; the same of machine code; of WebGPU multiply-adds, and products of each kind of subgroup matrices that a kernel may use.
 */
export async function ceilingsOf(target: OpenTarget): Promise<Probe[]> {
  const { device, features } = target.environment;
  if (target.host === 'mock' || device.library !== undefined) return [];
  if (device.backend === 'webgpu') return [wgslMultiplyAdd, ...matrixProbes(target.environment)];
  if (device.backend === 'native') return machineCodeCeilings(target, features);
  if (device.backend !== 'wasm') return [];
  const host = await target.open();
  try {
    const probes = multiplyAddCeilings(features);
    const { probe, maximum: flopsAlone } = await fastestProbe(host, probes, probeWorkload(768, 768, 128), 12);
    const coreHertz = (await coreClock(host)).maximum;
    const adds = probes.filter(({ name }) => name === probe).map((chosen) => ({ ...chosen, coreHertz, flopsAlone }));
    return [...adds, memoryReads];
  } finally {
    await host.close();
  }
}

/** Multiply-adds of the instructions in use, products of bf16 and reads of memory, which need no choice: how they are scheduled is ours. */
async function machineCodeCeilings(target: OpenTarget, features: Features): Promise<Probe[]> {
  const set = features.instructionSet ?? 'avx2';
  const host = await target.open();
  try {
    const probes = [x64MultiplyAdd(set), ...(features.bf16Sets ?? []).map((bf16) => x64Bf16Products(bf16))];
    const coreHertz = (await coreClock(host, x64ClockProbe)).maximum;
    const chosen: Probe[] = [];
    for (const probe of probes) {
      const { maximum: flopsAlone } = await fastestProbe(host, [probe], probeWorkload(768, 768, 128), 12);
      chosen.push({ ...probe, coreHertz, flopsAlone });
    }
    return [...chosen, x64MemoryReads(set)];
  } finally {
    await host.close();
  }
}
