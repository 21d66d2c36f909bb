/** A kernel that runs without a pause: its rate over time after a rest, so that a burst and what is sustained are told apart. */

import type { Sample } from '../host/contract.ts';
import { clockLost, messageOf, sustainEnded } from '../messages.ts';
import type { Sustained } from '../record/measurement.ts';
import type { ClockReader } from './clock-reader.ts';
import { Interrupted, type StopSignal } from './stop.ts';

/** What runs, and for how long. */
export interface SustainRequest {
  /** Runs once. */
  run: () => Promise<Sample>;
  seconds: number;
  /** The clock of a core; null where it cannot be read. */
  clock: ClockReader | null;
  /** Once it is aborted no further run begins. */
  signal: StopSignal;
}

type Point = Sustained['samples'][number];

/** Seconds without work before the first run: a tenth of the time, at most this many. */
const LONGEST_REST = 5;
/** Runs that end within so many seconds after the rest are the burst; at least the first is. */
export const BURST_SECONDS = 1;
/** What is sustained is the rate of this last part of the time. */
const SUSTAINED_PART = 0.5;
/** Most points that a record keeps: shorter runs are added up. */
const MOST_POINTS = 600;
/** Readings of the clock, spread over the time. */
const READINGS = 60;

/**
 * Rests, runs for `seconds`, and yields the seconds that are over. Returns null where not even one run ended. An error or an
 * interrupt ends it early with what it has. `notice` gets what went wrong.
 */
export async function* sustain(
  { run, seconds, clock, signal }: SustainRequest,
  notice: (text: string) => void,
): AsyncGenerator<number, Sustained | null, void> {
  const restSeconds = Math.min(LONGEST_REST, seconds / 10);
  await rest(restSeconds, signal);
  const points: Point[] = [];
  const clocks: { at: number; hertz: number }[] = [];
  let reader = clock;
  let elapsed = 0;
  let before = performance.now();
  /** Time that passes; on a host without a clock of its own, the time that its samples say. */
  const advance = (least: number) => {
    const now = performance.now();
    elapsed += Math.max((now - before) / 1000, least);
    before = now;
  };
  const readClock = async () => {
    if (reader === null || elapsed < (clocks.length * seconds) / READINGS) return;
    try {
      clocks.push({ at: elapsed, hertz: await reader.read() });
    } catch (error) {
      notice(clockLost(messageOf(error)));
      reader = null;
    }
    advance(0);
  };
  let open: Point | undefined;
  try {
    await readClock();
    while (elapsed < seconds && !signal.aborted) {
      const at = elapsed;
      const sample = await run();
      advance(sample.seconds);
      open ??= { at, seconds: 0, flops: 0, clock: sample.clock };
      open.seconds += sample.seconds;
      open.flops += sample.flops;
      if (elapsed - open.at >= seconds / MOST_POINTS) {
        points.push(open);
        open = undefined;
        yield elapsed;
      }
      await readClock();
    }
  } catch (error) {
    if (!(error instanceof Interrupted)) notice(sustainEnded(elapsed, messageOf(error)));
  }
  if (open !== undefined) points.push(open);
  return points.length === 0 ? null : summary(points, clocks, elapsed, restSeconds);
}

/** Waits; an interrupt ends it. */
async function rest(seconds: number, signal: StopSignal): Promise<void> {
  const until = performance.now() + seconds * 1000;
  while (performance.now() < until && !signal.aborted) {
    await new Promise<void>((resolve) => {
      setTimeout(resolve, Math.min(50, Math.max(0, until - performance.now())));
    });
  }
}

function summary(
  samples: Point[],
  clocks: { at: number; hertz: number }[],
  seconds: number,
  restSeconds: number,
): Sustained {
  const within = samples.filter(({ at, seconds: took }) => at + took <= BURST_SECONDS);
  const rate = (list: Point[]) =>
    list.reduce((sum, { flops }) => sum + flops, 0) / list.reduce((sum, item) => sum + item.seconds, 0) / 1e12;
  const late = samples.filter(({ at }) => at >= seconds * SUSTAINED_PART);
  return {
    seconds,
    restSeconds,
    samples,
    // A single long run is both.
    burst: rate(within.length > 0 ? within : samples.slice(0, 1)),
    sustained: rate(late.length > 0 ? late : samples.slice(-1)),
    ...(clocks.length === 0 ? {} : { clocks }),
  };
}
