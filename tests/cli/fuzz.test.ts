/** Any command line and any run file: an exit code that is documented, one line of message, no stack trace, no file elsewhere. FUZZ_CASES sets how many. */

import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseRunFile } from '../../src/compare/run-file.ts';
import { UsageError } from '../../src/messages.ts';
import { measured, runOf } from '../runs.ts';
import { bench, temporaryFolder } from './bench.ts';

/** Cases of both properties together: npm run nightly asks for more. */
const CASES = Number(process.env['FUZZ_CASES'] ?? 500);
const HOURS = 4 * 3600 * 1000;

const TEXT = fc.oneof(
  fc.constantFrom(
    '0',
    '-1',
    '64',
    '128',
    '64,128',
    '1e3',
    '1e300',
    '64-256*2',
    'NaN',
    '',
    ' ',
    'true',
    'false',
    'both',
  ),
  fc.constantFrom('f32', 'f16', 'wasm-flash', 'scalar-flash', 'wgsl-flash', 'auto', 'last', '__proto__', 'constructor'),
  fc.constantFrom(
    'a\nb',
    '\u001b[31m',
    'a\u0000b',
    '\u202e',
    'x'.repeat(5000),
    '../x',
    '/dev/full',
    '.',
    '%s',
    '$HOME',
  ),
  fc.string({ maxLength: 12 }),
);
const OPTIONS = [
  ...['--seq', '--seq-kv', '--kv-heads', '--head-dim', '--head-dim-v', '--causal', '--window', '--dtype', '--scale'],
  ...['--kernel', '--backend', '--variant', '--tiles', '--adapter', '--threads', '--limits', '--label', '--samples'],
  ...['--seed', '--baseline', '--published', '--format', '--model', '--softcap', '--total-tokens', '--results'],
  ...['--dry-run', '--quiet', '--full', '--wide', '--nonsense', '-x', '--', '--sinks', '--alibi', '--output'],
];
const WORDS = fc.array(fc.tuple(fc.constantFrom(...OPTIONS), fc.option(TEXT)), { maxLength: 5 });
/** Nothing that waits, opens a port, or measures this machine. */
const COMMANDS = ['mha', 'mha', 'gqa', 'compare', 'report', 'published', 'kernels', 'show', 'completion', 'nonsense'];
/** After the others, so that these count: no device, next to no time. */
const CHEAP = ['--host', 'mock:rate=1e12', '--budget', '0.02', '--heads', '1', '--batch', '1', '--no-chart'];

describe('whatever is asked for', () => {
  it('a command line ends with 0, 1 or 2, a mistake in one line, and no file elsewhere', {
    timeout: HOURS,
  }, async () => {
    const around = temporaryFolder();
    const cwd = join(around, 'here');
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...COMMANDS), WORDS, async (command, words) => {
        rmSync(cwd, { recursive: true, force: true });
        mkdirSync(cwd);
        const measures = command === 'mha' || command === 'gqa';
        const args = words.flatMap(([option, value]) => (value === null ? [option] : [option, value]));
        // Samples are bounded too: a million of them is what was asked for.
        const line = [command, ...(measures ? ['--seq', '64'] : []), ...args, ...(measures ? CHEAP : [])];
        if (measures && args.includes('--samples')) line.push('--samples', '2');
        const { code, stdout, stderr } = await bench(line, cwd);
        expect([0, 1, 2]).toContain(code);
        expect(stdout + stderr).not.toMatch(/^ {4}at /m);
        if (code === 2) expect(stderr).toMatch(/^[^\n]+\n$/);
        expect(readdirSync(around).filter((name) => name !== 'here' && name !== 'x')).toEqual([]);
      }),
      { numRuns: Math.ceil(CASES / 2) },
    );
  });

  it('a run file is read, or refused with a message', { timeout: HOURS }, () => {
    const text = JSON.stringify(runOf([measured({ seqQuery: 512 }), measured({ seqQuery: 1024 })]));
    const change = fc.tuple(
      fc.nat(text.length),
      fc.nat(40),
      fc.oneof(TEXT, fc.constantFrom('1e999', 'null', '{}', '[')),
    );
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
        let changed = text;
        for (const [at, length, by] of changes) changed = changed.slice(0, at) + by + changed.slice(at + length);
        try {
          parseRunFile(changed, 'run.json', 'avo');
        } catch (error) {
          expect(error).toBeInstanceOf(UsageError);
        }
      }),
      { numRuns: Math.floor(CASES / 2) },
    );
  });

  it.each(['tflops', 'seconds', 'flops', 'share'])(
    'a record with any number as its %s is drawn without NaN',
    async (name) => {
      const cwd = temporaryFolder();
      for (const value of ['1e-300', '1e300', '1e-29', '1e29', '-1', '0', '1e999']) {
        const text = JSON.stringify(runOf([measured({ seqQuery: 512 })]));
        const pattern = new RegExp(`"${name === 'tflops' ? 'median' : name}":[^,}]+`, 'g');
        writeFileSync(
          join(cwd, 'run.json'),
          text.replace(pattern, (found) => `${found.split(':')[0]}:${value}`),
        );
        const { code, stderr } = await bench(['report', 'run.json', '--format', 'html', '--output', 'run.html'], cwd);
        expect([0, 2]).toContain(code);
        expect(stderr.trimEnd().split('\n')).toHaveLength(1);
        if (code === 2) continue;
        const pictures = readFileSync(join(cwd, 'run.html'), 'utf8').match(/<svg[^>]*>.*?<\/svg>/gs) ?? [];
        expect(pictures.length).toBeGreaterThan(0);
        for (const picture of pictures) expect(picture).not.toMatch(/NaN|Infinity/);
      }
    },
  );
});
