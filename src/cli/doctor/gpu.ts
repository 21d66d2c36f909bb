/** The GPU: the package that drives it, its adapters, what their devices offer, and on Linux the files that lead to them. */

import type { AdapterDescription } from '../../host/gpu/adapter-description.ts';
import { SUBGROUP_MATRIX } from '../../host/gpu/subgroup-matrix.ts';
import { isDevelopmentInstall } from '../../host/node/development.ts';
import { type GpuNode, gpuModules, gpuNodes } from '../../host/node/gpu-files.ts';
import { spawnAdapterList } from '../../host/node/spawn.ts';
import { findVulkan, type VulkanFiles } from '../../host/node/vulkan-files.ts';
import { messageOf } from '../../messages.ts';
import { type Check, ok, warning } from './check.ts';

/** What is there of GPUs. */
export interface GpuFindings {
  checks: Check[];
  /** The names of hardware adapters. */
  hardware: string[];
  /** The names of software adapters. */
  software: string[];
}

/** Asks for adapters in a child process, since a driver may crash; `version` is that of the package webgpu. */
export async function checkGpu(version: string | undefined): Promise<GpuFindings> {
  let adapters: AdapterDescription[] = [];
  let dawn = ok('WebGPU', `Dawn loads (package webgpu ${version ?? 'of an unknown version'})`);
  try {
    adapters = await spawnAdapterList({});
  } catch (error) {
    dawn = warning('WebGPU', messageOf(error), null);
  }
  const namesOf = (software: boolean) => adapters.filter((item) => item.software === software).map(({ name }) => name);
  const [hardware, software] = [namesOf(false), namesOf(true)];
  const checks = [dawn];
  if (dawn.state === 'ok') {
    checks.push(checkAdapters(hardware, software, isDevelopmentInstall()), ...adapters.map(checkFeatures));
  }
  if (process.platform === 'linux') {
    const files = { vulkan: findVulkan({ root: '/', env: process.env }), nodes: gpuNodes(), modules: gpuModules() };
    checks.push(...checkLinux(files, hardware.length > 0));
  }
  return { checks, hardware, software };
}

/** Which adapters there are; `shipped` says whether the software driver of a development install is there. */
export function checkAdapters(hardware: readonly string[], software: readonly string[], shipped: boolean): Check {
  const name = 'GPU adapter';
  if (hardware.length > 0) return ok(name, hardware.join(', '));
  if (software.length > 0) {
    return warning(name, `only software: ${software.join(', ')}`, '--allow-software uses it');
  }
  return warning(
    name,
    'none is found',
    shipped ? '--allow-software runs SwiftShader' : 'the lines below say what is missing',
  );
}

/** What an adapter offers of what kernels and clocks use. */
export function checkFeatures({ name, features, software }: AdapterDescription): Check {
  const has = (feature: string) => features.includes(feature);
  const parts = [
    has('timestamp-query') ? 'timestamps' : 'no timestamps',
    has('shader-f16') ? 'f16' : 'no f16',
    has('subgroups') ? 'subgroups' : 'no subgroups',
    has(SUBGROUP_MATRIX) ? 'subgroup matrices' : 'no subgroup matrices',
  ];
  const what = software ? `${name}: ${parts.join(', ')}` : parts.join(', ');
  return has('timestamp-query')
    ? ok('Features', what)
    : warning('Features', what, 'samples are timed by the wall clock');
}

/** What Linux has on the way to a GPU. Where an adapter was found all the same, nothing of it is missing. */
export function checkLinux(
  { vulkan, nodes, modules }: { vulkan: VulkanFiles; nodes: readonly GpuNode[]; modules: readonly string[] },
  works: boolean,
): Check[] {
  return [checkLoader(vulkan), checkDrivers(vulkan), checkNodes(nodes), checkModules(modules)].map((check) =>
    works ? { ...check, state: 'ok', advice: null } : check,
  );
}

function checkLoader({ loaderFolder }: VulkanFiles): Check {
  const name = 'Vulkan loader';
  return loaderFolder === null
    ? warning(name, 'no libvulkan.so.1', 'on Debian: apt install libvulkan1')
    : ok(name, `libvulkan.so.1 in ${loaderFolder}`);
}

function checkDrivers({ drivers, override }: VulkanFiles): Check {
  const name = 'Vulkan driver';
  const named = override === null ? '' : ` (${override.variable})`;
  const [gone] = override?.missing ?? [];
  if (gone !== undefined) {
    return warning(name, `${override?.variable} names ${gone}: no such file`, 'unset it');
  }
  if (drivers.length === 0) {
    return warning(name, 'none', "install mesa-vulkan-drivers, or NVIDIA's driver");
  }
  const broken = drivers.filter(({ libraryFound }) => !libraryFound);
  const [first] = broken;
  if (first === undefined || broken.length < drivers.length) {
    const usable = drivers.filter(({ libraryFound }) => libraryFound).map(({ manifest }) => manifest);
    return ok(name, `${usable.join(', ')}${named}`);
  }
  const what = `${first.manifest}${named} names ${first.library ?? 'no library'}`;
  const container = first.library?.includes('nvidia') === true;
  return warning(
    name,
    first.library === null ? what : `${what}: no such file`,
    container ? 'in a container: NVIDIA_DRIVER_CAPABILITIES=all' : 'install the driver again',
  );
}

function checkNodes(nodes: readonly GpuNode[]): Check {
  const name = 'GPU device';
  if (nodes.length === 0) {
    return warning(name, 'none', 'a container needs --device /dev/dri or --gpus all');
  }
  const closed = nodes.filter(({ accessible }) => !accessible).map(({ path }) => path);
  return closed.length === 0
    ? ok(name, `${nodes.map(({ path }) => path).join(', ')}: may be opened`)
    : warning(name, `${closed.join(', ')}: not for this user`, 'join the group render');
}

function checkModules(modules: readonly string[]): Check {
  const name = 'Kernel driver';
  return modules.length === 0
    ? warning(name, 'none in /proc/modules', 'try modprobe amdgpu, xe, nvidia')
    : ok(name, modules.join(', '));
}
