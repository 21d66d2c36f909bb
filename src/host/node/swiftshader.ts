/** Finds a software Vulkan driver in a development install: SwiftShader, inside the npm package @sparticuz/chromium. */

import { createReadStream } from 'node:fs';
import { access, mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createBrotliDecompress } from 'node:zlib';
import envPaths from 'env-paths';
import { extract } from 'tar-fs';

const PACKAGE = '@sparticuz/chromium';
const DRIVER = 'vk_swiftshader_icd.json';

/**
 * Environment variables with which a child process finds SwiftShader, or undefined where the package is not installed.
 * The archive is unpacked once into the user's cache folder. An inherited VK_ICD_FILENAMES wins: then nothing is added.
 */
export async function swiftshaderEnvironment(): Promise<Record<string, string> | undefined> {
  if (process.env['VK_ICD_FILENAMES'] !== undefined) return {};
  if (process.platform !== 'linux' || process.arch !== 'x64') return undefined;
  const archive = findArchive();
  if (archive === undefined) return undefined;
  const { version } = JSON.parse(await readFile(join(dirname(archive), '..', 'package.json'), 'utf8')) as {
    version: string;
  };
  const cache = envPaths('attnbench', { suffix: '' }).cache;
  const folder = join(cache, `swiftshader-${version}`);
  if (!(await exists(join(folder, DRIVER)))) await unpack(archive, cache, folder);
  const libraryPath = [folder, process.env['LD_LIBRARY_PATH']]
    .filter((item) => item !== undefined && item !== '')
    .join(':');
  return { VK_ICD_FILENAMES: join(folder, DRIVER), LD_LIBRARY_PATH: libraryPath };
}

function findArchive(): string | undefined {
  try {
    const entry = createRequire(import.meta.url).resolve(PACKAGE);
    return join(dirname(entry), '..', 'bin', 'swiftshader.tar.br');
  } catch {
    // Not installed: a users' install leaves development dependencies out.
    return undefined;
  }
}

/** Unpacks beside the target and renames, so that two processes at once cannot see half a driver. */
async function unpack(archive: string, cache: string, folder: string): Promise<void> {
  await mkdir(cache, { recursive: true });
  const temporary = await mkdtemp(join(cache, 'unpack-'));
  await pipeline(createReadStream(archive), createBrotliDecompress(), extract(temporary));
  try {
    await rename(temporary, folder);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    if (!(await exists(join(folder, DRIVER)))) throw error;
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
