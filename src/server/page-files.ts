/** The built page: part of the published package; in a checkout made by Vite the first time, and again where a source is newer. */

import { cpSync, existsSync, globSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'vite';
import { THEME_CSS } from '../chart/theme.ts';
import { firstLineOf, pageNotBuilt } from '../messages.ts';
import { makeFolders, orUsageError } from '../record/files.ts';
import { CONTENT_POLICY } from './content-policy.ts';

/** The folder of this package: one deeper where the sources were compiled to dist/. */
const ROOT = [new URL('../../', import.meta.url), new URL('../../../', import.meta.url)]
  .map((url) => fileURLToPath(url))
  .find((folder) => existsSync(join(folder, 'package.json'))) as string;
const BUILT = join(ROOT, 'dist', 'page');
const SOURCES = join(ROOT, 'src', 'page');

/** The folder that holds index.html and hosts.html with what they load. Throws where it is neither there nor can be built. */
export async function pageFolder(): Promise<string> {
  if (existsSync(SOURCES) && isStale()) await buildPage();
  if (!existsSync(join(BUILT, 'index.html'))) throw new Error(pageNotBuilt('dist/page is missing'));
  return BUILT;
}

/** Copies the page to a folder of the user's. Throws UsageError where that cannot be written. */
export async function copyPage(folder: string): Promise<void> {
  const from = await pageFolder();
  // hosts.html is for the command line's own browsers.
  const left = [STAMP, 'hosts.html'].map((name) => join(from, name));
  orUsageError(folder, () => {
    makeFolders(folder);
    cpSync(from, folder, { recursive: true, filter: (path) => !left.includes(path) });
  });
}

const STAMP = '.sources';

/** Names and times of everything that the page is made of, as text: the same text, the same page. */
function sourcesNow(): string {
  const files = globSync('{src,kernels,bench,results/published}/**/*.{ts,json,html,css,js}', { cwd: ROOT });
  const times = [...files, 'package-lock.json'].map((file) => `${file} ${statSync(join(ROOT, file)).mtimeMs}`);
  return times.sort().join('\n');
}

function isStale(): boolean {
  const stamp = join(BUILT, STAMP);
  return !existsSync(stamp) || readFileSync(stamp, 'utf8') !== sourcesNow();
}

/** Writes into the page what it shares with the charts and with the server: the theme's colours and the content policy. */
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
    throw new Error(pageNotBuilt(firstLineOf(error)));
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
      // The libraries that draw charts weigh a megabyte by themselves.
      chunkSizeWarningLimit: 4000,
      rollupOptions: { input: ['index.html', 'hosts.html'].map((file) => join(SOURCES, file)) },
    },
    worker: { format: 'es' },
    plugins: [sharedValues],
  });
  writeFileSync(join(BUILT, STAMP), stamp);
}
