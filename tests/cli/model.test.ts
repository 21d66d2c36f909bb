/** bench model, as a user calls it. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bench, journalLines, linesSoFar, startBench, temporaryFolder } from './bench.ts';

describe('bench model b200', () => {
  it('prints constants, fitted and predicted points apart, the ablation and where it is wrong', async () => {
    const { stdout, code } = await bench(['model', 'b200']);
    expect(code).toBe(0);
    const at = [
      'Why 1668',
      'Constants',
      'Fitted',
      'Predicted',
      'Predictions beside a naive guess',
      'Ablation',
      'Sensitivity',
      'Where the model is wrong',
    ];
    const places = at.map((heading) => stdout.indexOf(heading));
    expect(places.every((place) => place >= 0)).toBe(true);
    expect([...places].sort((a, b) => a - b)).toEqual(places);
    expect(stdout).toMatch(/AVO +causal +4k +16 +1392 ± 3.2 +1392/);
    expect(stdout).toContain('17 of these 81 points');
    expect(stdout).toMatch(/^branchless +full +published +\+6\.1 % +\+7\.0 % +\+8\.6 % +\+10\.8 % +\+8\.1 %$/m);
  });

  it('gives the same as JSON', async () => {
    const { stdout } = await bench(['model', 'b200', '--format', 'json']);
    const model = JSON.parse(stdout) as Record<string, { role: string; error: number }[]>;
    for (const key of ['kernels', 'points', 'otherPoints', 'predictions', 'ablation', 'assumptions', 'sensitivity']) {
      expect(model[key]?.length).toBeGreaterThan(0);
    }
    expect(Object.keys(model['points']?.[0] ?? {})).toEqual(
      expect.arrayContaining(['role', 'library', 'workload', 'published', 'publishedError', 'model', 'error']),
    );
  });

  it('gives the constants of the versions as JSON', async () => {
    const { stdout } = await bench(['model', 'b200', '--figure', 'versions', '--format', 'json']);
    expect(JSON.parse(stdout)).toContainEqual(expect.objectContaining({ version: 40 }) as object);
  });

  it.each(['mha', 'gqa', 'ablation', 'timeline', 'versions'])('draws %s', async (figure) => {
    const cwd = temporaryFolder();
    const { code, stderr } = await bench(['model', 'b200', '--figure', figure, '--chart', 'model.svg'], cwd);
    expect({ code, stderr }).toEqual({ code: 0, stderr: 'Chart: model.svg\n' });
    expect(readFileSync(join(cwd, 'model.svg'), 'utf8')).toMatch(/^<svg/);
  });
});

describe('bench model what-if', () => {
  it('says what the changed chip needs', async () => {
    const { stdout, code } = await bench(['model', 'what-if', '--sms', '120', '--exp-rate', '32']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^120 multiprocessors at 1850 MHz, 8192 FLOP, 32 exponentials/);
    expect(stdout).toMatch(/To reach 1668 TFLOPS at 32k without a mask it needs \d+ such multiprocessors/);
    expect(stdout).toMatch(/^full +4k +1593 +1872 +\+17\.5 % +[+-]\d/m);
    expect(stdout).toMatch(/^causal +32k +1720 +2014 +\+17\.1 % +[+-]\d/m);
  });
});

describe('bench model local', () => {
  it('puts a prediction beside each measurement, and the measurement on disk', async () => {
    const cwd = temporaryFolder();
    const args = ['--seq', '256', '--heads', '1', '--backend', 'wasm', '--budget', '2', '--format', 'json'];
    const { stdout, code, stderr } = await bench(['model', 'local', ...args], cwd);
    expect(code).toBe(0);
    const { points, missing, distance } = JSON.parse(stdout) as {
      points: Record<string, number>[];
      missing: string[];
      distance: { ratio: number; factors: { name: string; factor: number }[] };
    };
    expect(missing).toEqual([]);
    expect(points).toHaveLength(2);
    for (const point of points) {
      expect(point['predicted']).toBeGreaterThan(0);
      expect(point['predicted']).toBeLessThan(point['multiplyAdd'] ?? 0);
      expect(point['measured']).toBeGreaterThan(0);
    }
    expect(distance.factors.map(({ name }) => name)).toContain('clock');
    expect(distance.factors.reduce((all, { factor }) => all * factor, 1)).toBeCloseTo(distance.ratio, 3);
    const [, journal = ''] = /Record: (\S+)/.exec(stderr) ?? [];
    expect(readFileSync(join(cwd, journal), 'utf8').trim().split('\n')).toHaveLength(3);
  });

  it('keeps what was measured when it is interrupted, and exits with 130', async () => {
    const cwd = temporaryFolder();
    const args = ['model', 'local', '--seq', '256,512,1k', '--backend', 'wasm', '--host', 'mock:sleep=0.1'];
    let watch: ReturnType<typeof setInterval> | undefined;
    const outcome = await startBench(args, cwd, (_, pid) => {
      watch ??= setInterval(() => {
        if (linesSoFar(cwd) < 2) return;
        clearInterval(watch);
        process.kill(pid, 'SIGINT');
      }, 20);
    });
    clearInterval(watch);
    expect(outcome.code).toBe(130);
    expect(outcome.stderr).toContain('Interrupted: what was measured is kept.');
    const [context, ...measured] = journalLines(cwd);
    expect(context).toMatchObject({ context: { cancelled: true } });
    expect(measured.length).toBeGreaterThanOrEqual(1);
    expect(measured.length).toBeLessThan(6);
    expect(measured.every(({ state }) => state === 'measured')).toBe(true);
  });
});

describe('bench model prefill', () => {
  it('counts the layers, measures one of each kind, and adds up', async () => {
    const args = ['--model', 'gemma4-e2b', '--seq', '1k', '--host', 'mock:rate=1e11', '--backend', 'wasm'];
    const { stdout, code } = await bench(['model', 'prefill', ...args, '--format', 'json'], temporaryFolder());
    expect(code).toBe(0);
    const { prefill, here, missing } = JSON.parse(stdout) as {
      prefill: { attentionFlops: number; layers: { share: number }[] };
      here: { flops: number; seconds: number; layers: { kernel: string }[] };
      missing: string[];
    };
    expect(missing).toEqual([]);
    expect(here.layers.map(({ kernel }) => kernel)).toEqual(['wasm-flash', 'wasm-flash']);
    expect(here.flops).toBe(prefill.attentionFlops);
    expect(here.flops / here.seconds / 1e11).toBeCloseTo(1, 1);
    expect(prefill.layers.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 12);
  });

  it('counts where nothing can be measured, and says why', async () => {
    const args = ['--model', 'gemma4-31b', '--seq', '1k', '--host', 'mock:wasm=fail', '--backend', 'wasm'];
    const { stdout, code } = await bench(['model', 'prefill', ...args], temporaryFolder());
    expect(code).toBe(1);
    expect(stdout).toMatch(/50 local .* not measured/);
    expect(stdout).toContain('wasm-flash, 1k causal');
  });
});

describe('bad input to bench model and bench ceilings is one line and exit code 2', () => {
  it.each([
    [['model', 'b200', '--figure', 'mah'], "--figure: 'mah' is not known; did you mean 'mha'"],
    [['model', 'b200', '--chart', 'model.gif'], "'model.gif' has no known extension"],
    [['model', 'what-if', '--sms', '0'], "--sms: '0' is not a number that can be used here"],
    [['model', 'what-if', '--exp-rate', 'fast'], "--exp-rate: 'fast'"],
    [['model', 'local', '--backend', 'scalar'], '--backend scalar has no model'],
    [['model', 'prefill', '--model', 'gemma4-31'], "--model: 'gemma4-31' is not known; did you mean 'gemma4-31b'"],
    [
      ['gqa', '--model', 'gemma4-31b', '--heads', '8'],
      "'--model <name>' cannot be used with option '--heads <counts>'",
    ],
    [['model', 'local', '--format', 'csv'], "--format: 'csv' is not known"],
    [['ceilings', '--backend', 'peers'], '--backend peers has no ceilings'],
  ])('%j', async (args, text) => {
    const { code, stdout, stderr } = await bench(args);
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(stderr).toContain(text);
  });
});
