/** Sides of a comparison in the same rounds: each is checked before it is timed, and divided by the first round by round. */

import type { Configuration } from '../../../kernels/kernel.ts';
import type { Contender, HostPool } from '../../host/pool.ts';
import type { GpuSettings } from '../../host/role.ts';
import { noSharedRound, notMeasured } from '../../messages.ts';
import { valueDim, type Workload } from '../../problem/workload.ts';
import { whyNotMeasured } from '../../record/unmeasured.ts';
import { type CaseEvent, measureCase } from '../case.ts';
import { pairedRatio } from '../ratios.ts';
import type { StopSignal } from '../stop.ts';
import type { ComparedSide } from './outcome.ts';
import { threadFloatsOf, threadsOf } from './variants.ts';

/** A side before it is run. */
export interface Side {
  label: string;
  contender: Contender;
  /** The configuration that its kernel is built in; null where the kernel has no choice. */
  configuration: Configuration | null;
  settings: GpuSettings | null;
  /** Why it must not be timed; null where its program was found right. */
  untimed: string | null;
  /** True where its check in this very step, on a device of its own, found it wrong or failed. */
  wrongHere?: boolean;
}

const SEED = 1;

/** How long, and how often. */
export interface SidesOptions {
  /** Seconds of samples that slices are sized for. */
  budgetSeconds: number;
  /** Samples of each side. */
  rounds: number;
  signal: StopSignal;
}

/** Runs the sides that may be timed; all sides as they came out, in their order. */
export async function* measureSides(
  w: Workload,
  sides: readonly Side[],
  pool: HostPool,
  { budgetSeconds, rounds, signal }: SidesOptions,
): AsyncGenerator<CaseEvent, ComparedSide[], void> {
  const timed = sides.filter(({ untimed }) => untimed === null);
  const events = measureCase(
    w,
    timed.map(({ contender }) => contender),
    pool,
    {
      ...{ data: { kind: 'drawn', seed: SEED }, seed: SEED, full: false, budgetSeconds, samples: rounds, signal },
      ...{ needsInterval: true, baseline: null, devices: new Map(), firstRound: 0 },
    },
  );
  for await (const event of events) {
    yield event;
    if (event.kind !== 'case-ended') continue;
    const base = event.outcomes[0];
    return sides.map((side): ComparedSide => {
      const outcome = event.outcomes[timed.indexOf(side)];
      const { kernel } = side.contender;
      const measurement = outcome?.measurement ?? null;
      const { configuration } = side;
      const common = {
        ...{ label: side.label, kernel: kernel.name, configuration, settings: side.settings, measurement },
        threadFloats: configuration === null ? null : threadFloatsOf(valueDim(w), configuration),
        threads: configuration === null ? null : threadsOf(configuration),
      };
      if (measurement?.state !== 'measured') {
        const why = measurement === null ? notMeasured : whyNotMeasured(measurement);
        return { ...common, reason: side.untimed ?? why, ratio: null };
      }
      if (outcome === base) return { ...common, reason: null, ratio: null };
      const ratio = base?.measurement?.state === 'measured' ? pairedRatio(outcome?.samples ?? [], base.samples) : null;
      if (ratio === null) return { ...common, reason: noSharedRound('both sides'), ratio };
      const { median, low, high, rounds } = ratio;
      return { ...common, reason: null, ratio: { median, low, high, rounds } };
    });
  }
  throw new Error('the case had no end');
}
