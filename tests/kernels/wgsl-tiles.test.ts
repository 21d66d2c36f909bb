/** wgsl-flash in the tiles of GPUs and in others, on whatever adapter is here; and its text, as it is for a few of them. */

import { afterAll, describe, expect, it } from 'vitest';
import type { Tile } from '../../kernels/kernel.ts';
import { wgslTile } from '../../kernels/tiles.ts';
import { TYPICAL_FEATURES, TYPICAL_LIMITS } from '../../kernels/typical.ts';
import { emitWgslFlash, wgslFlash } from '../../kernels/wgsl/flash.ts';
import type { Host } from '../../src/host/host.ts';
import { softwareEnvironment } from '../../src/host/node/places.ts';
import { spawnHost } from '../../src/host/node/spawn.ts';
import { describe as describeWorkload, type Workload } from '../../src/workload.ts';
import { workload } from '../workloads.ts';
import { runKernel } from './harness.ts';

/** Changes to the tile that is shipped for GPUs, by head dimension. */
const TILES: [number, Partial<Tile>][] = [
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
if (typeof opened === 'string') process.stderr.write(`WGSL tiles are not run: ${opened}\n`);

describe.skipIf(typeof opened === 'string')('wgsl-flash', () => {
  const host = opened as Host;
  afterAll(() => host.close());

  describe.each(TILES)('head dimension %i, tile %j', (headDim, changes) => {
    it.each(shapes(headDim).map((w) => ({ name: describeWorkload(w), w })))('$name', async ({ w }) => {
      const tile = { ...wgslTile(headDim, {}, TYPICAL_LIMITS), ...changes } as Tile;
      expect(wgslFlash.tunable?.problem(tile, w, TYPICAL_FEATURES, TYPICAL_LIMITS)).toBeUndefined();
      const build: typeof wgslFlash.build = (own, features) =>
        wgslFlash.tunable?.build(own, features, tile) ?? wgslFlash.build(own, features, TYPICAL_LIMITS);
      const result = await runKernel(host, { ...wgslFlash, build }, w);
      expect(result.maxRelativeError).toBeLessThan(result.tolerance);
    });
  });
});

describe('the text of wgsl-flash', () => {
  const text = (headDim: number, changes: object, storage: Parameters<typeof emitWgslFlash>[2]) =>
    emitWgslFlash(headDim, { ...wgslTile(headDim, {}, TYPICAL_LIMITS), ...changes }, storage).passes[0]?.code ?? '';
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

  it.each(['f32', 'f16', 'packed-f16'] as const)('in a small tile, %s', async (storage) => {
    await expect(text(32, small, storage)).toMatchFileSnapshot(`snapshots/wgsl-flash-d32-${storage}.wgsl`);
  });

  it('names every value of a thread, and indexes no array by anything but a place in memory', () => {
    const code = text(128, {}, 'f32');
    expect(code).not.toMatch(/var\s+\w+\s*(:\s*|=\s*)array/);
    expect(code).toContain("m' = max(m, rows of S);  P = 2^(S - m')");
  });
});
