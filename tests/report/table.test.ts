/** The terminal table, whole: what a run of exact rates prints. */

import { expect, it } from 'vitest';
import { comparePublished } from '../../src/compare/comparisons.ts';
import type { RunDocument } from '../../src/record/measurement.ts';
import { formatTable } from '../../src/report/table.ts';
import { measured, runOf, skipped } from '../runs.ts';

const LONG = { batch: 1, queryHeads: 16, kvHeads: 16, headDim: 128, seqQuery: 32768 };

it('shows rates, shares and ratios under their heads, then notes, sources and cases without a number', () => {
  const causal = measured({ ...LONG, mask: 'causal' });
  const run: RunDocument = {
    ...runOf([measured(LONG), { ...causal, coverage: 0.25 }, skipped('no device at all', LONG)], 'Mock device'),
    ratios: [
      {
        ...{ kernel: 'wasm-flash', baseline: 'scalar-flash', workload: causal.workload, threads: 2, device: 0 },
        ...{ ratio: 12.5, low: 12.25, high: 12.75 },
      },
    ],
  };
  const comparisons = comparePublished(run.measurements, run.context, 'avo');
  expect(formatTable({ ...run, comparisons })).toMatchInlineSnapshot(`
    "16 heads, d 128, batch 1, f32 · wasm: Mock device

    kernel      mask    seq         TFLOPS [95 %]  ms a pass  share run  threads     of ceiling  error  slower than AVO  slower than cuDNN  slower than FA4  notes
    wasm-flash  full    32k  0.100 [0.100, 0.100]     88,000  all              2  80 % [78, 82]   0e+0    16,700x ± 200      16,400x ± 100    16,500x ± 200  a
    wasm-flash  causal  32k  0.100 [0.100, 0.100]    ~44,000  25.0 %           2  80 % [78, 82]   0e+0     16,370x ± 20       15,900x ± 10      15,500x ± 7  a b

    wasm-flash runs at 12.5 [12.3, 12.8] times scalar-flash, 32k causal, 16 heads, d 128

    a  computed in f32, published in BF16
    b  ran a slice of the work, its time a pass is extrapolated; --full runs it all
    Published on B200: AVO arXiv:2603.24517v1 Fig3

    skipped: wasm-flash, 32k full, 16 heads, d 128: no device at all
    "
  `);
});
