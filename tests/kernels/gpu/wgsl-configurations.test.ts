/** wgsl-flash in the tiles of GPUs and in others, on whatever adapter is here; and its text, as it is for a few of them. */

import { afterAll, describe, expect, it } from 'vitest';
import { fewRowsConfiguration, wgslConfiguration } from '../../../kernels/configurations.ts';
import type { Configuration } from '../../../kernels/kernel.ts';
import { TYPICAL_DEVICE } from '../../../kernels/typical-device.ts';
import { emitWgslFlash, wgslFlash } from '../../../kernels/wgsl/flash.ts';
import { storageOf } from '../../../kernels/wgsl/storage.ts';
import { scheduleOf } from '../../../kernels/wgsl/work-tiles.ts';
import type { Host } from '../../../src/host/contract.ts';
import { spawnHost } from '../../../src/host/node/spawn.ts';
import { softwareEnvironment } from '../../../src/host/node/targets.ts';
import { describe as describeWorkload, type Workload } from '../../../src/problem/workload.ts';
import { workload } from '../../workloads.ts';
import { runKernel } from '../harness.ts';

/** Changes to the tile that is shipped for GPUs, by head dimension. */
const TILES: [number, Partial<Configuration>][] = [
  [64, {}],
  [128, {}],
  [80, {}],
  [64, { rows: 8, rescale: 'branch', values: 'before-softmax', unroll: 1 }],
  [64, { threadRows: 4, threadColumns: 16, rows: 4, keys: 4, chunk: 32, unroll: 4, weightParts: 1 }],
  [128, { threadRows: 16, threadColumns: 4, weightParts: 1, chunk: 8, valueKeys: 8 }],
];

const shapes = (headDim: number): Workload[] => [
  workload({ headDim, seqQuery: 131, queryHeads: 2, kvHeads: 1, mask: 'causal' }),
  workload({ headDim, seqQuery: 97, seqKv: 140 }),
  workload({ headDim, seqQuery: 150, window: 40, dtype: 'f16' }),
];

async function openHost(): Promise<Host | string> {
  try {
    const env = await softwareEnvironment(true);
    const options = { adapter: null, allowSoftware: true, limits: {} };
    return await spawnHost({ role: { backend: 'webgpu', options, untimed: true }, flags: [], env });
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

const opened = await openHost();
if (typeof opened === 'string') process.stderr.write(`WGSL configs are not run: ${opened}\n`);

afterAll(async () => {
  if (typeof opened !== 'string') await opened.close();
});

describe.skipIf(typeof opened === 'string')('wgsl-flash', () => {
  const host = opened as Host;

  describe.each(TILES)('head dimension %i, config %j', (headDim, changes) => {
    it.each(shapes(headDim).map((w) => ({ name: describeWorkload(w), w })))('$name', async ({ w }) => {
      const config = { ...wgslConfiguration(headDim, TYPICAL_DEVICE), ...changes } as Configuration;
      expect(wgslFlash.tunable?.problem(config, w, TYPICAL_DEVICE)).toBeUndefined();
      const build: typeof wgslFlash.build = (own, device) =>
        wgslFlash.tunable?.build(config, own, device) ?? wgslFlash.build(own, device);
      const result = await runKernel(host, { ...wgslFlash, build }, w);
      expect(result).toMatchOracle();
    });
  });
});

describe.skipIf(typeof opened === 'string')('schedules of wgsl-flash', () => {
  const host = opened as Host;
  const config = { ...fewRowsConfiguration(16), threadColumns: 8 };

  it.each([
    // Query heads of a group side by side in a unit; 5 do not divide a block of 16 rows.
    ...[2, 5, 16].map((group) => ({ group, splits: 1 })),
    { group: 1, splits: 3 },
    { group: 4, splits: 5 },
  ])('$group query heads a tile, keys in $splits parts', async (schedule) => {
    const build: typeof wgslFlash.build = (w, { features }) =>
      emitWgslFlash(w.headDim, config, storageOf(w.dtype, features), schedule);
    const heads = { queryHeads: schedule.group * 2, kvHeads: 2 };
    for (const w of [
      workload({ headDim: 64, seqQuery: 1, seqKv: 300, ...heads }),
      workload({ headDim: 64, seqQuery: 23, seqKv: 301, mask: 'causal', batch: 2, ...heads }),
      // More parts than blocks of keys, and rows that see nothing.
      workload({ headDim: 64, seqQuery: 40, seqKv: 20, mask: 'causal', ...heads }),
      workload({ headDim: 64, seqQuery: 50, seqKv: 400, window: 37, ...heads }),
      workload({ headDim: 64, seqQuery: 9, seqKv: 200, dtype: 'f16', ...heads }),
    ]) {
      const result = await runKernel(host, { ...wgslFlash, build }, w);
      expect(result, describeWorkload(w)).toMatchOracle();
    }
  });

  it('is split where there is little else to split, and never on an adapter that a CPU emulates', () => {
    const decode = workload({ headDim: 128, seqQuery: 1, seqKv: 32768, queryHeads: 32, kvHeads: 4 });
    const prefill = workload({ headDim: 128, seqQuery: 4096, queryHeads: 32, kvHeads: 4 });
    const { features } = TYPICAL_DEVICE;
    expect(scheduleOf(decode, fewRowsConfiguration(8), features)).toEqual({ group: 8, splits: 32 });
    expect(scheduleOf(decode, fewRowsConfiguration(8), { ...features, software: true }).splits).toBe(1);
    expect(scheduleOf(prefill, wgslConfiguration(128, TYPICAL_DEVICE), features)).toEqual({
      group: 8,
      splits: 1,
    });
    // A part has four blocks of keys at least.
    expect(scheduleOf({ ...decode, seqKv: 1024 }, fewRowsConfiguration(8), features).splits).toBe(1);
    expect(scheduleOf({ ...decode, seqKv: 2048 }, fewRowsConfiguration(8), features).splits).toBe(2);
  });
});

describe('the text of wgsl-flash', () => {
  const text = (headDim: number, changes: object, storage: Parameters<typeof emitWgslFlash>[2]) =>
    emitWgslFlash(headDim, { ...wgslConfiguration(headDim, TYPICAL_DEVICE), ...changes }, storage).passes[0]?.code ??
    '';
  const small = {
    threadRows: 2,
    threadColumns: 4,
    rows: 4,
    keys: 4,
    chunk: 8,
    unroll: 1,
    weightParts: 1,
    valueKeys: 4,
  };

  it.each(['f32', 'f16', 'packed-f16'] as const)('in a small config, %s', async (storage) => {
    await expect(text(32, small, storage)).toMatchFileSnapshot(`../snapshots/wgsl-flash-d32-${storage}.wgsl`);
  });

  it('names every value of a thread, and indexes no array by anything but a place in memory', () => {
    const code = text(128, {}, 'f32');
    expect(code).not.toMatch(/var\s+\w+\s*(:\s*|=\s*)array/);
    expect(code).toContain("m' = max(m, rows of S);  P = 2^(S - m')");
  });
});
