/** Fails where a file outside the few that may imports a node: module, or where data would flow backwards. */

import { globSync, readFileSync } from 'node:fs';

const MAY_USE_NODE = [
  /^src\/host\/node\//,
  /^src\/cli\//,
  /^src\/journal\.ts$/,
  /^src\/chart\/render\.ts$/,
  /^tests\//,
];

/** Folders and files from left to right; a file imports from its own group and from groups before it. */
const ORDER = [
  /^src\/messages\.ts$/,
  /^src\/(workload|shapes|half|data|safetensors|slice)\.ts$/,
  /^kernels\//,
  /^src\/(plan|oracle)\.ts$/,
  /^bench\//,
  /^src\/host\//,
  /^src\/statistics\.ts$/,
  /^src\/measurement\.ts$/,
  /^src\/measure\//,
  /^src\/journal\.ts$/,
  /^src\/tune\.ts$/,
  /^src\/(devices|published|compare|compare-runs|ideas|run-file|repro)\.ts$/,
  /^src\/model\//,
  /^src\/report\//,
  /^src\/chart\//,
  /^src\/page\//,
  /^src\/cli\//,
];

const rank = (path: string) => ORDER.findIndex((pattern) => pattern.test(path));
/** Pure functions that any room may use. */
const ANYWHERE = ['src/measure/statistics.ts'];

const complaints: string[] = [];
for (const path of globSync('{src,kernels,bench}/**/*.ts').map((item) => item.replaceAll('\\', '/'))) {
  if (path.endsWith('.d.ts')) continue;
  if (rank(path) < 0) complaints.push(`${path} has no place in the order of scripts/check-imports.ts`);
  const text = readFileSync(path, 'utf8');
  for (const [, target = ''] of text.matchAll(/from '([^']+)'|import\('([^']+)'\)/g)) {
    if (target.startsWith('node:') && !MAY_USE_NODE.some((pattern) => pattern.test(path))) {
      complaints.push(`${path} imports ${target}`);
    }
    if (!target.startsWith('.') || target.endsWith('.json')) continue;
    const resolved = new URL(target, `file:///${path}`).pathname.slice(1);
    if (rank(resolved) > rank(path) && !ANYWHERE.includes(resolved))
      complaints.push(`${path} imports ${resolved}, which comes after it`);
  }
}
for (const complaint of complaints) process.stderr.write(`${complaint}\n`);
process.exitCode = complaints.length === 0 ? 0 : 1;
