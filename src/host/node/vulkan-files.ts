/** The files of Vulkan on Linux: its loader and the drivers' manifests. They are looked for; nothing is loaded. */

import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, isAbsolute, join } from 'node:path';
import { namesIn, textOf } from './linux-files.ts';

/** Where to look: a root folder other than / and variables other than the process's are for tests. */
export interface FilesOf {
  root: string;
  env: Readonly<Record<string, string | undefined>>;
}

/** A driver's manifest, and the library that it names. */
export interface VulkanDriver {
  /** Name of the file. */
  manifest: string;
  /** The library as the manifest names it; null where the file is not a manifest. */
  library: string | null;
  /** Whether a file of that name is where libraries are. */
  libraryFound: boolean;
}

/** What there is of Vulkan. */
export interface VulkanFiles {
  /** The folder of the loader; null where none has it. */
  loaderFolder: string | null;
  drivers: VulkanDriver[];
  /** The variable that names the drivers in place of the usual folders, and what it names that is not there. */
  override: { variable: string; missing: string[] } | null;
}

const LOADER = 'libvulkan.so.1';

/** The loader and the drivers that it would read, by the rules of its documentation (Vulkan-Loader, LoaderDriverInterface.md). */
export function findVulkan(from: FilesOf): VulkanFiles {
  const folders = libraryFolders(from);
  const isThere = (path: string) => existsSync(within(from, path));
  const folderOf = (name: string) => folders.find((folder) => isThere(join(folder, name))) ?? null;
  const named = overrideOf(from);
  const manifests = (named?.paths ?? manifestFolders(from)).flatMap((path) => manifestsAt(within(from, path)));
  const missing = named?.paths.filter((path) => !isThere(path)).map((path) => basename(path)) ?? [];
  return {
    loaderFolder: folderOf(LOADER),
    drivers: manifests.map((path) => driverOf(path, (name) => folderOf(name) !== null)),
    override: named === null ? null : { variable: named.variable, missing },
  };
}

/** A driver by the path of its manifest. A library's name alone is looked for where libraries are; a path may begin at the manifest. */
function driverOf(path: string, isLibrary: (name: string) => boolean): VulkanDriver {
  const manifest = basename(path);
  const library = libraryOf(path);
  if (library === null) return { manifest, library, libraryFound: false };
  if (!library.includes('/')) return { manifest, library, libraryFound: isLibrary(library) };
  return { manifest, library, libraryFound: existsSync(isAbsolute(library) ? library : join(dirname(path), library)) };
}

/** A path under the root; variables hold whole paths of this machine, which stay as they are. */
const within = ({ root }: FilesOf, path: string) => (root === '/' || path.startsWith(root) ? path : join(root, path));

const listOf = (text: string | undefined) => (text ?? '').split(':').filter((item) => item !== '');

/** Folders that the dynamic linker looks in: those of LD_LIBRARY_PATH, of its configuration, and the usual ones. */
function libraryFolders(from: FilesOf): string[] {
  const configurations = [
    '/etc/ld.so.conf',
    ...namesIn(within(from, '/etc/ld.so.conf.d')).map((name) => `/etc/ld.so.conf.d/${name}`),
  ];
  const configured = configurations.flatMap((path) =>
    textOf(within(from, path))
      .split('\n')
      .filter((line) => line.startsWith('/')),
  );
  const usual = ['/usr/local/lib', '/lib', '/lib64', '/usr/lib', '/usr/lib64', '/run/opengl-driver/lib'];
  return [...new Set([...listOf(from.env['LD_LIBRARY_PATH']), ...configured.map((line) => line.trim()), ...usual])];
}

/** The newer name wins over the older one. */
function overrideOf({ env }: FilesOf): { variable: string; paths: string[] } | null {
  const variable = ['VK_DRIVER_FILES', 'VK_ICD_FILENAMES'].find((name) => (env[name] ?? '') !== '');
  return variable === undefined ? null : { variable, paths: listOf(env[variable]) };
}

/** The usual folders of manifests, in the loader's order. */
function manifestFolders({ env }: FilesOf): string[] {
  const home = env['HOME'] ?? '/root';
  const folders = [
    env['XDG_CONFIG_HOME'] ?? `${home}/.config`,
    ...listOf(env['XDG_CONFIG_DIRS'] ?? '/etc/xdg'),
    '/usr/local/etc',
    '/etc',
    env['XDG_DATA_HOME'] ?? `${home}/.local/share`,
    ...listOf(env['XDG_DATA_DIRS'] ?? '/usr/local/share:/usr/share'),
    // Where NixOS has its drivers.
    '/run/opengl-driver/share',
  ];
  return [...new Set(folders.map((folder) => join(folder, 'vulkan/icd.d')))];
}

/** A manifest by itself, or those of a folder. */
function manifestsAt(path: string): string[] {
  if (!existsSync(path)) return [];
  if (!statSync(path).isDirectory()) return [path];
  return namesIn(path)
    .filter((name) => name.endsWith('.json'))
    .map((name) => join(path, name));
}

function libraryOf(manifest: string): string | null {
  try {
    const parsed = JSON.parse(readFileSync(manifest, 'utf8')) as { ICD?: { library_path?: unknown } };
    const library = parsed.ICD?.library_path;
    return typeof library === 'string' ? library : null;
  } catch {
    // Unreadable, or no JSON: to the loader it is no driver either.
    return null;
  }
}
