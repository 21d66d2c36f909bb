/** Commands that measure nothing: kernels, published figures, the text of a kernel. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bench, benchBinary, temporaryFolder } from './bench.ts';

describe('listings', () => {
  it('lists kernels, figures and claims', async () => {
    expect((await bench(['kernels'])).stdout).toMatch(/^wasm-flash +wasm/m);
    // Nothing of Node's own either, such as its warning that node:ffi is new.
    expect(await benchBinary(['kernels'])).toMatchObject({ code: 0, stderr: '' });
    const { stdout } = await bench(['published']);
    expect(stdout).toMatch(
      /^B200, MHA, 16 heads, d 128, BF16, TFLOPS as printed\nAVO arXiv[\s\S]*?^AVO paper v1 +full .* 1668 ± 18\.6$/m,
    );
    expect(stdout).toMatch(/^mha-vs-fa4: at most \+10\.5 %\n.*\n {2}configuration {2}causal, sequence length 4k$/m);
    expect(stdout).toContain('"The report" is a Chinese securities weekly of 8 April 2026');
    const { claims } = JSON.parse((await bench(['published', '--format', 'json'])).stdout) as { claims: object[] };
    for (const claim of claims) expect(claim).toHaveProperty('state');
  });

  it("shows the evolution of AVO's kernel as text, JSON and a chart", async () => {
    const cwd = temporaryFolder();
    const args = ['published', '--figure', 'evolution'];
    const { stdout, stderr } = await bench([...args, '--chart', 'evolution.svg'], cwd);
    expect(stderr).toBe('Chart: evolution.svg\n');
    expect(readFileSync(join(cwd, 'evolution.svg'), 'utf8')).toContain('single-pass softmax');
    expect(stdout).toMatch(
      /^branch-free rescaling +19 to 20 +full +\+6\.1 % +\+7\.0 % +\+8\.6 % +\+10\.8 % +\+8\.1 % +\+8\.1 %$/m,
    );
    const { versions, gains } = JSON.parse((await bench([...args, '--format', 'json'])).stdout) as Record<
      string,
      object[]
    >;
    expect([versions?.length, gains?.length]).toEqual([28, 6]);
    expect((await bench(['published', '--figure', 'evolutoin'])).stderr).toContain("did you mean 'evolution'");
  });

  it('shows error bars beside the times of passes as text, JSON and a chart', async () => {
    const cwd = temporaryFolder();
    const args = ['published', '--figure', 'bursts'];
    const { stdout, stderr } = await bench([...args, '--chart', 'bursts.svg'], cwd);
    expect(stderr).toBe('Chart: bursts.svg\n');
    expect(readFileSync(join(cwd, 'bursts.svg'), 'utf8')).toContain('time per pass, ms');
    expect(stdout).toMatch(/^ +5\.27 ms +± 18\.6 +1668 +AVO +16 heads +full +32k$/m);
    expect(JSON.parse((await bench([...args, '--format', 'json'])).stdout)).toHaveLength(72);
  });

  it('shows source text that names its algorithm', async () => {
    expect((await bench(['show', 'wgsl-flash', '--head-dim', '64'])).stdout).toContain('online');
    expect((await bench(['show', 'wasm-flash'])).stdout).toMatch(/^\(module/m);
    expect((await bench(['show', 'ort-wasm'])).stdout).toContain('kernels/peers/ort-model.ts');
    const alibi = await bench(['show', 'wgsl-flash', '--alibi']);
    expect(alibi).toMatchObject({ code: 2, stdout: '' });
    expect(alibi.stderr).toMatch(/^wgsl-flash has no text for this: this kernel has no ALiBi; choose scalar-flash/);
    expect((await bench(['show', 'wgsl-matrix'])).stdout).toContain('subgroupMatrixMultiplyAccumulate');
  });
});
