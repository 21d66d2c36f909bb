/** bench doctor: on this machine, where things are missing, and its checks on findings of other machines. */

import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { formatDiagnosis } from '../../src/cli/actions/doctor.ts';
import type { Check } from '../../src/cli/doctor/check.ts';
import { checkMemory, checkWasm } from '../../src/cli/doctor/cpu.ts';
import { checkAdapters, checkFeatures, checkLinux } from '../../src/cli/doctor/gpu.ts';
import { checkNode } from '../../src/cli/doctor/install.ts';
import { gpuModules, gpuNodes } from '../../src/host/node/gpu-files.ts';
import { findVulkan } from '../../src/host/node/vulkan-files.ts';
import { bench, temporaryFolder } from './bench.ts';

interface Diagnosis {
  canMeasure: string[];
  checks: Check[];
}

async function doctor(...args: string[]): Promise<{ code: number | null } & Diagnosis> {
  const { code, stdout } = await bench(['doctor', '--format', 'json', ...args]);
  return { code, ...(JSON.parse(stdout) as Diagnosis) };
}

const named = (checks: readonly Check[], name: string) => checks.find((check) => check.name === name);

/** A root folder with these files. */
function rootWith(files: Record<string, string>): string {
  const root = temporaryFolder();
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

afterEach(() => {
  vi.unstubAllEnvs();
});

describe('bench doctor', () => {
  it('finds the CPU kernels ready on this machine, in lines of 80 columns', async () => {
    const { code, stdout, stderr } = await bench(['doctor']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
    expect(stdout).toMatch(/^ok +Node +\d/m);
    expect(stdout).toMatch(new RegExp(`^ok +WebAssembly +${availableParallelism()} threads?, relaxed SIMD`, 'm'));
    expect(stdout).toContain('Ready to measure: ');
  });

  it('goes on without the package webgpu, and says how to get it', async () => {
    // The children of this process find every package but that one.
    const hook = `import { registerHooks } from 'node:module';
      registerHooks({ resolve(name, context, next) { return next(name === 'webgpu' ? 'no-webgpu' : name, context); } });`;
    vi.stubEnv('NODE_OPTIONS', `--import=data:text/javascript,${encodeURIComponent(hook)}`);
    const { code, canMeasure, checks } = await doctor();
    expect(code).toBe(0);
    expect(named(checks, 'WebGPU')).toMatchObject({ state: 'warning' });
    expect(named(checks, 'WebGPU')?.text).toMatch(/needs the optional package webgpu .*; install again/);
    expect(named(checks, 'GPU adapter')).toBeUndefined();
    expect(canMeasure.at(-1)).toBe('JavaScript');
  });

  it('exits with 1 where no child process starts, and still checks everything else', async () => {
    vi.stubEnv('NODE_OPTIONS', '--no-such-flag');
    const { code, canMeasure, checks } = await doctor();
    expect({ code, canMeasure }).toEqual({ code: 1, canMeasure: [] });
    expect(named(checks, 'WebAssembly')).toMatchObject({ state: 'fails' });
    expect(named(checks, 'WebAssembly')?.text).toMatch(/no-such-flag is not allowed/);
    expect(named(checks, 'Results')).toMatchObject({ state: 'ok' });
  });

  it('exits with 1 where no record can be written', async () => {
    const file = join(temporaryFolder(), 'file');
    writeFileSync(file, '');
    const { code, checks } = await doctor('--results', join(file, 'runs'));
    expect(code).toBe(1);
    expect(named(checks, 'Results')).toMatchObject({ state: 'fails', advice: 'choose another with --results' });
  });
});

describe('the answer of bench doctor', () => {
  it('breaks long lines behind the names of checks, and stands last', () => {
    const checks: Check[] = [
      { name: 'Node', state: 'ok', text: '26', advice: null },
      { name: 'GPU adapter', state: 'warning', text: 'one two three four', advice: 'five six' },
    ];
    expect(
      formatDiagnosis({ canMeasure: ['JavaScript'], checks }, 40)
        .split('\n')
        .slice(0, 4),
    ).toEqual([
      'ok       Node         26',
      'warning  GPU adapter  one two three',
      '                      four; five six',
      '',
    ]);
    expect(formatDiagnosis({ canMeasure: [], checks }, 80)).toMatch(/\nNothing can be measured here/);
  });
});

describe('a check', () => {
  it('of Node compares versions by their numbers', () => {
    expect(checkNode('22.18.0', '>=22.18')).toMatchObject({ state: 'ok' });
    expect(checkNode('22.9.0', '>=22.18')).toMatchObject({ state: 'fails', advice: 'install a newer one' });
    expect(checkNode('101.0.0', '>=22.18')).toMatchObject({ state: 'ok' });
    expect(checkNode('20.19.4', '>=22.18')).toMatchObject({ state: 'fails' });
  });

  it('of memory warns where a whole 32k workload does not fit', () => {
    expect(checkMemory(2 ** 30)).toMatchObject({ state: 'ok' });
    expect(checkMemory(2 ** 30 - 1)).toMatchObject({ state: 'warning' });
  });

  it('of WebAssembly names what an engine lacks', () => {
    expect(checkWasm(['simd', 'relaxed-simd'], 4, '--wasm-revectorize')).toMatchObject({
      state: 'ok',
      text: '4 threads, relaxed SIMD, 256 bits (by a flag of V8)',
    });
    expect(checkWasm(['simd'], 1, undefined)).toMatchObject({
      state: 'warning',
      text: '1 thread, no relaxed SIMD, no 256 bits',
    });
  });

  it('of adapters tells hardware from software, and from none', () => {
    expect(checkAdapters(['a card'], ['llvmpipe'], true)).toMatchObject({ state: 'ok', text: 'a card' });
    expect(checkAdapters([], ['llvmpipe'], true)).toMatchObject({ state: 'warning', text: 'only software: llvmpipe' });
    expect(checkAdapters([], [], true).advice).toContain('SwiftShader');
    expect(checkAdapters([], [], false).advice).toContain('lines below');
  });

  it('of features warns where samples have no timestamps', () => {
    const adapter = { name: 'a card', vendor: undefined, software: false, limits: {} };
    const info = { vendor: '', architecture: '', device: '', description: '', subgroupMinSize: 0, subgroupMaxSize: 0 };
    const features = (...names: string[]) => checkFeatures({ ...adapter, info, features: names });
    expect(features('timestamp-query', 'shader-f16')).toMatchObject({
      state: 'ok',
      text: 'timestamps, f16, no subgroups, no subgroup matrices',
    });
    expect(features('subgroups')).toMatchObject({ state: 'warning' });
  });
});

describe('the files of a GPU on Linux', () => {
  const manifest = (library: string) => JSON.stringify({ ICD: { library_path: library, api_version: '1.3.0' } });

  it('are a loader and drivers in the folders of both', () => {
    const root = rootWith({
      'etc/ld.so.conf.d/own.conf': '# own\n/opt/lib\n',
      'opt/lib/libvulkan.so.1': '',
      'opt/lib/libGLX_nvidia.so.0': '',
      'usr/share/vulkan/icd.d/nvidia_icd.json': manifest('libGLX_nvidia.so.0'),
      'etc/vulkan/icd.d/radeon_icd.json': manifest('libvulkan_radeon.so'),
      'home/me/.local/share/vulkan/icd.d/own.json': manifest('./libown.so'),
      'home/me/.local/share/vulkan/icd.d/libown.so': '',
      'usr/share/vulkan/icd.d/notes.json': 'none',
    });
    const found = findVulkan({ root, env: { HOME: '/home/me' } });
    expect(found).toMatchObject({ loaderFolder: '/opt/lib', override: null });
    expect(found.drivers).toEqual([
      { manifest: 'radeon_icd.json', library: 'libvulkan_radeon.so', libraryFound: false },
      { manifest: 'own.json', library: './libown.so', libraryFound: true },
      { manifest: 'notes.json', library: null, libraryFound: false },
      { manifest: 'nvidia_icd.json', library: 'libGLX_nvidia.so.0', libraryFound: true },
    ]);
    const checks = checkLinux({ vulkan: found, nodes: gpuNodes(root), modules: gpuModules(root) }, false);
    expect(named(checks, 'Vulkan driver')).toMatchObject({ state: 'ok', text: 'own.json, nvidia_icd.json' });
    expect(named(checks, 'GPU device')).toMatchObject({ state: 'warning' });
    // What works needs no advice.
    const working = checkLinux({ vulkan: found, nodes: [], modules: [] }, true);
    expect(working.every(({ state, advice }) => state === 'ok' && advice === null)).toBe(true);
  });

  it('are what a variable names in place of those, if it is there', () => {
    const root = rootWith({ 'own/lvp_icd.json': manifest('/nowhere/libvulkan_lvp.so'), 'own/lib/libvulkan.so.1': '' });
    const check = (env: Record<string, string>) =>
      checkLinux({ vulkan: findVulkan({ root, env }), nodes: [], modules: [] }, false);
    const both = { VK_ICD_FILENAMES: join(root, 'own/lvp_icd.json'), VK_DRIVER_FILES: '/gone/other.json' };
    expect(named(check(both), 'Vulkan driver')).toMatchObject({
      text: 'VK_DRIVER_FILES names other.json: no such file',
      advice: 'unset it',
    });
    const one = check({ VK_DRIVER_FILES: join(root, 'own'), LD_LIBRARY_PATH: join(root, 'own/lib') });
    expect(named(one, 'Vulkan loader')).toMatchObject({ state: 'ok' });
    expect(named(one, 'Vulkan driver')).toMatchObject({
      state: 'warning',
      text: 'lvp_icd.json (VK_DRIVER_FILES) names /nowhere/libvulkan_lvp.so: no such file',
    });
  });

  it('are none on an empty machine', () => {
    const root = temporaryFolder();
    const vulkan = findVulkan({ root, env: {} });
    expect(vulkan).toEqual({ loaderFolder: null, drivers: [], override: null });
    const checks = checkLinux({ vulkan, nodes: gpuNodes(root), modules: gpuModules(root) }, false);
    expect(checks.map(({ state }) => state)).toEqual(['warning', 'warning', 'warning', 'warning']);
    // Beside the state and the name, in 80 columns.
    for (const { text, advice } of checks) expect(`${text}; ${advice}`.length).toBeLessThanOrEqual(56);
  });

  it('are device files, with whether this user may open them', () => {
    const root = rootWith({ 'dev/dri/renderD128': '', 'dev/dri/card0': '', 'dev/nvidia0': '', 'dev/nvidiactl': '' });
    const paths = ['/dev/dri/renderD128', '/dev/nvidia0'];
    expect(gpuNodes(root)).toEqual(paths.map((path) => ({ path, accessible: true })));
    chmodSync(join(root, 'dev/dri/renderD128'), 0);
    // To root nothing is closed.
    expect(gpuNodes(root)[0]?.accessible).toBe(process.getuid?.() === 0);
    const nodes = paths.map((path, index) => ({ path, accessible: index > 0 }));
    const vulkan = findVulkan({ root, env: {} });
    expect(named(checkLinux({ vulkan, nodes, modules: [] }, false), 'GPU device')).toMatchObject({
      text: '/dev/dri/renderD128: not for this user',
      advice: 'join the group render',
    });
  });

  it("are kernel modules, NVIDIA's with its version", () => {
    const root = rootWith({
      'proc/modules':
        'nvidia_uvm 1 0 - Live 0x0\nnvidia 2 1 nvidia_uvm, Live 0x0\namdgpu 3 0 - Live 0x0\nxfs 4 0 - Live 0x0\n',
      'proc/driver/nvidia/version':
        'NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  570.86.15  Release Build  (build@host)\nGCC version:  gcc version 13.3.0\n',
    });
    expect(gpuModules(root)).toEqual(['nvidia 570.86.15', 'amdgpu']);
  });
});
