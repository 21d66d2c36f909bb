/**
 * bench bringup: the steps of the first hour on a device, in order. A step that fails loses no other, and what was found is
 * handed out as soon as it is there. Readers of the events print it or keep it; this knows no printer and no file.
 */

import type { Engine, Kernel } from '../../../kernels/kernel.ts';
import { createHostPool } from '../../host/pool.ts';
import type { GpuSettings } from '../../host/role.ts';
import type { KillableHost, OpenTarget, Target } from '../../host/target.ts';
import { interruptedRun, messageOf, bringupTexts as texts } from '../../messages.ts';
import { measureGpu } from '../gpu-ceilings.ts';
import { Interrupted, type StopSignal, stoppable, watchStop } from '../stop.ts';
import { createChecker } from './check.ts';
import { matrixStep, peersStep, robustnessStep, submissionsStep, tilesStep } from './compare.ts';
import { type Bringup, nothingFound, type StepEnd, type StepOutcome } from './outcome.ts';
import { type PlanRequest, planFor, STEPS, type StepName, stepSeconds } from './plan.ts';
import type { BringupEvent, Running, Step } from './running.ts';
import { verifyStep } from './verify-all.ts';

/** What to do, and where. */
export interface BringupRequest {
  plan: PlanRequest;
  /** The kernels to check and to compare. */
  kernels: readonly Kernel[];
  /** Opens the device for an engine; with settings, otherwise than usual. One that cannot be opened says why. */
  open(engine: Engine, settings?: GpuSettings): Promise<Target>;
  /** What the document says of itself. */
  about: Pick<Bringup, 'startedAt' | 'argv' | 'versions'>;
  /** Once it is aborted, the step that runs ends with what it has, and the others are skipped. */
  signal: StopSignal;
}

/** The limits of the device. Those that were found are kept where another fails. */
const ceilingsStep: Step = async function* (running) {
  const { found, target, signal } = running;
  yield running.progress('looking for the limits of the device');
  let host: KillableHost | undefined;
  const failures: string[] = [];
  // An interrupt ends the host, and with it the probe that runs.
  const stopped = { ...target, open: async () => (host = await target.open()) };
  found.ceilings = await stoppable(
    signal,
    () => host?.kill(),
    () => measureGpu(stopped, (probe, error) => failures.push(`${probe}: ${messageOf(error)}`)),
  );
  yield { kind: 'kept', found };
  if (signal.aborted) throw new Interrupted();
  const [first] = failures;
  return first === undefined ? { state: 'done', note: null } : { state: 'failed', reason: first };
};

const RUN_STEP: Record<Exclude<StepName, 'devices'>, Step> = {
  verify: verifyStep,
  ceilings: ceilingsStep,
  tiles: tilesStep,
  submissions: submissionsStep,
  robustness: robustnessStep,
  matrix: matrixStep,
  peers: peersStep,
};

/** Does the steps; the last event holds everything. Hosts that it opened are closed when it ends, however it ends. */
export async function* bringUp(request: BringupRequest): AsyncGenerator<BringupEvent, void, void> {
  const { kernels, signal } = request;
  const found = nothingFound(request.about);
  const watch = watchStop(signal);
  const pool = createHostPool();
  const opened: OpenTarget[] = [];
  const open = async (engine: Engine, settings?: GpuSettings) => {
    const target = await request.open(engine, settings);
    if (target.state === 'open') opened.push(target);
    return target;
  };
  const begin = performance.now();
  const elapsed = () => (performance.now() - begin) / 1000;
  const shared = { found, kernels, pool, open, signal, checker: createChecker(pool, watch) };

  let device: OpenTarget | undefined;
  let missing = '';
  /** Opens the device, and with it chooses the plan. */
  const devicesStep = async (): Promise<StepEnd> => {
    const target = await open({ backend: 'webgpu' });
    if (target.state === 'unavailable') {
      missing = target.reason;
      return { state: 'failed', reason: missing };
    }
    device = target;
    found.environment = target.environment;
    found.plan = planFor(request.plan, target.environment.device.software);
    return { state: 'done', note: null };
  };
  async function* doStep(step: StepName): AsyncGenerator<BringupEvent, StepEnd, void> {
    if (signal.aborted) throw new Interrupted();
    if (step === 'devices') return await devicesStep();
    const { plan } = found;
    if (device === undefined || plan === null) return { state: 'skipped', reason: texts.noDevice(missing) };
    if (!plan.steps.includes(step)) return { state: 'skipped', reason: texts.notAskedFor };
    const [started, seconds] = [elapsed(), stepSeconds(plan, step, plan.budgetSeconds - elapsed())];
    if (seconds <= 0) return { state: 'skipped', reason: texts.budgetSpent(plan.budgetSeconds) };
    const running: Running = {
      ...shared,
      ...{ step, plan, target: device },
      secondsLeft: () => Math.max(0, started + seconds - elapsed()),
      progress: (message) => ({
        kind: 'progress',
        message: `${step}: ${message}`,
        share: Math.min(1, elapsed() / plan.budgetSeconds),
      }),
    };
    return yield* RUN_STEP[step](running);
  }

  try {
    for (const { name: step } of STEPS) {
      const from = elapsed();
      let end: StepEnd;
      try {
        end = yield* doStep(step);
      } catch (error) {
        const interrupted = error instanceof Interrupted || signal.aborted;
        found.cancelled ||= interrupted;
        end = interrupted
          ? { state: 'skipped', reason: interruptedRun }
          : { state: 'failed', reason: messageOf(error) };
      }
      const outcome: StepOutcome = { step, seconds: elapsed() - from, ...end };
      found.steps.push(outcome);
      yield { kind: 'kept', found };
      yield { kind: 'step-ended', outcome };
    }
  } finally {
    watch.dispose();
    await pool.close();
    await Promise.all(opened.map((target) => target.close()));
  }
}
