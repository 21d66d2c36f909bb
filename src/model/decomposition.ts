/** The distance to a published figure as a product: units, width, clock, tensor cores, and the efficiency of either side. */

import { DEVICES, type DeviceSpec } from '../compare/device-specs.ts';
import type { Finding } from '../compare/finding.ts';
import { shareOfLimit } from '../compare/share-of-limit.ts';
import { formatFactor, formatNumber, formatRate, withCommas } from '../format.ts';
import type { Measured } from '../record/measurement.ts';
import { isMemoryBound, peakName } from '../record/measurement-names.ts';

/** One factor of the distance: above 1 the published side has more of it. */
export interface Factor {
  name: string;
  factor: number;
  /** Both sides of it: "148 multiprocessors over 2 threads". */
  text: string;
  /** Where its numbers come from. */
  source: string;
}

/** A distance and the factors that it is the product of, from what was measured here to the published figure. */
export interface Decomposition {
  /** How many times slower: the product of the factors. */
  ratio: number;
  /** TFLOPS here, where the factors begin, and of the figure by the exact FLOP rule, where they end. */
  here: number;
  published: number;
  /** Names of both sides. */
  hereName: string;
  publishedName: string;
  factors: Factor[];
}

const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
const gigahertz = (hertz: number) => `${Number((hertz / 1e9).toPrecision(4))} GHz`;

/**
 * The factors of a finding. Each number is published, with its source, or measured in the run; the two efficiencies are what
 * remains of either rate, so the product is the ratio whatever the others are. Where the clock of a CPU was not measured, width
 * and clock are one factor. WebGPU does not tell how many units a GPU has, so there units, width and clock are one: the measured
 * peak. Returns a sentence where a distance cannot be taken apart.
 */
export function decompose({ measured: m, kernel, reference }: Finding): Decomposition | string {
  if (reference === null) return 'no published figure stands beside this run';
  const { published: figure, ratio } = reference;
  if (m.ceiling === undefined) return `no peak was measured beside ${kernel}`;
  if (isMemoryBound(m)) return `memory, not arithmetic, is the limit of ${kernel} here`;
  const spec = DEVICES.find(({ device }) => device === figure.device);
  if (spec === undefined) return `results/published/devices.json has no peak of ${figure.device}`;
  const here = m.tflops.median;
  // The peak of the rounds that the share is of, so that the share is the one that tables show.
  const peak = { tflops: here / m.ceiling.share, share: m.ceiling.share, name: peakName(m) };
  const published = here * ratio;
  const { factors, tflops } = /matrix products/.test(peak.name)
    ? matrixFactors(spec, peak.tflops)
    : vectorFactors(m, spec, peak.tflops);
  return {
    ratio,
    here,
    published,
    hereName: kernel,
    publishedName: `${figure.library} on ${figure.device}`,
    factors: [
      {
        name: 'efficiency here',
        factor: 1 / peak.share,
        text: `${kernel} ${shareOfLimit(m, 1)}`,
        source: `measured: both ran in the same rounds, ${formatRate(here)} and ${formatRate(peak.tflops)}`,
      },
      ...factors,
      {
        name: `efficiency of ${figure.library}`,
        factor: published / tflops,
        text: `${figure.library} reaches ${percent(published / tflops)} of ${formatRate(tflops)}`,
        source: `derived: its ${formatRate(figure.tflops)} (${figure.source}) over the peak that the factors before give`,
      },
    ],
  };
}

/** From a local peak of multiply-adds to the matrix units of the other device, and the peak, TFLOPS, that they end at. */
function vectorFactors(m: Measured, spec: DeviceSpec, peak: number): { factors: Factor[]; tflops: number } {
  const { device, units, maxClockMHz, fp32FlopsPerClock, tensorFlopsPerClock } = spec;
  if (maxClockMHz === undefined || fp32FlopsPerClock === undefined || tensorFlopsPerClock === undefined) {
    const tensor = spec.bf16Tflops / spec.fp32Tflops;
    const text = `${device} multiplies BF16 matrices at ${formatRate(spec.bf16Tflops)}, FP32 outside of tensor cores at ${formatRate(spec.fp32Tflops)}`;
    return {
      factors: [
        peakFactor(spec, spec.fp32Tflops, peak, `specification (${spec.source})`),
        { name: 'tensor cores', factor: tensor, text, source: `specification: ${spec.source}` },
      ],
      tflops: spec.bf16Tflops,
    };
  }
  const hertz = maxClockMHz * 1e6;
  const sources = {
    units: `${units} multiprocessors: ${spec.source}`,
    width: `${spec.fp32Source}, 2 FLOPs each a clock`,
    clock: `${gigahertz(hertz)}, its highest clock, the likeliest of a burst (nominal: ${gigahertz((spec.clockMHz ?? Number.NaN) * 1e6)}): ${spec.clockSource}`,
  };
  const tensor: Factor = {
    name: 'tensor cores',
    factor: tensorFlopsPerClock / fp32FlopsPerClock,
    text: `${withCommas(tensorFlopsPerClock)} BF16 FLOPs a clock over ${fp32FlopsPerClock} FP32 ones in a multiprocessor`,
    source: `${spec.source}; ${sources.width}`,
  };
  const tflops = (units * hertz * tensorFlopsPerClock) / 1e12;
  const fp32 = (units * hertz * fp32FlopsPerClock) / 1e12;
  const { threads } = m;
  if (m.backend === 'webgpu' || threads === null) {
    const source = `${sources.units}; ${sources.width}; ${sources.clock}`;
    return { factors: [peakFactor(spec, fp32, peak, source), tensor], tflops };
  }
  const perThread = (peak * 1e12) / threads;
  const unitsFactor: Factor = {
    name: 'units',
    factor: units / threads,
    text: `${units} multiprocessors over ${threads} ${threads === 1 ? 'thread' : 'threads'}`,
    source: `${sources.units}; threads: as the run used them`,
  };
  const coreHertz = m.ceiling?.coreHertz;
  if (coreHertz === undefined) {
    return {
      factors: [
        unitsFactor,
        {
          name: 'width and clock',
          factor: (fp32FlopsPerClock * hertz) / perThread,
          text: `${formatRate((fp32FlopsPerClock * hertz) / 1e12)} of FP32 in a multiprocessor over ${formatRate(perThread / 1e12)} in a thread`,
          source: `${sources.width}; ${sources.clock}; here: the measured peak over the threads, since this run has no measured clock`,
        },
        tensor,
      ],
      tflops,
    };
  }
  const width = perThread / coreHertz;
  return {
    factors: [
      unitsFactor,
      {
        name: 'width',
        factor: fp32FlopsPerClock / width,
        text: `${fp32FlopsPerClock} FP32 FLOPs a clock in a multiprocessor over ${formatNumber(width)} in a thread`,
        source: `${sources.width}; here: the measured peak over threads and clock`,
      },
      {
        name: 'clock',
        factor: hertz / coreHertz,
        text: `${gigahertz(hertz)} over ${gigahertz(coreHertz)}`,
        source: `${sources.clock}; here: measured by a chain of dependent additions`,
      },
      tensor,
    ],
    tflops,
  };
}

/** Units, width and clock in one: what a device multiplies and adds over what this one was measured to. */
const peakFactor = (spec: DeviceSpec, tflops: number, peak: number, source: string): Factor => ({
  name: 'units, width and clock',
  factor: tflops / peak,
  text: `${spec.device} multiplies and adds FP32 at ${formatRate(tflops)} outside of tensor cores, this device at ${formatRate(peak)}`,
  source: `${source}; here: the measured peak of multiply-adds`,
});

/** From a local peak of matrix products to the specified one of the other device: both are of matrix units. */
function matrixFactors(spec: DeviceSpec, peak: number): { factors: Factor[]; tflops: number } {
  const factor: Factor = {
    name: 'matrix units',
    factor: spec.bf16Tflops / peak,
    text: `${spec.device} multiplies BF16 matrices at ${formatRate(spec.bf16Tflops)}, this device at ${formatRate(peak)}`,
    source: `specification: ${spec.source}; here: the measured peak of matrix products`,
  };
  return { factors: [factor], tflops: spec.bf16Tflops };
}

/** "units 74 x width 8.5 x clock 0.546 x ...": the product in a line. */
export function productText({ factors, ratio }: Decomposition): string {
  const parts = factors.map(({ name, factor }) => `${name} ${formatFactor(factor)}`);
  return `${parts.join(' × ')} = ${formatFactor(ratio)}`;
}
