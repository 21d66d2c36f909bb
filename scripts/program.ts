/** Bundles the program of the published package: our files with the libraries that they use, and what charts are made of. */

import { cpSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import { CHART_LIBRARIES, libraryFile } from '../src/chart/chart-page.ts';
import { FACES, fontPackage } from '../src/chart/png.ts';

const ROOT = fileURLToPath(new URL('../', import.meta.url));

/** What the program starts, from the command line, as a child process and as a thread. */
const ENTRIES = { main: 'src/cli/main.ts', child: 'src/host/node/child.ts', thread: 'src/host/node/thread.ts' };

/**
 * Libraries that stay packages of their own: dependencies, of which the optional ones have binaries; and what only a checkout has.
 * All others are in the bundle, so they are development dependencies.
 */
const PACKAGES = ['wabt', 'iced-x86', 'webgpu', '@resvg/resvg-js', 'playwright-core'];
const ONLY_IN_CHECKOUTS = ['vite', 'tar-fs'];

/** Writes the program into `folder`, which is dist/ of a package, with the licences of what is in it. */
export async function buildProgram(folder: string): Promise<void> {
  await build({
    configFile: false,
    logLevel: 'error',
    root: ROOT,
    publicDir: false,
    ssr: { noExternal: true, external: [...PACKAGES, ...ONLY_IN_CHECKOUTS], target: 'node' },
    build: {
      ssr: true,
      outDir: join(folder, 'program'),
      emptyOutDir: true,
      target: 'node22',
      minify: false,
      license: { fileName: 'licenses.md' },
      rollupOptions: {
        input: Object.fromEntries(Object.entries(ENTRIES).map(([name, path]) => [name, join(ROOT, path)])),
        // Entries keep their names: launch.js and src/host/node/sibling.ts look for them.
        output: { entryFileNames: '[name].js', chunkFileNames: '[name]-[hash].js' },
      },
    },
  });
  copy(fontPackage(), [...FACES, 'LICENSE_FONT'], join(folder, 'fonts'));
  for (const name of CHART_LIBRARIES) {
    const from = libraryFile(name);
    mkdirSync(join(folder, 'chart-libraries'), { recursive: true });
    cpSync(from, join(folder, 'chart-libraries', `${name}.min.js`));
    cpSync(join(dirname(from), '..', 'LICENSE'), join(folder, 'chart-libraries', `${name}.LICENSE`));
  }
}

function copy(from: string, files: readonly string[], to: string): void {
  for (const file of files) cpSync(join(from, file), join(to, file));
}
