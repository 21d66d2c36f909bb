/** Fails if a room imports from a later room, or if a file imports a node: module without being allowed to. */

import { globSync, readFileSync } from 'node:fs';

/** The rooms in the order in which data flows; each imports from itself and from those before it. */
const ROOMS = [
  'src/messages/',
  'src/messages.ts',
  'src/format.ts',
  'src/problem/',
  'kernels/',
  'bench/',
  'src/host/',
  'src/record/',
  'src/measure/',
  'src/compare/',
  'src/model/',
  'src/chart/',
  'src/report/',
  'src/server/',
  'src/cli/',
  'src/page/',
];
const MAY_USE_NODE = [
  'src/host/node/',
  'src/record/files.ts',
  'src/record/journal.ts',
  'src/chart/png.ts',
  'src/chart/render.ts',
  'src/chart/png.ts',
  'src/chart/chart-page.ts',
  'src/server/',
  'src/cli/',
];

const roomOf = (path: string) => ROOMS.findIndex((room) => path.startsWith(room));

const complaints: string[] = [];
for (const path of globSync('{src,kernels,bench}/**/*.ts').map((item) => item.replaceAll('\\', '/'))) {
  if (path.endsWith('.d.ts')) continue;
  if (roomOf(path) < 0) complaints.push(`${path} is in no room of scripts/check-imports.ts`);
  const text = readFileSync(path, 'utf8');
  for (const [, from, dynamic] of text.matchAll(/from '([^']+)'|import\('([^']+)'\)/g)) {
    const target = from ?? dynamic ?? '';
    if (target.startsWith('node:') && !MAY_USE_NODE.some((room) => path.startsWith(room))) {
      complaints.push(`${path} imports ${target}`);
    }
    if (!target.startsWith('.') || target.endsWith('.json')) continue;
    const resolved = new URL(target, `file:///${path}`).pathname.slice(1);
    if (roomOf(resolved) > roomOf(path)) complaints.push(`${path} imports ${resolved}, which comes after it`);
  }
}
for (const complaint of complaints) process.stderr.write(`${complaint}\n`);
process.exitCode = complaints.length === 0 ? 0 : 1;
