/**
 * A whole run as a stream of events: its cases one after the other within one budget. Readers of the events print, keep or
 * draw them; the run knows no printer and no file.
 */

import type { Probe } from '../../kernels/ceilings/probe.ts';
import type { Kernel } from '../../kernels/kernel.ts';
import type { Device } from '../host/contract.ts';
import { type Contender, createHostPool } from '../host/pool.ts';
import type { OpenTarget, Target } from '../host/target.ts';
import { messageOf, noCeiling } from '../messages.ts';
import type { Case } from '../problem/cases.ts';
import { describeShort, type Workload } from '../problem/workload.ts';
import type { Measurement } from '../record/measurement.ts';
import { type CaseEvent, measureCase } from './case.ts';
import { shorterForMore } from './impossible.ts';
import { budgetShare } from './plan.ts';
import type { StopSignal } from './stop.ts';
import { laterSeconds } from './time-left.ts';

/** What to measure, where, and for how long. */
export interface RunRequest {
  cases: readonly Case[];
  /** Where kernels run, in the order that their devices have in the record. */
  targets: readonly Target[];
  /** The kernels of a case, each on a target. */
  contendersOf(planned: Case): readonly Contender[];
  /**
   * Limits of a target, which run in the same rounds as its kernels; each is divided by the lower of the first limit of
   * arithmetic and the first of memory that limit it.
   */
  ceilingsOf(target: OpenTarget): Promise<readonly Limit[]>;
  /** Seconds of measuring for all cases together. */
  budgetSeconds: number;
  /** Exactly this many samples of every contender instead of the stopping rule. */
  samples: number | null;
  /** Fresh processes that the rounds of a case are spread over; null or absent: as the budget allows. */
  processes?: number | null | undefined;
  full: boolean;
  seed: number;
  /** Kernel that the others are divided by, or null. */
  baseline: string | null;
  /** Seconds that each kernel of a case then runs by itself without a pause, beside the budget; none where it is left out. */
  sustainSeconds?: number | undefined;
  /** Once it is aborted no further sample begins; what was measured is still verified and reported. */
  signal: StopSignal;
}

/** A kernel that is a limit of its device, of all kernels there or of those that it says. */
type Limit = Kernel & Partial<Pick<Probe, 'limits' | 'coreHertz' | 'flopsAlone' | 'roof' | 'operationsPerFlop'>>;

/** What is being done. */
export interface RunProgress {
  kind: 'progress';
  message: string;
  /** Share of the run that is over, by time, 0 to 1. */
  share: number;
  /** Seconds that the run will still take, as far as that is known. */
  secondsLeft: number;
}

/** What happens in a run, in order. */
export type RunEvent =
  | { kind: 'run-started'; devices: Device[]; kernels: number }
  | { kind: 'notice'; text: string }
  | { kind: 'case-started'; index: number; planned: Case }
  | RunProgress
  | Exclude<CaseEvent, { kind: 'progress' }>
  | { kind: 'run-ended'; interrupted: boolean; spentSeconds: number };

/** Measures the cases. The hosts that it opened are closed when it ends, however it ends. */
export async function* measureRun(request: RunRequest): AsyncGenerator<RunEvent, void, void> {
  const { cases, seed, full, samples, baseline, signal } = request;
  const open = request.targets.flatMap((target) =>
    target.state === 'open' ? [{ target, device: target.environment.device }] : [],
  );
  const devices = new Map(open.map(({ target }, index) => [target, index]));
  const kernels = cases[0] === undefined ? 0 : request.contendersOf(cases[0]).length;
  yield { kind: 'run-started', devices: open.map(({ device }) => device), kernels };

  const begin = performance.now();
  let share = 0;
  const progress = (message: string, secondsLeft: number): RunProgress => {
    const seconds = (performance.now() - begin) / 1000;
    // A share never falls, even where the run turns out longer than it seemed.
    share = Math.max(share, seconds / Math.max(1e-3, seconds + secondsLeft));
    return { kind: 'progress', message, share, secondsLeft };
  };
  const pool = createHostPool();
  let [spentSeconds, firstRound] = [0, 0];
  const measured: Measurement[] = [];
  try {
    const ceilings: TargetLimit[] = [];
    for (const { target, device } of open) {
      if (signal.aborted) break;
      yield progress(`looking for the limit of ${device.name}`, request.budgetSeconds);
      try {
        for (const kernel of await request.ceilingsOf(target)) ceilings.push({ kernel, target });
      } catch (error) {
        yield { kind: 'notice', text: noCeiling(device.name, messageOf(error)) };
      }
    }
    for (const [index, planned] of cases.entries()) {
      if (signal.aborted) break;
      yield { kind: 'case-started', index, planned };
      const left = Math.max(0, request.budgetSeconds - spentSeconds);
      const budgetSeconds = left * budgetShare(cases, index);
      const contenders = withCeilings(request.contendersOf(planned), ceilings, planned.workload);
      const events = measureCase(planned.workload, contenders, pool, {
        ...{ data: { kind: 'drawn', seed }, seed, full, samples, baseline, signal },
        ...{ budgetSeconds, devices, firstRound, sustainSeconds: request.sustainSeconds, processes: request.processes },
      });
      for await (const event of events) {
        if (event.kind === 'progress') {
          const later = laterSeconds(cases, index + 1, samples === null ? left - budgetSeconds : 0, event.cost);
          const lasting = (cases.length - index - 1) * kernels * (request.sustainSeconds ?? 0);
          yield progress(`${describeShort(planned.workload)}: ${event.message}`, event.secondsLeft + later + lasting);
          continue;
        }
        if (event.kind === 'case-ended') {
          measured.push(...event.measurements);
          spentSeconds += event.spentSeconds;
          firstRound += event.rounds;
        }
        yield event;
      }
    }
  } finally {
    await pool.close();
  }
  for (const text of shorterForMore(measured)) yield { kind: 'notice', text };
  yield { kind: 'run-ended', interrupted: signal.aborted, spentSeconds };
}

interface TargetLimit {
  kernel: Limit;
  target: OpenTarget;
}

/** Kernels, and then the limits of some of them. */
function withCeilings(contenders: readonly Contender[], limits: readonly TargetLimit[], w: Workload): Contender[] {
  const ceilings = limits.flatMap(({ kernel, target }): Contender[] => {
    const limited = contenders.filter(
      (other) => other.target === target && (kernel.limits?.(other.kernel, w, target.environment) ?? true),
    );
    return limited.length === 0
      ? []
      : [
          {
            ...{ kernel, target, ceiling: true, limited: new Set(limited), coreHertz: kernel.coreHertz },
            flopsAlone: kernel.flopsAlone,
            bytesPerFlop: kernel.roof === 'memory' ? kernel.operationsPerFlop?.(w) : undefined,
          },
        ];
  });
  return [...contenders, ...ceilings];
}
