/** What runs without the optional packages, what is refused, and that nothing is loaded that is not used. */

import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { LAUNCHER, type Outcome, temporaryFolder } from './bench.ts';

/** A hook in front of the command line that does not find the packages of ABSENT, and writes what is loaded to stderr. */
const WITHOUT = String.raw`import { registerHooks } from 'node:module';
  const absent = process.env.ABSENT.split(' ');
  registerHooks({
    resolve(name, context, next) {
      if (absent.includes(name)) throw Object.assign(new Error('Cannot find package \'' + name + '\' imported from somewhere'), { code: 'ERR_MODULE_NOT_FOUND' });
      return next(name, context);
    },
    load(url, context, next) {
      if (process.env.SHOW_LOADED) process.stderr.write('LOADED ' + url + '\n');
      return next(url, context);
    },
  });`;

function benchWithout(args: readonly string[], cwd: string, env: Record<string, string> = {}): Promise<Outcome> {
  return new Promise((resolve) => {
    const all = ['--import', `data:text/javascript,${encodeURIComponent(WITHOUT)}`, LAUNCHER, ...args];
    execFile(
      process.execPath,
      all,
      { cwd, env: { ...process.env, NO_COLOR: '1', ABSENT: '@resvg/resvg-js playwright-core webgpu', ...env } },
      (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : (error.code as unknown as number), stdout, stderr });
      },
    );
  });
}

const RUN = 'mha --seq 64 --batch 1 --heads 1 --kernel wasm-flash --host mock --samples 1 --quiet'.split(' ');

it('measures and draws SVG without the optional packages', async () => {
  const cwd = temporaryFolder();
  const { code, stderr } = await benchWithout([...RUN, '--chart', 'own.svg'], cwd);
  expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringContaining('own.svg') });
  expect(existsSync(join(cwd, 'own.svg'))).toBe(true);
});

it.each([
  [
    [...RUN, '--chart', 'own.png'],
    /^PNG needs the optional package @resvg\/resvg-js \(not installed\); SVG works: --chart own\.svg\n$/,
  ],
  [['model', 'b200', '--chart', 'own.png'], /^PNG needs .*\n$/],
  [['report', '--format', 'markdown'], /^PNG needs .*HTML works: --format html\n$/],
  [['mha', '--seq', '64', '--host', 'node,browser', '--quiet'], /^--host browser .*playwright-core.*bench serve.*\n$/],
])('refuses %j in one line, before anything is measured', async (args, line) => {
  const cwd = temporaryFolder();
  const { code, stdout, stderr } = await benchWithout(args, cwd);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toMatch(line);
  expect(readdirSync(cwd)).toEqual([]);
});

it('tells a binary that is missing from a package that is', async () => {
  const binaries = [
    'linux-x64-gnu',
    'linux-x64-musl',
    'linux-arm64-gnu',
    'darwin-arm64',
    'darwin-x64',
    'win32-x64-msvc',
  ];
  const env = { ABSENT: binaries.map((name) => `@resvg/resvg-js-${name}`).join(' ') };
  const { code, stderr } = await benchWithout([...RUN, '--chart', 'own.png'], temporaryFolder(), env);
  expect({ code, stderr }).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('its binary for this system is not'),
  });
});

it('loads neither charts, browsers nor the page for a run without them', async () => {
  const { code, stderr } = await benchWithout([...RUN, '--no-chart'], temporaryFolder(), { SHOW_LOADED: '1' });
  const loaded = [...stderr.matchAll(/^LOADED file:.*?\/(?=node_modules\/|src\/)(.*)$/gm)].map(
    ([, path]) => path ?? '',
  );
  expect(code).toBe(0);
  expect(loaded).toContain('src/cli/actions/run.ts');
  expect(
    loaded.filter((path) => /node_modules\/(vega|@resvg|playwright|vite|sirv|webgpu)|src\/server\//.test(path)),
  ).toEqual([]);
});
