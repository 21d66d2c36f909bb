/** The command line on this machine's real backends, briefly: devices, a killed child, ceilings, compiling. */

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bench, benchBinary, parseRun, startBench, temporaryFolder } from './bench.ts';
import { writeProblem } from './byte-files.ts';

/** The processor time of a process, in hundredths of a second; Infinity once it has ended. */
function cpuTicks(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /, '')
      .split(' ');
    return Number(fields[11]) + Number(fields[12]);
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

describe('bench mha on this machine', () => {
  it('measures and verifies the CPU kernels, and says once that no hardware adapter is there', async () => {
    const outcome = await benchBinary([
      'mha',
      '--seq',
      '1,37,300',
      '--head-dim',
      '48',
      '--heads',
      '2',
      '--budget',
      '4',
      '--format',
      'json',
    ]);
    expect(outcome.code).toBe(0);
    const run = parseRun(outcome);
    const cpu = run.measurements.filter(({ backend }) => backend === 'wasm' || backend === 'scalar');
    expect(cpu).toHaveLength(18);
    // Machine code runs, or one line says why not.
    const native = run.measurements.filter(({ backend }) => backend === 'native');
    const said = outcome.stderr.match(/^(?:Skipping machine code: |x64-flash runs as machine code of AVX)/gm) ?? [];
    expect([native.length, said]).toEqual(
      native.length > 0 ? [6, ['x64-flash runs as machine code of AVX']] : [0, ['Skipping machine code: ']],
    );
    expect([...cpu, ...native].every(({ state }) => state === 'measured')).toBe(true);
    const hardware = run.context.devices.some(({ backend }) => backend === 'webgpu');
    expect(outcome.stderr.match(/^Skipping WebGPU: no hardware/gm) ?? []).toHaveLength(hardware ? 0 : 1);
  });

  it('skips WebGPU with the reason where only that was asked for and there is none', async () => {
    const outcome = await bench([
      'mha',
      '--seq',
      '64',
      '--heads',
      '1',
      '--batch',
      '1',
      '--backend',
      'webgpu',
      '--budget',
      '1',
      '--format',
      'json',
    ]);
    const run = parseRun(outcome);
    if (run.context.devices.length > 0) return expect(outcome.code).toBe(0);
    expect(outcome.code).toBe(1);
    expect(run.measurements.every((m) => m.state === 'skipped' && /^no hardware WebGPU adapter/.test(m.reason))).toBe(
      true,
    );
  });

  it('ends where every case was skipped and its children never ran', async () => {
    // The CPU kernels have no f16.
    const args = ['mha', '--seq', '64', '--kernel', 'wasm-flash,scalar-flash', '--dtype', 'f16', '--format', 'json'];
    const outcome = await bench(args);
    expect(outcome.code).toBe(1);
    const reasons = parseRun(outcome).measurements.map((m) => (m.state === 'skipped' ? m.reason : m.state));
    expect(reasons).toHaveLength(4);
    expect(reasons.every((reason) => reason.startsWith('this kernel takes f32'))).toBe(true);
    // The peer is skipped for its window, or where it is not installed.
    const cwd = temporaryFolder();
    writeProblem(join(cwd, 'case.safetensors'), 'full');
    const verify = ['verify', 'ort-native', '--tensors', 'case.safetensors', '--window', '3'];
    expect((await bench(verify, cwd)).code).toBe(1);
  });

  it.skipIf(process.platform !== 'linux')('loses only the running contender to a killed child', async () => {
    const args = ['mha', '--seq', '2k', '--heads', '1', '--batch', '1', '--causal', 'false', '--backend', 'scalar'];
    let watch: ReturnType<typeof setInterval> | undefined;
    const outcome = await startBench(
      [...args, '--budget', '10', '--format', 'json'],
      temporaryFolder(),
      (stderr, pid) => {
        if (watch !== undefined || !stderr.includes('1 workload x 2 kernels')) return;
        const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number);
        const begun = children.map(cpuTicks);
        // A quarter of a second of work into the run, which even a busy machine gives within the budget.
        watch = setInterval(() => {
          if (children.every((child, i) => cpuTicks(child) - (begun[i] ?? 0) < 25)) return;
          clearInterval(watch);
          // One that has ended by itself has nothing to lose.
          for (const child of children) if (existsSync(`/proc/${child}`)) process.kill(child, 'SIGKILL');
        }, 10);
      },
    );
    clearInterval(watch);
    const run = parseRun(outcome);
    expect(outcome.code).toBe(1);
    expect(run.measurements.map(({ state }) => state).sort()).toEqual(['failed', 'measured']);
    const failed = run.measurements.find(({ state }) => state === 'failed');
    expect(failed?.state === 'failed' && failed.message).toMatch(/ended \(signal SIGKILL\)/);
  });
});

describe('bench ceilings', () => {
  it('finds every limit of this CPU', async () => {
    const { code, stdout } = await bench(['ceilings', '--format', 'json']);
    expect(code).toBe(0);
    const { ceilings } = JSON.parse(stdout) as { ceilings: { quantity: string; variant: string; rate: number }[] };
    expect(new Set(ceilings.map(({ quantity }) => quantity))).toEqual(
      new Set(['multiply-add', 'exponential', 'memory-read', 'clock']),
    );
    expect(new Set(ceilings.map(({ variant }) => variant))).toContain('scalar');
    expect(ceilings.every(({ rate }) => rate > 1e6)).toBe(true);
  });
});

describe('bench compile', () => {
  it('compiles without running anything, and says in one line why it cannot', async () => {
    expect((await bench(['compile', 'wasm-flash', '--head-dim', '64'])).stdout).toMatch(/^compiled in [\d.]+ ms/m);
    const nothing = await bench(['compile', 'scalar-flash']);
    expect(nothing.code).toBe(2);
    expect(nothing.stderr).toMatch(/no code of its own to compile/);
    const { code, stderr } = await bench(['compile', 'wgsl-flash', '--adapter', 'no such adapter', '--allow-software']);
    expect(code).toBe(1);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });
});
