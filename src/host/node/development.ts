/**
 * What a development install holds inside the npm package @sparticuz/chromium: SwiftShader, a software Vulkan driver,
 * and a headless Chromium.
 */

import { createReadStream, createWriteStream } from 'node:fs';
import { access, chmod, mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createBrotliDecompress } from 'node:zlib';
import { cacheFolder } from './cache-folder.ts';

const PACKAGE = '@sparticuz/chromium';
const DRIVER = 'vk_swiftshader_icd.json';
/**
 * Archives by what they are for; a name without .tar is one executable file. Chromium looks for its driver beside
 * itself.
 */
const ARCHIVES = {
  swiftshader: ['swiftshader.tar.br'],
  // The libraries are two that a bare Debian lacks.
  chromium: ['chromium.br', 'swiftshader.tar.br', 'al2023.tar.br', 'fonts.tar.br'],
} as const;

/**
 * Environment variables with which a child process finds SwiftShader, or undefined where the package is not installed.
 * An inherited VK_ICD_FILENAMES wins: then nothing is added.
 */
export async function swiftshaderEnvironment(): Promise<Record<string, string> | undefined> {
  return process.env['VK_ICD_FILENAMES'] === undefined ? swiftshader() : {};
}

/** Those of SwiftShader, whatever is inherited. */
export async function swiftshader(): Promise<Record<string, string> | undefined> {
  const folder = await unpacked('swiftshader');
  if (folder === undefined) return undefined;
  const driver = join(folder, DRIVER);
  // VK_DRIVER_FILES is the newer name of the other, and wins over it.
  return {
    VK_ICD_FILENAMES: driver,
    VK_DRIVER_FILES: driver,
    LD_LIBRARY_PATH: withInherited('LD_LIBRARY_PATH', folder),
  };
}

/** The headless Chromium of a development install, and the variables that it needs; undefined where there is none. */
export async function developmentBrowser(): Promise<
  { executablePath: string; env: Record<string, string> } | undefined
> {
  const folder = await unpacked('chromium');
  if (folder === undefined) return undefined;
  const env = {
    LD_LIBRARY_PATH: withInherited('LD_LIBRARY_PATH', join(folder, 'lib')),
    FONTCONFIG_PATH: join(folder, 'fonts'),
  };
  return { executablePath: join(folder, 'chromium'), env };
}

function withInherited(name: string, folder: string): string {
  return [folder, process.env[name]].filter((item) => item !== undefined && item !== '').join(':');
}

/**
 * The folder in the user's cache that holds what is wanted, unpacked the first time; undefined where the package is not
 * installed or is for another system.
 */
async function unpacked(what: keyof typeof ARCHIVES): Promise<string | undefined> {
  const source = packageFolder();
  if (source === undefined) return undefined;
  const { version } = JSON.parse(await readFile(join(source, 'package.json'), 'utf8')) as { version: string };
  const cache = cacheFolder();
  const folder = join(cache, `${what}-${version}`);
  if (await exists(folder)) return folder;
  // Unpacked beside the target and renamed, so that two processes at once cannot see half of it.
  await mkdir(cache, { recursive: true });
  const temporary = await mkdtemp(join(cache, 'unpack-'));
  for (const archive of ARCHIVES[what]) await unpack(join(source, 'bin', archive), temporary);
  try {
    await rename(temporary, folder);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    if (!(await exists(folder))) throw error;
  }
  return folder;
}

async function unpack(archive: string, folder: string): Promise<void> {
  const bytes = [createReadStream(archive), createBrotliDecompress()] as const;
  if (archive.endsWith('.tar.br')) {
    // A development dependency, as the archives are.
    const { extract } = await import('tar-fs');
    return pipeline(...bytes, extract(folder));
  }
  const file = join(folder, 'chromium');
  await pipeline(...bytes, createWriteStream(file));
  await chmod(file, 0o755);
}

/** Whether this is such an install, on the system that the package is for. */
export const isDevelopmentInstall = () => packageFolder() !== undefined;

function packageFolder(): string | undefined {
  if (process.platform !== 'linux' || process.arch !== 'x64') return undefined;
  try {
    return join(dirname(createRequire(import.meta.url).resolve(PACKAGE)), '..');
  } catch {
    // Not installed: a users' install leaves development dependencies out.
    return undefined;
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
