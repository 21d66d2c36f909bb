/** Options and names that cannot be used: one line with what to write, exit code 2, nothing written. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { bench, benchBinary, temporaryFolder } from './bench.ts';

describe('bad input', () => {
  it.each([
    [['--seq', 'banana'], "'banana' is not a size"],
    [['--seq', '0'], 'smallest value, 1'],
    [['--seq', '-1'], 'smallest value, 1'],
    [['--seq', '9999999999k'], 'largest value, 16384k'],
    [['--heads', '30', '--kv-heads', '4'], 'nearest: --heads 28 or 32'],
    [['--head-dim', '0'], 'a whole number from 1 to 576'],
    [['--kernel', 'wasm-flsh'], "did you mean 'wasm-flash'?"],
    [['--causal', 'maybe'], "--causal: 'maybe' is not known; choose one of both, true, false"],
    [['--nonsense'], "unknown option '--nonsense'; bench mha --help lists the options"],
    [['--chart', 'x.gif', '--dry-run'], "'x.gif' has no known extension"],
    [['--backend', 'cuda'], "'cuda' is not known"],
    [['--sek', '1k'], 'Did you mean --seq?'],
    [['--budget', 'soon'], "--budget: 'soon' is not a number"],
    [['--chart', 'figure.gif'], 'use .svg, .png, .html or .vl.json'],
    [['--results', '/proc/nowhere'], "cannot write to '/proc/nowhere'"],
    [['--output', '/proc/nowhere/out.json'], "cannot write to '/proc/nowhere/out.json'"],
    [['--kernel', 'wasm-flash', '--backend', 'scalar'], 'does not run on --backend scalar'],
    [['--host', 'mock:nonsense'], "the mock host does not know 'nonsense'; write for example mock:rate=1e9"],
    [['--host', 'mock:rate=1e300'], "does not know 'rate=1e300'"],
    [['--host', 'mock:rate=fast'], "does not know 'rate=fast'"],
    [['--connect', 'ws://[::1'], "--connect: 'ws://[::1' is not known"],
    [['--limits', 'maxBuffer=3'], "did you mean 'maxBufferSize'?"],
  ])('answers %j in one line with exit code 2 and writes nothing', async (args, message) => {
    const cwd = temporaryFolder();
    const { code, stdout, stderr } = await bench(['mha', ...args], cwd);
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain(message);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(existsSync(join(cwd, 'results'))).toBe(false);
  });

  it('is told in a line that is not as long as what was given, with the next step at its end', async () => {
    const { code, stderr } = await bench(['report', 'x'.repeat(4000)]);
    expect(code).toBe(2);
    expect(stderr.length).toBeLessThan(1000);
    expect(stderr).toContain('check the path');
  });

  it('names the nearest suite, kernel and command', async () => {
    const help = await bench(['help', 'mah']);
    expect(help).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^[^\n]*did you mean 'mha'\?[^\n]*\n$/) as string,
    });
    expect((await bench(['suite', 'figure-mah'])).stderr).toContain("did you mean 'figure-mha'?");
    expect((await bench(['show', 'wgsl-flsh'])).stderr).toContain("did you mean 'wgsl-flash'?");
    expect(await benchBinary(['mah'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('Did you mean mha?') as string,
    });
  });
});

describe('a mistake of the program', () => {
  it('is one line with exit code 1, and thrown on where somebody looks for it', async () => {
    vi.stubEnv('NODE_OPTIONS', '--import=data:text/javascript,JSON.stringify=()=>{throw(RangeError(7))}');
    const { code, stdout, stderr } = await benchBinary(['kernels', '--format', 'json']);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^bench failed: 7; [^\n]*NODE_DEBUG=attnbench\n$/);
    vi.stubEnv('NODE_DEBUG', 'attnbench');
    expect((await benchBinary(['kernels', '--format', 'json'])).stderr).toMatch(/RangeError: 7\n +at /);
    vi.unstubAllEnvs();
  });
});
