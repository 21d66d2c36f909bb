/** The record's schema: fresh on disk, and strict about what a record may be. */

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { documentJsonSchema, documentSchema } from '../../src/record/measurement.ts';

describe('schema', () => {
  it('is the one in results/schema.json (npm run schema writes it)', () => {
    const stored: unknown = JSON.parse(readFileSync(new URL('../../results/schema.json', import.meta.url), 'utf8'));
    expect(stored).toEqual(documentJsonSchema());
  });

  it('refuses a measured point without samples and a skipped one without a reason', () => {
    const point = {
      kernel: 'a',
      backend: 'wasm',
      host: 'node',
      device: null,
      variant: null,
      threads: null,
      kernelHash: null,
    };
    const context = {
      argv: [],
      label: null,
      startedAt: '2026-01-01T00:00:00Z',
      versions: {},
      seed: 1,
      devices: [],
      cancelled: false,
    };
    const document = (m: unknown) => ({
      schema: 'attnbench/1',
      context,
      measurements: [m],
      comparisons: [],
      ratios: [],
    });
    const w = {
      batch: 1,
      queryHeads: 1,
      kvHeads: 1,
      headDim: 32,
      seqQuery: 1,
      seqKv: 1,
      mask: 'full',
      window: null,
      dtype: 'f32',
      scale: 1,
    };
    expect(
      documentSchema.safeParse(document({ ...point, workload: w, state: 'skipped', reason: 'none' })).success,
    ).toBe(true);
    expect(documentSchema.safeParse(document({ ...point, workload: w, state: 'skipped' })).success).toBe(false);
    expect(documentSchema.safeParse(document({ ...point, workload: w, state: 'measured', samples: [] })).success).toBe(
      false,
    );
  });
});
