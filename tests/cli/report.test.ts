/** bench report, as a user calls it. */

import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bench, temporaryFolder } from './bench.ts';

const MOCK = ['--host', 'mock:rate=1e11', '--kernel', 'wasm-flash', '--quiet'];

describe('bench report', () => {
  it('takes the newest run and puts one page beside it', async () => {
    const cwd = temporaryFolder();
    await bench(['mha', '--seq', '4k', ...MOCK], cwd);
    const { code, stderr, stdout } = await bench(['report'], cwd);
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
    const [, path = ''] = /^Report: (\S+\.html)$/m.exec(stderr) ?? [];
    const page = readFileSync(join(cwd, path), 'utf8');
    expect(page.includes('MHA at 4k runs 16,000 times slower here (wasm-flash, f32, 1 thread, 100 GFLOPS)')).toBe(true);
    // The figure, why, the distance, the share of the limit or not, samples: nothing that has nothing to draw.
    expect(page).toContain('aria-label="Chart: Throughput here and published"');
    expect(page).not.toContain('Chart: Throughput against length');
    expect(page).toContain('The claims that started this');
    // Before the libraries, which hold addresses as text.
    expect(/(src|href)="(?!data:)/.test(page.split('<script')[0] ?? '')).toBe(false);
  });

  it('writes Markdown with its pictures, of several runs', async () => {
    const cwd = temporaryFolder();
    await bench(['mha', '--seq', '4k', ...MOCK, '--results', 'a', '--format', 'json', '--output', 'one.json'], cwd);
    await bench(['gqa', '--seq', '8k', ...MOCK, '--results', 'a', '--format', 'json', '--output', 'two.json'], cwd);
    const args = ['report', 'one.json', 'two.json', '--format', 'markdown', '--output', 'both.md'];
    expect((await bench(args, cwd)).code).toBe(0);
    const text = readFileSync(join(cwd, 'both.md'), 'utf8');
    const pictures = [...text.matchAll(/!\[.*?\]\((.*?)\)/g)].map(([, file]) => file ?? '');
    expect(pictures.length).toBeGreaterThan(4);
    expect(text).toContain('## Throughput here and published');
    expect(pictures.every((file) => existsSync(join(cwd, file)))).toBe(true);
    expect(text).toContain('# two');
  });

  it('gives a page for a run in which nothing was measured', async () => {
    const cwd = temporaryFolder();
    const failing = ['--host', 'mock:rate=1e11,wasm=fail', '--kernel', 'wasm-flash', '--quiet'];
    await bench(['mha', '--seq', '4k', ...failing, '--format', 'json', '--output', 'run.json'], cwd);
    expect((await bench(['report', 'run.json', '--output', 'page.html'], cwd)).code).toBe(0);
    expect(readFileSync(join(cwd, 'page.html'), 'utf8').includes('Nothing was measured: ')).toBe(true);
  });

  it('takes the newest run that holds something, and what stands beside it whatever it is called', async () => {
    const cwd = temporaryFolder();
    await bench(['mha', '--seq', '4k', ...MOCK], cwd);
    await bench(['mha', '--seq', '8k', '--host', 'mock:rate=1e11,wasm=fail', '--kernel', 'wasm-flash', '--quiet'], cwd);
    const search = readFileSync(new URL('../../results/examples/tune.json', import.meta.url), 'utf8');
    writeFileSync(join(cwd, 'results', 'runs', 'any.json'), search);
    expect((await bench(['report', '--output', 'page.html'], cwd)).code).toBe(0);
    const page = readFileSync(join(cwd, 'page.html'), 'utf8');
    expect(page).toContain('MHA at 4k runs');
    expect(page).toContain('aria-label="Chart: Search for a configuration"');
    const alone = await bench(['report', join('results', 'runs', 'any.json')], cwd);
    expect(alone.code).toBe(2);
    expect(alone.stderr).toContain('is a search of bench tune or a record of bench ceilings; name a run beside it');
  });

  it.each([
    [['report'], 'no run with a measurement is in'],
    [['report', 'absent.jsonl'], "cannot read 'absent.jsonl' (ENOENT); check the path"],
    [['report', 'results'], "'results' is a folder; name a file in it"],
    [['report', '/dev/zero'], "cannot read '/dev/zero' (more than 256 MiB); check the path"],
    [['report', 'broken.jsonl'], 'line 1 is not JSON'],
    [['report', '--format', 'pdf'], "--format: 'pdf' is not known"],
  ])('%j is answered in one line', async (args, text) => {
    const cwd = temporaryFolder();
    mkdirSync(join(cwd, 'results'));
    writeFileSync(join(cwd, 'broken.jsonl'), 'no');
    const { code, stderr } = await bench(args, cwd);
    expect(code).toBe(2);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(stderr).toContain(text);
    expect(readdirSync(cwd).sort()).toEqual(['broken.jsonl', 'results']);
  });
});

describe('--format chart', () => {
  it('draws bars on stdout', async () => {
    const { stdout, code } = await bench(['mha', '--seq', '4k', '--format', 'chart', ...MOCK]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ {2}wasm-flash +█+\S? 100 GFLOPS$/m);
  });
});
