/** The published package, built into a folder of its own with no library beside it but the one that it depends on. */

import { execFile } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { buildProgram } from '../../scripts/program.ts';
import { type Outcome, temporaryFolder } from './bench.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const folder = temporaryFolder();
const { dependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  dependencies: Record<string, string>;
};

function packaged(args: string): Promise<Outcome> {
  const env = { ...process.env, NO_COLOR: '1' };
  const file = join(folder, 'src/cli/launch.js');
  return new Promise((resolve) => {
    execFile(process.execPath, [file, ...args.split(' ')], { cwd: folder, env }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : (error.code as unknown as number), stdout, stderr });
    });
  });
}

describe('the published package', () => {
  beforeAll(async () => {
    await buildProgram(join(folder, 'dist'));
    mkdirSync(join(folder, 'src/cli'), { recursive: true });
    for (const file of ['package.json', 'src/cli/launch.js']) copyFileSync(join(ROOT, file), join(folder, file));
    mkdirSync(join(folder, 'node_modules'));
    for (const name of Object.keys(dependencies)) {
      symlinkSync(join(ROOT, 'node_modules', name), join(folder, 'node_modules', name), 'junction');
    }
  });

  it('measures in threads of a child process, and draws SVG and HTML', async () => {
    const run = 'mha --seq 64 --batch 1 --heads 1 --kernel wasm-flash --samples 1 --quiet';
    for (const chart of ['own.svg', 'own.html']) {
      const { code, stdout } = await packaged(`${run} --chart ${chart}`);
      expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringMatching(/wasm-flash +full +64/) });
      expect(existsSync(join(folder, chart))).toBe(true);
    }
    expect(await packaged('report')).toMatchObject({ code: 0 });
    const [name = ''] = readdirSync(join(folder, 'results/runs')).filter((file) => file.endsWith('.html'));
    expect(readFileSync(join(folder, 'results/runs', name), 'utf8')).toContain('vegaEmbed');
  });

  it('refuses what needs an optional package in one line', async () => {
    const png = await packaged('mha --seq 64 --chart own.png');
    expect(png).toMatchObject({ code: 2, stderr: expect.stringMatching(/^PNG needs .*\(not installed\).*\n$/) });
    expect(await packaged('mha --seq 64 --host browser --quiet')).toMatchObject({ code: 2 });
    expect((await packaged('mha --seq 64 --backend webgpu --quiet')).stdout.replaceAll(/\s+/g, ' ')).toContain(
      'needs the optional package webgpu (not installed)',
    );
  });

  it('has the font of PNG charts, and the licences of what is in it', () => {
    expect(existsSync(join(folder, 'dist/fonts/400Regular/Inter_400Regular.ttf'))).toBe(true);
    expect(readFileSync(join(folder, 'dist/program/licenses.md'), 'utf8')).toMatch(/^## vega-lite - .*BSD-3-Clause/m);
  });
});
