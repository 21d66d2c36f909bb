/** The long checks one after another, those whose npm scripts exist here: a line for each, a table at the end, exit code 1 where one failed. */

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** What a check runs, and what it may need beyond a checkout. */
interface Check {
  name: string;
  command: readonly [string, ...string[]];
  env?: Record<string, string>;
}

const { scripts } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  scripts: Record<string, string>;
};
/** A day's checks of kernels and statistics, where this version has them. */
const NAMED = ['mutants', 'random-shapes', 'conformance', 'engines', 'calibrate'];

const CHECKS: Check[] = [
  {
    name: 'fuzz, 10,000 cases',
    command: ['npx', 'vitest', 'run', 'tests/cli/fuzz.test.ts', '--maxWorkers=1'],
    env: { FUZZ_CASES: '10000' },
  },
  ...NAMED.filter((name) => name in scripts).map((name): Check => ({ name, command: ['npm', 'run', name] })),
];

const only = process.argv[2]?.split(',');
const rows: { name: string; result: string; minutes: number }[] = [];
for (const { name, command, env } of CHECKS) {
  if (only !== undefined && !only.some((part) => name.startsWith(part))) continue;
  process.stdout.write(`\n== ${name}: ${command.join(' ')}\n`);
  const began = Date.now();
  const [file, ...args] = command;
  const { status, signal } = spawnSync(file, args, { stdio: 'inherit', env: { ...process.env, ...env } });
  const result = status === 0 ? 'passed' : `failed (${signal ?? `exit code ${status}`})`;
  rows.push({ name, result, minutes: (Date.now() - began) / 60_000 });
}

process.stdout.write('\nNightly\n');
for (const { name, result, minutes } of rows) {
  process.stdout.write(`${name.padEnd(20)} ${minutes.toFixed(1).padStart(6)} min  ${result}\n`);
}
const failed = rows.filter(({ result }) => result !== 'passed').length;
process.stdout.write(`${rows.length} checks, ${failed} failed\n`);
process.exitCode = failed === 0 && rows.length > 0 ? 0 : 1;
