/** bench without a word: what is here, a short measurement, its finding, and what to try next. */

import { describe, expect, it } from 'vitest';
import { NEXT } from '../../src/cli/actions/tour.ts';
import { createProgram } from '../../src/cli/main.ts';
import { bench, journalLines, temporaryFolder } from './bench.ts';

const MOCK = { ATTNBENCH_HOST: 'mock:rate=1e12', ATTNBENCH_SAMPLES: '1' };

const inOneLine = (text: string) => text.trim().split(/\s+/).join(' ');

describe('bench without a word', () => {
  it('checks, measures, tells the finding and what to try next, and keeps a record that names its command', async () => {
    const folder = temporaryFolder();
    const { code, stdout } = await bench([], folder, undefined, MOCK);
    expect(code).toBe(0);
    const lines = stdout.split('\n');
    expect(lines[0]).toMatch(/^A tour of about ten seconds: /);
    // Long lines are broken.
    const checks = lines.slice(2, lines.indexOf('', 2)).filter((line) => !line.startsWith(' '));
    expect(checks).toEqual([
      expect.stringMatching(/^(ok|warning) +Machine code +\S/),
      expect.stringMatching(/^ok +WebAssembly +\d+ threads?/),
      expect.stringMatching(/^(ok|warning) +GPU adapter +\S/),
      expect.stringMatching(/^(ok|warning) +Others +/),
    ]);
    expect(stdout).toMatch(/^Measuring now: bench mha --seq 4k --causal false --kernel \S*wasm-flash,scalar-flash/m);
    // The published figure is of exactly this workload.
    expect(inOneLine(stdout)).toMatch(
      /MHA at 4k runs [\d,.]+ times slower here .* than AVO's published \d+ TFLOPS on a B200/,
    );
    const next = lines.slice(lines.indexOf('What to try next:') + 1).filter((line) => line !== '');
    expect(next.map((line) => line.trim().split(/ {2,}/)[0])).toEqual(NEXT.map(([command]) => command));
    expect(next).toHaveLength(3);
    const [first] = journalLines(folder) as { context: { argv: string[] } }[];
    expect(first?.context.argv.slice(0, 5)).toEqual(['mha', '--seq', '4k', '--causal', 'false']);
  });

  it('ends after its checks with exit code 1 where nothing can be measured', async () => {
    const { code, stdout } = await bench([], undefined, undefined, { NODE_OPTIONS: '--no-such-flag' });
    expect(code).toBe(1);
    expect(stdout).toMatch(/^fails +WebAssembly/m);
    expect(stdout).not.toContain('Measuring now');
    expect(inOneLine(stdout)).toMatch(/then run bench doctor again\.$/);
  });

  it('suggests commands that there are', async () => {
    for (const [command] of NEXT) {
      const words = command.split(' ').slice(1);
      const program = await createProgram(words, () => {});
      let found = program;
      for (const word of words) found = found.commands.find((sub) => sub.name() === word) ?? found;
      expect(found, command).not.toBe(program);
      const options = words.filter((word) => word.startsWith('--'));
      expect(found.options.map(({ long }) => long)).toEqual(expect.arrayContaining(options));
    }
  });
});
