/**
 * The long checks one after another, each with a line as it begins; a table with minutes at the end, exit code 1 where one failed.
 * A check that fails or takes more than --limit minutes (45) is ended, and the others run. Names choose: `-- conformance,mutants`.
 */

import { spawn } from 'node:child_process';
import { parseArgs } from 'node:util';

/** What a check runs, and what it may need beyond a checkout. */
interface Check {
  name: string;
  command: readonly [string, ...string[]];
  env?: Record<string, string>;
}

const script = (name: string): Check => ({ name, command: [process.execPath, `scripts/${name}.ts`] });
const CHECKS: readonly Check[] = [
  {
    name: 'fuzz, 10,000 cases',
    command: ['npx', 'vitest', 'run', 'tests/cli/fuzz.test.ts', '--maxWorkers=1'],
    env: { FUZZ_CASES: '10000' },
  },
  ...['conformance', 'random-shapes', 'mutants', 'engines', 'calibrate'].map(script),
];

const { values: options, positionals } = parseArgs({
  options: { limit: { type: 'string', default: '45' } },
  allowPositionals: true,
});
const limit = Number(options.limit);
const names = positionals.flatMap((text) => text.split(','));
const unknown = names.find((name) => !CHECKS.some((check) => check.name.startsWith(name)));
if (unknown !== undefined || !(limit > 0)) {
  const known = CHECKS.map(({ name }) => name.split(',')[0]).join(', ');
  process.stderr.write(
    unknown === undefined ? '--limit takes minutes\n' : `no check '${unknown}'; choose of ${known}\n`,
  );
  process.exit(2);
}
const chosen = CHECKS.filter(({ name }) => names.length === 0 || names.some((part) => name.startsWith(part)));

let interrupted = false;
/** Ends what runs, with its children. */
let end = () => {};
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    interrupted = true;
    end();
  });
}

/** Runs a check to its end, or until it has taken too long: "passed", or how it failed. */
function resultOf({ command: [file, ...args], env }: Check): Promise<string> {
  return new Promise((resolve) => {
    // A group of its own, so that its children end with it.
    const child = spawn(file, args, { stdio: 'inherit', detached: true, env: { ...process.env, ...env } });
    let late = false;
    end = () => {
      if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGKILL');
    };
    const timer = setTimeout(() => {
      late = true;
      end();
    }, limit * 60_000);
    const over = (result: string) => {
      clearTimeout(timer);
      end = () => {};
      resolve(result);
    };
    child.once('error', (error) => over(`failed (${error.message})`));
    child.once('exit', (code, signal) => {
      const how = late ? `ended after ${limit} min` : interrupted ? 'interrupted' : (signal ?? `exit code ${code}`);
      over(code === 0 ? 'passed' : `failed (${how})`);
    });
  });
}

const begin = Date.now();
const minutesSince = (from: number) => ((Date.now() - from) / 60_000).toFixed(1);
const rows: { name: string; result: string; minutes: string }[] = [];
for (const [index, check] of chosen.entries()) {
  if (interrupted) {
    rows.push({ name: check.name, result: 'did not run', minutes: '' });
    continue;
  }
  const { name, command } = check;
  process.stdout.write(
    `\n== ${index + 1} of ${chosen.length}, ${minutesSince(begin)} min: ${name}: ${command.join(' ')}\n`,
  );
  const from = Date.now();
  const result = await resultOf(check);
  rows.push({ name, result, minutes: minutesSince(from) });
  process.stdout.write(`== ${name}: ${result}, ${rows.at(-1)?.minutes} min\n`);
}

process.stdout.write('\nNightly\n');
for (const { name, result, minutes } of rows) {
  process.stdout.write(`${name.padEnd(20)} ${minutes.padStart(6)} min  ${result}\n`);
}
const failed = rows.filter(({ result }) => result !== 'passed').length;
process.stdout.write(`${rows.length} checks, ${failed} failed, ${minutesSince(begin)} min\n`);
process.exitCode = interrupted ? 130 : failed === 0 ? 0 : 1;
