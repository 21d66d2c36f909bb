/** The built page. The published package contains it; in a checkout Vite builds it whenever a source has changed. */

import { cpSync, existsSync, globSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'vite';
import { THEME_CSS } from '../chart/theme.ts';
import { firstLineOf, pageNotBuilt, UsageError } from '../messages.ts';
import { makeFolders, orUsageError } from '../record/files.ts';
import { CONTENT_POLICY } from './content-policy.ts';

/** The folder of this package, seen from here and from the bundled program in dist/program/ alike. */
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const BUILT = join(ROOT, 'dist', 'page');
const SOURCES = join(ROOT, 'src', 'page');

/** The folder with index.html, hosts.html and what they load. Throws UsageError if it does not exist and cannot be built. */
export async function pageFolder(): Promise<string> {
  if (existsSync(SOURCES) && isStale()) await buildPage();
  if (!existsSync(join(BUILT, 'index.html'))) throw new UsageError(pageNotBuilt('dist/page is missing'));
  return BUILT;
}

/** Copies the page to one of the user's folders. Throws UsageError if that cannot be written, or if there is no page. */
export async function copyPage(folder: string): Promise<void> {
  const from = await pageFolder();
  // Only browsers that the command line drives need hosts.html.
  const left = [STAMP, 'hosts.html'].map((name) => join(from, name));
  orUsageError(folder, () => {
    makeFolders(folder);
    cpSync(from, folder, { recursive: true, filter: (path) => !left.includes(path) });
  });
}

const STAMP = '.sources';

/**
 * Names and times of all files that the page is built from. The page is up to date as long as this text is the same.
 */
function sourcesNow(): string {
  const files = globSync('{src,kernels,bench,results/published}/**/*.{ts,json,html,css,js}', { cwd: ROOT });
  const times = [...files, 'package-lock.json'].map((file) => `${file} ${statSync(join(ROOT, file)).mtimeMs}`);
  return times.sort().join('\n');
}

function isStale(): boolean {
  const stamp = join(BUILT, STAMP);
  return !existsSync(stamp) || readFileSync(stamp, 'utf8') !== sourcesNow();
}

/** Fills in what the page shares with charts and server: the colours of the themes and the content policy. */
const sharedValues: Plugin = {
  name: 'attnbench-shared-values',
  enforce: 'pre',
  transform: (code, id) => (id.endsWith('style.css') ? THEME_CSS + code : null),
  transformIndexHtml: (html) => html.replace('{{content-policy}}', CONTENT_POLICY),
};

async function buildPage(): Promise<void> {
  const stamp = sourcesNow();
  let vite: typeof import('vite');
  try {
    vite = await import('vite');
  } catch (error) {
    throw new UsageError(pageNotBuilt(firstLineOf(error)));
  }
  await vite.build({
    configFile: false,
    logLevel: 'error',
    root: SOURCES,
    base: './',
    build: {
      outDir: BUILT,
      emptyOutDir: true,
      target: 'es2022',
      modulePreload: { polyfill: false },
      license: { fileName: 'licenses.md' },
      // The chart libraries alone weigh a megabyte.
      chunkSizeWarningLimit: 4000,
      rollupOptions: { input: ['index.html', 'hosts.html'].map((file) => join(SOURCES, file)) },
    },
    worker: { format: 'es' },
    plugins: [sharedValues],
  });
  writeFileSync(join(BUILT, STAMP), stamp);
}
