/** The command's first file: what becomes of a reader that leaves, and of a Node that is too old. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it } from 'vitest';
import { LAUNCHER } from './bench.ts';

it('ends quietly where the reader of its output has closed the pipe', async () => {
  const child = spawn(process.execPath, [LAUNCHER, 'published'], { stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.destroy();
  let stderr = '';
  child.stderr.on('data', (data: Buffer) => {
    stderr += data.toString();
  });
  const [code] = (await once(child, 'close')) as [number | null];
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
});

it('says in one line that a Node is too old', async () => {
  const old = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.20.2' } });`;
  const child = spawn(process.execPath, [
    '--import',
    `data:text/javascript,${encodeURIComponent(old)}`,
    LAUNCHER,
    'mha',
  ]);
  let stderr = '';
  child.stderr.on('data', (data: Buffer) => {
    stderr += data.toString();
  });
  const [code] = (await once(child, 'close')) as [number | null];
  expect({ code, stderr }).toEqual({
    code: 2,
    stderr: 'attnbench needs Node 22.18 or later, and this is 20.20.2; npx bench runs the one that npm ci brought.\n',
  });
});
