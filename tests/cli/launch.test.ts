/** The command's first file: what becomes of a reader that leaves. */

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
