/** What Linux shows of GPUs as files: the devices that programs open, and the drivers in the kernel. */

import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { namesIn, textOf } from './linux-files.ts';

/** A device file of a GPU. */
export interface GpuNode {
  path: string;
  /** Whether this user may open it for reading and writing. */
  accessible: boolean;
}

/** Device files of GPUs: render nodes, NVIDIA's own, and that of WSL. `root` other than / is for tests. */
export function gpuNodes(root = '/'): GpuNode[] {
  const render = namesIn(join(root, 'dev/dri')).filter((name) => name.startsWith('renderD'));
  const others = namesIn(join(root, 'dev')).filter((name) => /^(nvidia\d+|dxg)$/.test(name));
  return [...render.map((name) => `/dev/dri/${name}`), ...others.map((name) => `/dev/${name}`)].map((path) => ({
    path,
    accessible: mayOpen(join(root, path)),
  }));
}

/** Kernel modules that drive GPUs which have Vulkan. */
const MODULES = ['nvidia', 'amdgpu', 'i915', 'xe', 'nouveau', 'asahi', 'msm', 'panfrost', 'panthor', 'v3d'];

/** Those that are loaded, NVIDIA's with its version. One that is built into the kernel is in no list. */
export function gpuModules(root = '/'): string[] {
  const loaded = new Set(
    textOf(join(root, 'proc/modules'))
      .split('\n')
      .map((line) => line.split(' ')[0]),
  );
  const [version] = / \d+\.\d+(\.\d+)?(?= )/.exec(textOf(join(root, 'proc/driver/nvidia/version'))) ?? [''];
  return MODULES.filter((name) => loaded.has(name)).map((name) => (name === 'nvidia' ? `${name}${version}` : name));
}

function mayOpen(path: string): boolean {
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
