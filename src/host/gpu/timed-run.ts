/**
 * Where a sample is timed on a GPU: submissions short enough for any watchdog, by timestamp queries or by the wall
 * clock from the first submission to the completion of the last.
 */

import { PARAM_NAMES } from '../../../kernels/wgsl/abi.ts';
import type { PreparedPart } from './buffers.ts';
import { nextSubmission } from './submissions.ts';
import type { TimestampQueries } from './timestamp-queries.ts';

/** Submissions between two reads of their timestamps. */
export const TIMED_SUBMISSIONS = 256;

/** How a run is timed. */
export interface RunClock {
  /** Undefined: by the wall clock. */
  queries: TimestampQueries | undefined;
  /** Seconds that an empty submission takes, measured when the device was opened. */
  emptySeconds: number;
  /** Seconds that a submission aims at. */
  submissionSeconds: number;
}

/**
 * Runs every part `repeats` times, one after another; seconds of all of them. Completion is waited for once, at the end: Firefox
 * is up to 100 ms late to tell it.
 */
export async function timedRun(
  device: GPUDevice,
  parts: readonly PreparedPart[],
  repeats: number,
  clock: RunClock,
): Promise<number> {
  const calibrated = parts.every((part) => part.calibrated);
  const begin = performance.now();
  let gpuSeconds = 0;
  for (let i = 0; i < repeats; i += 1) {
    for (const part of parts) gpuSeconds += await submitPass(device, part, clock);
  }
  await device.queue.onSubmittedWorkDone();
  const seconds = clock.queries === undefined ? (performance.now() - begin) / 1000 : gpuSeconds;
  // A whole run says more than the last of the submissions that were waited for, which may be a small one.
  const rate = (repeats * parts.reduce((sum, { flops }) => sum + flops, 0)) / seconds;
  if (calibrated) for (const part of parts) part.rate = rate;
  return seconds;
}

/**
 * Submits all work tiles of a part once, in submissions as submissions.ts sizes them; the seconds of their timestamps, 0 without them.
 * Until the first whole pass is over each submission is waited for, to learn the rate.
 */
async function submitPass(device: GPUDevice, part: PreparedPart, clock: RunClock): Promise<number> {
  const { queries, emptySeconds, submissionSeconds } = clock;
  let gpuSeconds = 0;
  let pending = 0;
  const collect = async () => {
    if (queries === undefined || pending === 0) return;
    for (const duration of await queries.read(pending)) {
      if (!(duration > 0)) throw new Error(`a GPU timestamp pair reads ${duration} s`);
      gpuSeconds += duration;
    }
    pending = 0;
  };

  for (let tile = 0; tile < part.tiles; ) {
    const { count, flops } = nextSubmission(part, tile, submissionSeconds);
    const submitted = performance.now();
    submit(device, part, tile, count, queries, pending);
    pending += 1;
    tile += count;
    if (!part.calibrated) {
      await device.queue.onSubmittedWorkDone();
      const seconds = Math.max(1e-6, (performance.now() - submitted) / 1000 - emptySeconds);
      // At most eight times faster at once: a first tiny submission says little.
      part.rate = Math.min(flops / seconds, part.rate * 8);
    }
    if (pending === TIMED_SUBMISSIONS) await collect();
  }
  part.calibrated = true;
  part.passes += 1;
  await collect();
  return gpuSeconds;
}

/**
 * Submits `count` work tiles from number `first` on; with queries their pair of timestamps is kept under number
 * `index`.
 */
function submit(
  device: GPUDevice,
  part: PreparedPart,
  first: number,
  count: number,
  queries: TimestampQueries | undefined,
  index: number,
): void {
  new DataView(part.paramWords).setUint32(PARAM_NAMES.indexOf('tileBase') * 4, first, true);
  device.queue.writeBuffer(part.params, 0, part.paramWords);
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass(queries === undefined ? {} : { timestampWrites: queries.writes });
  pass.setBindGroup(0, part.bindGroups[part.passes % part.bindGroups.length] as GPUBindGroup);
  part.program.passes.forEach(({ workgroupsPerTile }, number) => {
    pass.setPipeline(part.pipelines[number] as GPUComputePipeline);
    pass.dispatchWorkgroups(workgroupsPerTile, count);
  });
  pass.end();
  queries?.resolve(encoder, index);
  device.queue.submit([encoder.finish()]);
}
