/** The finding: which point headlines speak of, and how they word it. */

import { describe, expect, it } from 'vitest';
import { comparePublished } from '../../src/compare/comparisons.ts';
import { findingOf, findingText } from '../../src/compare/finding.ts';
import type { PublishedSet } from '../../src/compare/published-figures.ts';
import type { Measured, Measurement, RunDocument } from '../../src/record/measurement.ts';
import { measured, runOf, skipped } from '../runs.ts';

const compared = (measurements: Measurement[], set: PublishedSet = 'avo'): RunDocument => {
  const run = runOf(measurements);
  return { ...run, comparisons: comparePublished(run.measurements, run.context, set) };
};
const MHA = { batch: 1, queryHeads: 16, kvHeads: 16, headDim: 128, seqQuery: 32768 };
const rate = (m: Measured, tflops: number): Measured => ({ ...m, tflops: { ...m.tflops, median: tflops } });

describe('the point that headlines speak of', () => {
  const short = measured({ ...MHA, seqQuery: 4096, batch: 8 });
  const causal = rate(measured({ ...MHA, mask: 'causal' }), 0.3);
  const full = measured(MHA);
  const faster = { ...rate(measured(MHA), 0.15), kernel: 'wgsl-flash' };
  const longer = rate(measured({ ...MHA, seqQuery: 65536 }), 0.4);

  it('is the fastest at the longest workload that has a figure, the full mask before the causal one', () => {
    const finding = findingOf(compared([short, causal, longer, full, faster]));
    expect(finding).toMatchObject({ kernel: 'wgsl-flash', where: '2 threads', software: false });
    expect(finding?.reference).toMatchObject({ kind: 'exact', published: { library: 'AVO', tflops: 1668 } });
  });

  it('is the longest where none has a figure, beside the nearest one', () => {
    const finding = findingOf(compared([longer, measured({ ...MHA, seqQuery: 1024 })]));
    expect(finding?.measured.workload.seqKv).toBe(65536);
    expect(finding?.reference).toMatchObject({ kind: 'nearest', published: { library: 'AVO', tflops: 1668 } });
  });

  it('is the least unlike its figure of several that are as long, whatever has more work', () => {
    const layer = { ...MHA, kvHeads: 4, queryHeads: 32, seqQuery: 8192, batch: 1, mask: 'causal' } as const;
    const finding = findingOf(compared([measured({ ...layer, headDim: 512 }), measured(layer)]));
    expect(finding?.measured.workload.headDim).toBe(128);
  });

  it('is set beside AVO also where another library is faster, and beside the fastest where AVO has no figure', () => {
    const grouped = { batch: 2, queryHeads: 64, kvHeads: 8, headDim: 128, seqQuery: 8192, mask: 'causal' } as const;
    expect(findingOf(compared([causal], 'all'))?.reference?.published.library).toBe('AVO');
    const others = compared([measured(grouped)], 'all');
    const best = Math.max(...others.comparisons.map(({ published }) => published?.tflops ?? 0));
    expect(findingOf(others)?.reference?.published.tflops).toBe(best);
  });

  it('is none where nothing was measured', () => {
    expect(findingOf(compared([skipped('no device')]))).toBeNull();
  });
});

describe('the finding in words', () => {
  const text = (m: Measured, set: PublishedSet = 'avo') => findingText(compared([m], set));

  it('names both sides with their types, and writes 1668 out', () => {
    expect(text(measured(MHA))).toBe(
      "MHA at 32k runs 17,000 times slower here (wasm-flash, f32, 2 threads, 100 GFLOPS) than AVO's published 1668 TFLOPS " +
        'on a B200 (BF16, burst).',
    );
    expect(text(measured({ ...MHA, mask: 'causal' }))).toMatch(/^Causal MHA at 32k runs 16,000 times slower here/);
  });

  it('names the device that a figure is of', () => {
    const grouped = { batch: 2, queryHeads: 64, kvHeads: 8, headDim: 128, seqQuery: 8192, mask: 'causal' } as const;
    expect(text(measured(grouped), 'all')).toMatch(
      /^Causal GQA \(64\/8 heads\) at 8k runs .* than FA2's published \d+ TFLOPS on an A100 80GB PCIe \(BF16\)\.$/,
    );
  });

  it('calls the nearest figure that, and says how it differs', () => {
    expect(text(measured({ ...MHA, seqQuery: 1024, batch: 32 }))).toBe(
      'MHA at 1k runs at 100 GFLOPS here (wasm-flash, f32, 2 threads). Nearest published: MHA at 4k, ' +
        "AVO's 1573 TFLOPS on a B200 (BF16, burst), 16,000 times faster. That figure has length 4k instead of 1k, " +
        'batch 8 instead of 32.',
    );
  });

  it('sets decoding beside nothing', () => {
    expect(text(measured({ ...MHA, seqQuery: 1, seqKv: 4096 }))).toMatch(
      /^MHA at 1\/4k runs at 100 GFLOPS here .* No published figure is of decoding/,
    );
  });

  it('says that a rate is extrapolated, of one sample or still noisy', () => {
    const m = measured(MHA);
    expect(text({ ...m, coverage: 0.0039 })).toMatch(/The rate here is extrapolated from 0\.39 % of the work\.$/);
    expect(text({ ...m, samples: m.samples.slice(0, 1) })).toMatch(
      /The rate here is from 1 sample, so its spread is unknown\.$/,
    );
    const { median } = m.tflops;
    expect(text({ ...m, samples: m.samples.slice(0, 3), tflops: { median } })).toMatch(
      /The rate here is from 3 samples of one process, so without an interval\.$/,
    );
    const simulated = m.samples.slice(0, 3).map((sample) => ({ ...sample, clock: 'mock' as const }));
    expect(text({ ...m, samples: simulated, tflops: { median } })).toMatch(/The rate here is from 3 samples only\.$/);
    // The interval is the one that the record and its table have, whatever the samples would give today.
    const noisy = { median, low: 0.96 * median, high: 1.036 * median };
    expect(text({ ...m, tflops: noisy, converged: false })).toMatch(/The rate here is still noisy \(± 3\.8 %\)\.$/);
  });

  it('never calls a software adapter this machine', () => {
    const run = compared([measured(MHA)]);
    const [device] = run.context.devices;
    if (device !== undefined) device.software = true;
    expect(findingText(run)).toMatch(/^MHA at 32k runs 17,000 times slower on a software adapter here/);
  });

  it('says that nothing was measured, why, and what to do', () => {
    expect(findingText(compared([skipped('no device at all')]))).toBe(
      'Nothing was measured: no device at all. bench mha --seq 1k --backend wasm runs on any CPU; bench devices lists what else can run here.',
    );
    const interrupted = compared([]);
    interrupted.context.cancelled = true;
    expect(findingText(interrupted, 'Run it again.')).toBe(
      'Nothing was measured: the run was interrupted before its first sample. Run it again.',
    );
  });
});
