/** Runs from the command line in real browsers: one that it launches, and Playwright servers that it connects to. */

import type { BrowserServer } from 'playwright-core';
import { afterAll, describe, expect, it } from 'vitest';
import { documentSchema } from '../../src/record/measurement.ts';
import { launchServer, noBrowserHere } from '../page/browser.ts';
import { bench, parseRun } from './bench.ts';

const SMALL = [
  'mha',
  '--seq',
  '256',
  '--heads',
  '1',
  '--batch',
  '1',
  '--causal',
  'true',
  '--budget',
  '3',
  '--format',
  'json',
];

describe.skipIf(noBrowserHere)('--host browser', () => {
  it('measures WGSL and WebAssembly on all threads beside Node, in one record', async () => {
    const kernels = ['--kernel', 'wgsl-naive,wasm-flash', '--allow-software'];
    const outcome = await bench([...SMALL, ...kernels, '--host', 'node,browser']);
    expect(outcome.stderr).not.toMatch(/failed|skipped/);
    expect(outcome.code).toBe(0);
    const run = documentSchema.parse(parseRun(outcome));
    const seen = run.measurements.map(({ kernel, host, state }) => `${kernel} ${host} ${state}`);
    expect(seen.sort()).toEqual([
      'wasm-flash browser measured',
      'wasm-flash node measured',
      'wgsl-naive browser measured',
      'wgsl-naive node measured',
    ]);
    const wasm = run.measurements.filter(({ kernel }) => kernel === 'wasm-flash');
    expect(new Set(wasm.map(({ threads }) => threads)).size).toBe(1);
    const browsers = run.context.devices.map(({ browser }) => browser ?? null);
    expect(browsers.filter((name) => /^Chromium \d+\.\d+/.test(name ?? ''))).toHaveLength(2);
    // The same kernel in both places is a paired ratio.
    const [ratio] = run.ratios.filter(({ kernel, baseline }) => kernel === 'wasm-flash' && baseline === 'wasm-flash');
    expect(run.context.devices[ratio?.device ?? -1]?.browser).toMatch(/^Chromium/);
    expect(run.context.devices[ratio?.baselineDevice ?? -1]?.browser ?? null).toBeNull();
  }, 300_000);
});

describe('--host and --connect', () => {
  it.each([
    [['--host', 'browsr'], "'browsr' is not known; did you mean 'browser'?"],
    [
      ['--connect', 'http://127.0.0.1:1'],
      "--connect: 'http://127.0.0.1:1' is not known; did you mean 'ws://HOST:PORT/'?",
    ],
  ])('answers %j in one line with exit code 2', async (args, message) => {
    const { code, stdout, stderr } = await bench(['mha', '--seq', '64', ...args]);
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain(message);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });

  it('skips the cases of a server that does not answer, with the reason', async () => {
    const outcome = await bench([...SMALL, '--kernel', 'wasm-flash', '--connect', 'ws://127.0.0.1:9/']);
    expect(outcome.code).toBe(1);
    const [m] = parseRun(outcome).measurements;
    expect(m?.state === 'skipped' && m.reason).toMatch(/^no browser behind --connect 1 \(.*ECONNREFUSED/);
    // Neither the reason nor the arguments say where that is.
    expect(outcome.stdout).not.toContain('127.0.0.1');
  }, 300_000);

  describe.skipIf(noBrowserHere)('against two Playwright servers', () => {
    const servers: BrowserServer[] = [];
    afterAll(() => Promise.all(servers.map((server) => server.close())));

    it('merges both into one document with two devices', async () => {
      servers.push(await launchServer(), await launchServer());
      const connect = servers.flatMap((server) => ['--connect', server.wsEndpoint()]);
      const outcome = await bench([...SMALL, '--kernel', 'wasm-flash', ...connect]);
      expect(outcome.code).toBe(0);
      const run = documentSchema.parse(parseRun(outcome));
      expect(run.context.devices.map(({ name }) => name)).toEqual([
        'CPU of this browser, browser 1',
        'CPU of this browser, browser 2',
      ]);
      expect(run.measurements.map(({ state, device }) => `${state} ${device}`)).toEqual(['measured 0', 'measured 1']);
      expect(run.ratios).toMatchObject([{ kernel: 'wasm-flash', device: 1, baselineDevice: 0 }]);
    }, 300_000);
  });
});
