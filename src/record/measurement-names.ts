/** The name of a measurement in tables and charts: its kernel and, if that ran in several places, the place; and that of its peak. */

import { formatNumber, formatRate } from '../format.ts';
import type { Context, Measured, Measurement, Ratio } from './measurement.ts';

/** "wasm-flash", or "wasm-flash (Chromium 153.0.8010.0)" in a run in which it also ran elsewhere. */
export type NameOf = (m: Pick<Measurement, 'kernel' | 'host' | 'device' | 'threads'>) => string;

/** The names of a run's measurements. */
export function namesOf(measurements: readonly Measurement[], context: Context): NameOf {
  const runs = Map.groupBy(measurements, ({ kernel }) => kernel);
  const severalPlaces = new Set(
    [...runs.values()].flatMap((own) => {
      const places = new Set(own.filter(({ device }) => device !== null).map(placeOf));
      return places.size < 2 ? [] : own.map(({ kernel }) => kernel);
    }),
  );
  return ({ kernel, host, device }) => {
    // Another number of threads does not make another place.
    if (!severalPlaces.has(kernel)) return kernel;
    const name = placeName(context, host, device);
    const devices = runs.get(kernel)?.filter((m) => placeName(context, m.host, m.device) === name) ?? [];
    const numbers = [...new Set(devices.map((m) => m.device))];
    return `${kernel} (${name}${numbers.length > 1 ? ` ${numbers.indexOf(device) + 1}` : ''})`;
  };

  function placeOf({ host, device }: Pick<Measurement, 'host' | 'device'>): string {
    const found = device === null ? undefined : context.devices[device];
    return `${host} ${found?.browser ?? ''} ${found?.name ?? ''}`;
  }
}

function placeName(context: Context, host: string, device: number | null): string {
  return (device === null ? null : context.devices[device]?.browser) ?? host;
}

/** The names of a paired ratio's kernel and baseline. */
export function ratioNames(ratio: Ratio, measurements: readonly Measurement[], context: Context): [string, string] {
  const name = namesOf(measurements, context);
  const side = (kernel: string, device: number | null) => {
    const found = measurements.find((m) => m.kernel === kernel && m.device === device);
    return found === undefined ? kernel : name(found);
  };
  return [
    side(ratio.kernel, ratio.device),
    side(ratio.baseline, ratio.baselineDevice === undefined ? ratio.device : ratio.baselineDevice),
  ];
}

/** What the peak that a kernel is set beside is of: "WebAssembly", "WGSL", or "f16 matrix products in WGSL". */
export function peakName({ backend, ceiling }: Pick<Measured, 'backend' | 'ceiling'>): string {
  const language = backend === 'webgpu' ? 'WGSL' : backend === 'native' ? 'machine code' : 'WebAssembly';
  const matrices = /^wgsl-matrix-products-(f32|f16)-/.exec(ceiling?.name ?? '');
  return matrices === null ? language : `${matrices[1]} matrix products in ${language}`;
}

/** The limit that a kernel is set beside, in words: "the peak of WebAssembly", or "the memory reads" where memory binds. */
export const limitName = (m: Pick<Measured, 'backend' | 'ceiling'>): string =>
  isMemoryBound(m) ? 'the memory reads' : `the peak of ${peakName(m)}`;

/** The limit as a rate: "24.1 GB/s" where memory binds, else FLOP/s. */
export const limitRate = (ceiling: NonNullable<Measured['ceiling']>): string =>
  ceiling.gigabytesPerSecond === undefined
    ? formatRate(ceiling.tflops)
    : `${formatNumber(ceiling.gigabytesPerSecond)} GB/s`;

/** Whether memory, not arithmetic, is the limit that a kernel is set beside. */
export const isMemoryBound = ({ ceiling }: Pick<Measured, 'ceiling'>): boolean => ceiling?.roof === 'memory';
