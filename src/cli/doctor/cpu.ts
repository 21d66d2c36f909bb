/** The CPU: whether its kernels run, with which features of WebAssembly, and whether they have the machine for themselves. */

import { availableParallelism } from 'node:os';
import { counted, formatBytes, formatNumber } from '../../format.ts';
import { revectorizeFlag } from '../../host/node/flags.ts';
import { nodeTarget } from '../../host/node/targets.ts';
import { cpuName } from '../../host/node/this-machine.ts';
import type { Target } from '../../host/target.ts';
import { expand, presetAxes } from '../../problem/sweep.ts';
import { bytes } from '../../problem/workload.ts';
import { lookAtLoad } from '../machine-load.ts';
import { type Check, fails, ok, warning } from './check.ts';

/** What the CPU can do. */
export interface CpuFindings {
  checks: Check[];
  /** Threads of the WebAssembly kernels; null where they do not run. */
  threads: number | null;
  /** Threads of the kernels in machine code; null where they do not run. */
  machineCode: number | null;
  /** Whether the JavaScript kernels run; where WebAssembly does they are not tried. */
  scalar: boolean;
}

const NOTHING_FIXED = { threads: null, webgpu: { adapter: null, allowSoftware: false, limits: {} } };

/** Starts a child process as a run does, with the flag of the fastest variant, and asks what it has. */
export async function checkCpu(): Promise<CpuFindings> {
  const flag = flagOfNode();
  const variant = flag === undefined ? 'simd-relaxed' : 'simd256';
  const wasm = await closed(await nodeTarget({ backend: 'wasm' }, { ...NOTHING_FIXED, variant }));
  const native = await closed(await nodeTarget({ backend: 'native' }, { ...NOTHING_FIXED, variant: 'avx2' }));
  const machineCode = native.state === 'open' ? (native.environment.device.threads ?? 1) : null;
  const checks = [ok('CPU', `${cpuName()}, ${counted(availableParallelism(), 'core')}`), checkMachineCode(native)];
  if (wasm.state === 'open') {
    const { features, threads } = wasm.environment.device;
    checks.push(checkWasm(features, threads ?? 1, flag));
    return { checks, threads: threads ?? 1, machineCode, scalar: true };
  }
  const scalar = await closed(await nodeTarget({ backend: 'scalar' }, { ...NOTHING_FIXED, variant }));
  checks.push(
    scalar.state === 'open'
      ? warning('WebAssembly', wasm.reason, 'kernels in JavaScript run: --backend scalar')
      : fails('WebAssembly', wasm.reason, 'no kernel runs; unset NODE_OPTIONS and try again'),
  );
  return { checks, threads: null, machineCode, scalar: scalar.state === 'open' };
}

/** The flag of 256-bit operations; undefined also where this Node starts no other, which the target then tells. */
function flagOfNode(): string | undefined {
  try {
    return revectorizeFlag();
  } catch {
    return undefined;
  }
}

async function closed(target: Target): Promise<Target> {
  if (target.state === 'open') await target.close();
  return target;
}

/** What the CPU has for machine code, or why none is run. */
export function checkMachineCode(target: Target): Check {
  const name = 'Machine code';
  if (target.state === 'unavailable') return warning(name, target.reason, null);
  const { threads, features } = target.environment.device;
  return ok(name, [counted(threads ?? 1, 'thread'), ...features].join(', '));
}

/** What the engine has of WebAssembly; `flag` is that of its 256-bit operations. */
export function checkWasm(features: readonly string[], threads: number, flag: string | undefined): Check {
  const name = 'WebAssembly';
  const relaxed = features.includes('relaxed-simd');
  const parts = [
    counted(threads, 'thread'),
    relaxed ? 'relaxed SIMD' : 'no relaxed SIMD',
    flag === undefined ? 'no 256 bits' : '256 bits (by a flag of V8)',
  ];
  return relaxed ? ok(name, parts.join(', ')) : warning(name, parts.join(', '), 'a newer Node is faster');
}

/** Whether the tensors of a whole 32k workload fit into what is free. */
export function checkMemory(freeBytes: number): Check {
  const [workload] = expand({
    ...presetAxes('mha'),
    seq: [32_768],
    masks: ['full'],
    dtype: 'f32',
    window: null,
    scale: null,
  });
  const needed = workload === undefined ? 0 : bytes(workload);
  const text = `${formatBytes(freeBytes)} free; --full at 32k takes ${formatBytes(needed)}`;
  return freeBytes >= needed ? ok('Memory', text) : warning('Memory', text, 'without --full, runs take less');
}

/** What else keeps the machine busy now. */
export async function checkLoad(): Promise<Check> {
  const { load, warning: busy } = await lookAtLoad();
  if (load === null) return ok('Load', 'this system does not tell');
  const text = `${formatNumber(load.average)} on ${counted(load.cores, 'core')}`;
  return busy !== null ? warning('Load', `${text}: rates may come out low`, 'close what runs') : ok('Load', text);
}
