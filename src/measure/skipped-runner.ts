/** The runner of a contender whose target could not be opened. */

import type { Contender } from '../host/pool.ts';
import type { Measurement } from '../record/measurement.ts';
import type { Runner } from './runner.ts';

type Skipped = Extract<Measurement, { state: 'skipped' }>;

/** A runner of a contender that ends as it begins, with the reason in its record. */
export function skippedRunner(contender: Contender, record: Omit<Skipped, 'state' | 'reason'>, reason: string): Runner {
  return {
    contender,
    samples: [],
    preparingSeconds: 0,
    beginningSeconds: 0,
    expectedSeconds: 0,
    outlook: null,
    verifySeconds: 0,
    ended: { state: 'skipped', reason },
    async look() {},
    async start() {},
    lapsed: null,
    async warm() {},
    async keepRows() {},
    again: () => Promise.reject(new Error(reason)),
    sustained: null,
    sample: async () => null,
    settled: () => true,
    finish: async () => ({ ...record, state: 'skipped', reason }),
    async release() {},
  };
}
