/** Files of machine code: named by what is in them, checked before they are opened, never taken from under a run. */

import {
  existsSync,
  mkdtempSync,
  readFileSync,
  statSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { codeFile } from '../../src/host/node/x64/code-file.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
const content = (path: string) => readFileSync(path, 'utf8');

describe.skipIf(process.platform !== 'linux')('codeFile', () => {
  let home = '';
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'attnbench-test-'));
    vi.stubEnv('XDG_CACHE_HOME', home);
  });
  afterEach(() => vi.unstubAllEnvs());

  it('is the same file for the same bytes, which only the user can change', () => {
    const path = codeFile(bytes('one'));
    expect(codeFile(bytes('one'))).toBe(path);
    expect(codeFile(bytes('two'))).not.toBe(path);
    expect(content(path)).toBe('one');
    expect(statSync(path).mode & 0o222).toBe(0);
    expect(statSync(dirname(path)).mode & 0o077).toBe(0);
  });

  it('replaces what is not what was written: other bytes, or a link', () => {
    const path = codeFile(bytes('one'));
    unlinkSync(path);
    writeFileSync(path, 'other');
    expect(codeFile(bytes('one'))).toBe(path);
    expect(content(path)).toBe('one');
    const elsewhere = join(home, 'elsewhere');
    writeFileSync(elsewhere, 'one');
    unlinkSync(path);
    symlinkSync(elsewhere, path);
    codeFile(bytes('one'));
    unlinkSync(elsewhere);
    expect(content(path)).toBe('one');
  });

  it('removes old files that nobody asked for, and none that a run may open again', () => {
    const old = [0, 1].map((i) => codeFile(bytes(`old ${i}`))) as [string, string];
    const before = new Date(Date.now() - 2 * 86_400_000);
    for (const path of old) utimesSync(path, before, before);
    codeFile(bytes('old 1'));
    const recent = Array.from({ length: 310 }, (_, i) => codeFile(bytes(`recent ${i}`)));
    expect(existsSync(old[0])).toBe(false);
    expect([old[1], ...recent].every(existsSync)).toBe(true);
  });

  it('lies in the folder for temporary files where the cache cannot be written, else says what to do', () => {
    writeFileSync(join(home, 'file'), '');
    vi.stubEnv('XDG_CACHE_HOME', join(home, 'file'));
    vi.stubEnv('TMPDIR', home);
    expect(dirname(dirname(codeFile(bytes('one'))))).toBe(home);
    vi.stubEnv('TMPDIR', join(home, 'file'));
    expect(() => codeFile(bytes('two'))).toThrow('set XDG_CACHE_HOME or TMPDIR');
  });
});
