/** bench completion: scripts that their shells can read, and what is offered at each place of a command line. */

import { execFile, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { SUITES } from '../../bench/index.ts';
import { ALL_KERNELS } from '../../kernels/index.ts';
import { COMMANDS } from '../../src/cli/commands/index.ts';
import { FORMATS, SHELLS } from '../../src/cli/options/names.ts';
import { bench, benchBinary, LAUNCHER, temporaryFolder } from './bench.ts';

/** What the shell is told for a command line that ends with the last word: values, and what else it may offer. */
async function completions(...words: string[]): Promise<{ values: string[]; directive: string | undefined }> {
  const { stdout } = await promisify(execFile)(process.execPath, [LAUNCHER, 'complete', '--', ...words]);
  const lines = stdout.trim().split('\n');
  return { values: lines.slice(0, -1).map((line) => line.split('\t')[0] ?? ''), directive: lines.at(-1) };
}

/** Answers to the shell: no files, files too, folders only (as Cobra's scripts name them). */
const [NO_FILES, FILES, FOLDERS] = [':4', ':0', ':16'];

describe('bench completion', () => {
  it.each(SHELLS)('prints a script for %s, which that shell can read where it is installed', async (shell) => {
    const { code, stdout, stderr } = await benchBinary(['completion', shell]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain(shell === 'powershell' ? "& bench complete '--'" : 'bench complete -- ');
    const file = join(temporaryFolder(), 'script');
    writeFileSync(file, stdout);
    // PowerShell reads nothing without running it.
    const checked = shell === 'powershell' ? null : spawnSync(shell, ['-n', file], { encoding: 'utf8' });
    if (checked !== null && checked.error === undefined) {
      expect({ status: checked.status, stderr: checked.stderr }).toEqual({ status: 0, stderr: '' });
    }
  });

  it('refuses a shell that it does not know, in one line', async () => {
    const { code, stderr } = await bench(['completion', 'basch']);
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: "shell: 'basch' is not known; did you mean 'bash'? (bash, zsh, fish, powershell)\n",
    });
  });

  it('works through a command that no help lists', async () => {
    const { stdout } = await bench(['--help']);
    expect(stdout).not.toMatch(/^ {2}complete /m);
    expect((await completions('com')).values).toEqual(['compare', 'compile', 'completion']);
  });
});

describe('a shell is offered', () => {
  it('every command, and the commands of a command', async () => {
    const { values } = await completions('');
    const names = COMMANDS.flatMap(({ commands }) => commands.map(({ name }) => name));
    expect(values.toSorted()).toEqual([...names, 'help'].toSorted());
    expect((await completions('model', 'w')).values).toEqual(['what-if']);
  });

  it('the options of the command', async () => {
    expect((await completions('mha', '--seq', '4k', '--ba')).values).toEqual(['--batch', '--backend', '--baseline']);
    expect((await completions('model', 'what-if', '--s')).values).toEqual(['--sms', '--shared-rate']);
  });

  it('every kernel, alone and behind a comma', async () => {
    const kernels = ALL_KERNELS.map(({ name }) => name);
    expect(await completions('gqa', '--kernel', '')).toEqual({ values: kernels, directive: NO_FILES });
    expect((await completions('show', 'ort')).values).toEqual(['ort-native', 'ort-wasm', 'ort-webgpu']);
    expect((await completions('mha', '--kernel', 'wasm-flash,scalar-')).values).toEqual([
      'wasm-flash,scalar-flash',
      'wasm-flash,scalar-naive',
    ]);
  });

  it('choices of options and arguments, each at its place only', async () => {
    expect((await completions('mha', '--format', '')).values).toEqual(FORMATS);
    expect((await completions('mha', '--format=js')).values).toEqual(['json', 'jsonl']);
    expect((await completions('suite', '--budget', '3', '')).values).toEqual(SUITES.map(({ name }) => name));
    expect(await completions('suite', 'figure-mha', '')).toEqual({ values: [], directive: NO_FILES });
  });

  it('files, folders and runs by name where they are meant', async () => {
    expect(await completions('mha', '--output', '')).toEqual({ values: [], directive: FILES });
    expect(await completions('mha', '--results', '')).toEqual({ values: [], directive: FOLDERS });
    expect(await completions('report', 'last', 'l')).toEqual({ values: ['last', 'last~1'], directive: FILES });
    expect(await completions('mha', '--budget', '')).toEqual({ values: [], directive: NO_FILES });
  });
});
