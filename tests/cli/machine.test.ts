/** The command line on this machine's real backends, briefly: devices, a killed child, tensors from files. */

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readSafetensors } from '../../src/problem/safetensors.ts';
import { keyRange } from '../../src/problem/workload.ts';
import { workload } from '../workloads.ts';
import { bench, benchBinary, parseRun, startBench, temporaryFolder } from './bench.ts';

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

/** A safetensors file put together byte by byte, independently of the project's writer. */
function fileBytes(header: unknown, values: Uint8Array): Uint8Array {
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeUInt32LE(json.length, 0);
  return Buffer.concat([length, json, values]);
}

function floats(values: readonly number[]): Buffer {
  const buffer = Buffer.alloc(values.length * 4);
  values.forEach((value, i) => {
    buffer.writeFloatLE(value, i * 4);
  });
  return buffer;
}

const SHAPE = { seqQuery: 5, seqKv: 9, queryHeads: 4, kvHeads: 2, headDim: 32 };

/** q, k, v and the o that a double loop over the definition gives. */
function problem(mask: 'full' | 'causal') {
  const w = workload({ ...SHAPE, mask });
  const make = (count: number, step: number) =>
    Array.from({ length: count }, (_, i) => Math.fround(Math.sin(i * step) * 1.2));
  const q = make(5 * 4 * 32, 0.7);
  const k = make(9 * 2 * 32, 1.3);
  const v = make(9 * 2 * 32, 2.1);
  const o: number[] = [];
  for (let row = 0; row < 5; row += 1) {
    for (let head = 0; head < 4; head += 1) {
      const kv = Math.floor(head / 2);
      const { high } = keyRange(w, row);
      const weights = Array.from({ length: high }, (_, j) => {
        let dot = 0;
        for (let d = 0; d < 32; d += 1) dot += (q[(row * 4 + head) * 32 + d] ?? 0) * (k[(j * 2 + kv) * 32 + d] ?? 0);
        return Math.exp(dot / Math.sqrt(32));
      });
      const total = weights.reduce((a, b) => a + b, 0);
      for (let d = 0; d < 32; d += 1) {
        o.push(weights.reduce((sum, weight, j) => sum + weight * (v[(j * 2 + kv) * 32 + d] ?? 0), 0) / total);
      }
    }
  }
  return { q, k, v, o };
}

function writeProblem(path: string, mask: 'full' | 'causal', change: (o: number[]) => number[] = (o) => o): void {
  const { q, k, v, o } = problem(mask);
  const parts = { q: floats(q), k: floats(k), v: floats(v), o: floats(change(o)) };
  const shapes = { q: [1, 5, 4, 32], k: [1, 9, 2, 32], v: [1, 9, 2, 32], o: [1, 5, 4, 32] };
  const header: Record<string, unknown> = { __metadata__: { format: 'pt' } };
  let offset = 0;
  for (const name of ['q', 'k', 'v', 'o'] as const) {
    header[name] = { dtype: 'F32', shape: shapes[name], data_offsets: [offset, offset + parts[name].length] };
    offset += parts[name].length;
  }
  writeFileSync(path, fileBytes(header, Buffer.concat(Object.values(parts))));
}

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

describe('bench verify', () => {
  it.for([
    ['scalar-naive', 'full'],
    ['scalar-flash', 'causal'],
    ['wasm-flash', 'full'],
    ['wasm-flash', 'causal'],
    ['wgsl-naive', 'causal'],
    ['wgsl-rows', 'full'],
  ] as const)('agrees with a file made elsewhere: %s, %s mask, GQA', async ([kernel, mask], { skip }) => {
    const folder = temporaryFolder();
    const file = join(folder, 'case.safetensors');
    writeProblem(file, mask);
    const output = join(folder, 'out.safetensors');
    const args = [
      'verify',
      kernel,
      '--tensors',
      file,
      '--output',
      output,
      '--allow-software',
      ...(mask === 'causal' ? ['--causal'] : []),
    ];
    const { code, stdout, stderr } = await bench(args, folder);
    if (/no WebGPU adapter on this machine/.test(stderr)) skip(stderr.trim());
    expect(stderr).toBe('');
    expect(stdout).toMatch(/: agrees\n/);
    expect(code).toBe(0);
    const o = readSafetensors(new Uint8Array(readFileSync(output)), ['o']).get('o');
    expect(o?.shape).toEqual([1, 5, 4, 32]);
    problem(mask).o.forEach((value, i) => {
      expect(Math.abs((o?.values[i] ?? Number.NaN) - value)).toBeLessThan(1e-5);
    });
  });

  it('disagrees with a wrong o, writes its own all the same, and exits with 1', async () => {
    const folder = temporaryFolder();
    const file = join(folder, 'wrong.safetensors');
    writeProblem(file, 'full', (o) => o.map((value, i) => (i === 77 ? value + 0.01 : value)));
    const output = join(folder, 'out.safetensors');
    const { code, stdout } = await bench(['verify', 'scalar-flash', '--tensors', file, '--output', output], folder);
    expect(code).toBe(1);
    expect(stdout).toContain('DISAGREES');
    expect(readSafetensors(new Uint8Array(readFileSync(output)), ['o']).size).toBe(1);
  });

  const entry = (shape: number[], begin: number, end: number, dtype = 'F32') => ({
    dtype,
    shape,
    data_offsets: [begin, end],
  });
  const good = {
    q: entry([1, 1, 1, 32], 0, 128),
    k: entry([1, 1, 1, 32], 128, 256),
    v: entry([1, 1, 1, 32], 256, 384),
  };
  const data = Buffer.alloc(384);
  it.each([
    ['a truncated header', Buffer.from([9, 0, 0, 0, 0, 0, 0, 0, 123]), 'does not fit'],
    ['three bytes', Buffer.from([1, 2, 3]), 'fewer than the 8'],
    ['no JSON', fileBytes('x', Buffer.alloc(0)), 'not a JSON object'],
    ['truncated data', fileBytes(good, data.subarray(0, 300)), 'outside the file'],
    ['offsets outside', fileBytes({ ...good, v: entry([1, 1, 1, 32], 400, 528) }, data), 'outside the file'],
    [
      'a size that does not fit',
      fileBytes({ ...good, k: entry([1, 2, 1, 32], 128, 256) }, data),
      'needs 256 bytes and has 128',
    ],
    [
      'another dtype',
      fileBytes({ ...good, k: entry([1, 1, 1, 32], 128, 256, 'I32') }, data),
      'F32, F16 and BF16 can be read',
    ],
    [
      'three dimensions',
      fileBytes({ ...good, q: entry([1, 1, 32], 0, 128) }, data),
      '[tokens, heads, headDim] is needed',
    ],
    ['no v', fileBytes({ q: good.q, k: good.k }, data), "no tensor 'v'; it has q, k; --map v=NAME"],
    ['shapes that disagree', fileBytes({ ...good, v: entry([1, 1, 2, 16], 256, 384) }, data), 'fits the others'],
    [
      'a head dimension of 640',
      fileBytes(
        {
          q: entry([1, 1, 1, 640], 0, 2560),
          k: entry([1, 1, 1, 640], 2560, 5120),
          v: entry([1, 1, 1, 640], 5120, 7680),
        },
        Buffer.alloc(7680),
      ),
      'head dimension 640 is above 576',
    ],
  ])('refuses %s in one line with exit code 2', async (_, bytes, message) => {
    const folder = temporaryFolder();
    const file = join(folder, 'bad.safetensors');
    writeFileSync(file, bytes);
    const { code, stderr, stdout } = await bench(['verify', 'scalar-flash', '--tensors', file], folder);
    expect(stderr).toContain(message);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(stdout).toBe('');
    expect(code).toBe(2);
  });
});
