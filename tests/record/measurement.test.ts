/** The record's schema: fresh on disk, and strict about what a record may be. */

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { documentJsonSchema, documentSchema } from '../../src/record/measurement.ts';
import { measured, runOf, skipped } from '../runs.ts';

describe('schema', () => {
  it('is the one in results/schema.json (npm run schema writes it)', () => {
    const stored: unknown = JSON.parse(readFileSync(new URL('../../results/schema.json', import.meta.url), 'utf8'));
    expect(stored).toEqual(documentJsonSchema());
  });

  it('refuses a measured case without samples and a skipped one without a reason', () => {
    const accepts = (measurement: unknown) =>
      documentSchema.safeParse({ ...runOf([]), measurements: [measurement] }).success;
    expect(accepts(skipped('none'))).toBe(true);
    expect(accepts({ ...skipped('none'), reason: undefined })).toBe(false);
    expect(accepts(measured({}))).toBe(true);
    expect(accepts({ ...measured({}), samples: [] })).toBe(false);
  });
});
