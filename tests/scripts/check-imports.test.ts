/** The check of imports on a tree that breaks its rules, and on one that keeps them. */

import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const SCRIPT = fileURLToPath(new URL('../../scripts/check-imports.ts', import.meta.url));

/** Runs the check on these files; its exit code and complaints. */
function check(files: Record<string, string>): Promise<{ code: number | string | null | undefined; lines: string[] }> {
  const cwd = mkdtempSync(join(tmpdir(), 'attnbench-imports-'));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(cwd, path)), { recursive: true });
    writeFileSync(join(cwd, path), text);
  }
  return new Promise((resolve) => {
    execFile(process.execPath, ['--disable-warning=ExperimentalWarning', SCRIPT], { cwd }, (error, _, stderr) => {
      resolve({ code: error === null ? 0 : error.code, lines: stderr.split('\n').filter((line) => line !== '') });
    });
  });
}

it('names files that import from a later room or from node:, and files in no room', async () => {
  const { code, lines } = await check({
    'src/problem/slice.ts': "import { run } from '../measure/run.ts';\nimport { join } from 'node:path';\n",
    'src/measure/run.ts': "export const later = await import('../page/main.ts');\n",
    'src/attic/old.ts': '',
  });
  expect(code).toBe(1);
  expect(lines.toSorted()).toEqual([
    'src/attic/old.ts is in no room of scripts/check-imports.ts',
    'src/measure/run.ts imports src/page/main.ts, which comes after it',
    'src/problem/slice.ts imports node:path',
    'src/problem/slice.ts imports src/measure/run.ts, which comes after it',
  ]);
});

it('accepts imports from the own room and from earlier ones', async () => {
  const { code, lines } = await check({
    'src/problem/slice.ts': "import { tooSmall } from '../messages.ts';\n",
    'src/cli/main.ts': "import { join } from 'node:path';\nimport { slice } from '../problem/slice.ts';\n",
  });
  expect({ code, lines }).toEqual({ code: 0, lines: [] });
});
