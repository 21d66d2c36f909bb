/** What a step of bench bringup is given, and what it tells while it runs. */

import type { Engine, Kernel } from '../../../kernels/kernel.ts';
import type { HostPool } from '../../host/pool.ts';
import type { GpuSettings } from '../../host/role.ts';
import type { OpenTarget, Target } from '../../host/target.ts';
import type { StopSignal } from '../stop.ts';
import type { Checker } from './check.ts';
import type { Bringup, StepEnd, StepOutcome } from './outcome.ts';
import type { Plan, StepName } from './plan.ts';

/** What happens, in order. */
export type BringupEvent =
  | { kind: 'progress'; message: string; share: number }
  | { kind: 'notice'; text: string }
  /** The document has gained something. */
  | { kind: 'kept'; found: Bringup }
  | { kind: 'step-ended'; outcome: StepOutcome };

/** A step at work: its events, then how it ended. It throws Interrupted where an interrupt ended it. */
export type Step = (running: Running) => AsyncGenerator<BringupEvent, StepEnd, void>;

/** All that a step needs. It adds to `found` what it finds. */
export interface Running {
  step: StepName;
  plan: Plan;
  found: Bringup;
  /** The device, opened in the usual way. */
  target: OpenTarget;
  /** The kernels that the user wants. */
  kernels: readonly Kernel[];
  pool: HostPool;
  checker: Checker;
  signal: StopSignal;
  /** Opens the device once more; it is closed at the end. */
  open(engine: Engine, settings?: GpuSettings): Promise<Target>;
  /** What is left of the step's share of the budget. */
  secondsLeft(): number;
  progress(message: string): BringupEvent;
}
