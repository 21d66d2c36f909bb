/** One workload, all its contenders, in rounds that alternate their order (ABBA), until all have settled or time is up. */

import type { Contender, HostPool } from '../host/pool.ts';
import type { Target } from '../host/target.ts';
import { unverified } from '../messages.ts';
import type { DrawnData } from '../problem/data.ts';
import { describe, type Workload } from '../problem/workload.ts';
import type { Measurement, Ratio } from '../record/measurement.ts';
import { withCeiling } from './binding-ceiling.ts';
import { aheadOf, costOf, MATTERS_SHARE, tooLong } from './case-time.ts';
import { beginProcess, lapses } from './further-process.ts';
import { isLook, LEAST_ROUNDS, type ProcessPlan, planProcesses, processEnd } from './processes.ts';
import { ratiosOf } from './ratios.ts';
import { createRunner, type RoundSample, type Runner } from './runner.ts';
import { groupsFor, onSoftware, sampleSecondsFor } from './sample-size.ts';
import { type StopSignal, type StopWatch, watchStop } from './stop.ts';
import { sustainEach } from './sustain-each.ts';
import { type CaseCost, caseSecondsLeft } from './time-left.ts';

/** How a case is measured. */
export interface CaseOptions {
  data: DrawnData;
  seed: number;
  full: boolean;
  /** Seconds for the whole case. */
  budgetSeconds: number;
  /** Exactly this many samples instead of the stopping rule. */
  samples: number | null;
  /** Fresh processes that the rounds are spread over; null or absent: as the budget allows. */
  processes?: number | null | undefined;
  /** It is worth little without an interval; absent: where it holds ratios. */
  needsInterval?: boolean;
  /** Kernel that the others are divided by, or null. */
  baseline: string | null;
  signal: StopSignal;
  /** Seconds that each kernel then runs by itself without a pause, beside the budget; none where it is left out. */
  sustainSeconds?: number | undefined;
  /** Index of each target's device in the record. */
  devices: ReadonlyMap<Target, number>;
  /** Number of the first round: rounds of a run are numbered through, so that no two cases share one. */
  firstRound: number;
}

/** What one contender did in a case. */
export interface ContenderOutcome {
  contender: Contender;
  samples: readonly RoundSample[];
  /** Null for a ceiling, and where an interrupt came before the first sample. */
  measurement: Measurement | null;
}

/** What happens while a case is measured, in order; 'case-ended' is the last. */
export type CaseEvent =
  | {
      kind: 'progress';
      message: string;
      /** Seconds that the case still takes. */
      secondsLeft: number;
      /** What is known of the case for those after it. */
      cost: CaseCost;
    }
  | { kind: 'notice'; text: string }
  | { kind: 'sample'; contender: Contender; sample: RoundSample }
  | { kind: 'measured'; measurement: Measurement }
  | CaseEnded;

/** A case as a whole. */
export interface CaseEnded {
  kind: 'case-ended';
  workload: Workload;
  /** In the order of the contenders, ceilings included. */
  outcomes: readonly ContenderOutcome[];
  measurements: readonly Measurement[];
  ratios: readonly Ratio[];
  /** Rounds that were begun. */
  rounds: number;
  /** Seconds of warming, sampling and verifying, which count against the budget. */
  spentSeconds: number;
}

/** Rounds of a case, whatever its samples are. */
const MOST_SAMPLES = 100;

/** Measures one workload on every contender. A contender that fails loses none of the others. */
export async function* measureCase(
  w: Workload,
  contenders: readonly Contender[],
  pool: HostPool,
  options: CaseOptions,
): AsyncGenerator<CaseEvent, void, void> {
  const watch = watchStop(options.signal);
  try {
    yield* measureWatched(w, contenders, pool, { ...options, watch });
  } finally {
    watch.dispose();
  }
}

async function* measureWatched(
  w: Workload,
  contenders: readonly Contender[],
  pool: HostPool,
  options: CaseOptions & { watch: StopWatch },
): AsyncGenerator<CaseEvent, void, void> {
  const { budgetSeconds, samples: wanted, signal, firstRound } = options;
  const begin = performance.now();
  const runners = runnersOf(w, contenders, pool, options);
  let sustaining = 0;
  /** Seconds of running without a pause that are over; all of them once the kernels are through. */
  let sustained = 0;
  const sustainLeft = () => {
    const kernels = runners.filter(({ ended, contender }) => ended === null && contender.ceiling !== true);
    return Math.max(0, (options.sustainSeconds ?? 0) * kernels.length - sustained);
  };
  const preparing = () => runners.reduce((sum, { preparingSeconds }) => sum + preparingSeconds, 0);
  /** Seconds of preparing in further processes: unlike the first time, part of the measuring. */
  let preparedAgain = 0;
  const elapsed = () => (performance.now() - begin) / 1000 - sustaining - preparing() + preparedAgain;
  const [ready, verified] = [new Set<Runner>(), new Set<Runner>()];
  const progress = (message: string): CaseEvent => {
    const ahead = runners.map((runner) => aheadOf(runner, wanted, ready.has(runner), verified.has(runner)));
    const sampling = verified.size === 0 && wanted === null ? budgetSeconds - elapsed() : 0;
    const secondsLeft = caseSecondsLeft(ahead, sampling) + sustainLeft();
    return { kind: 'progress', message, secondsLeft, cost: costOf(w, runners, wanted) };
  };

  for (const runner of runners) {
    if (signal.aborted) break;
    yield progress(`trying ${runner.contender.kernel.name}`);
    await runner.look();
  }
  const long = tooLong(w, runners, budgetSeconds);
  if (long !== null && !signal.aborted) yield { kind: 'notice', text: long };
  for (const runner of runners) {
    if (signal.aborted) break;
    yield progress(`preparing ${runner.contender.kernel.name}`);
    await runner.start();
    ready.add(runner);
  }

  const since = elapsed();
  const secondsLeft = budgetSeconds - since;
  const needsInterval = options.needsInterval ?? runners.some(isRatio(options.baseline));
  const asked = options.processes ?? null;
  const plan = planProcesses(runners, { secondsLeft, samples: wanted, asked, needsInterval });
  // A little more than the budget is spent on the rounds that an interval needs.
  const mostSeconds = budgetSeconds * (needsInterval ? MATTERS_SHARE : FEW_ROUNDS_SHARE);
  let [rounds, process, begunAt] = [0, 0, 0];
  let { beginSeconds } = plan;
  const allLapsed = () => runners.every(({ ended, lapsed }) => ended !== null || lapsed !== null);
  const mayBegin = () => {
    if (process + 1 >= plan.processes) return false;
    const round = runners.reduce((sum, { ended, expectedSeconds }) => sum + (ended === null ? expectedSeconds : 0), 0);
    return wanted !== null || asked !== null || elapsed() + beginSeconds + round <= budgetSeconds * MATTERS_SHARE;
  };
  for (; !isOver(runners, rounds, options, plan); rounds += 1) {
    let ran = 0;
    const late = wanted === null && rounds > begunAt && elapsed() - since > processEnd(plan, secondsLeft, process);
    const full =
      wanted === null
        ? plan.roundsEach !== null && rounds - begunAt >= plan.roundsEach
        : rounds >= Math.floor(((process + 1) * wanted) / plan.processes);
    if ((full || late || allLapsed()) && mayBegin()) {
      const beginsAt = elapsed();
      process += 1;
      begunAt = rounds;
      const before = preparing();
      yield progress(`process ${process + 1} of ${plan.processes}`);
      await beginProcess(runners, pool);
      preparedAgain += preparing() - before;
      beginSeconds = elapsed() - beginsAt;
      for (const text of lapses(runners, process)) yield { kind: 'notice', text };
    } else if (full && wanted === null) break;
    // A run that an interrupt may have to end takes its host with it, and what others have there.
    const fragile = runners.some(({ ended, expectedSeconds }) => ended === null && expectedSeconds > FRAGILE_SECONDS);
    for (const runner of inTurn(runners, rounds)) {
      const ends = elapsed() + runner.expectedSeconds;
      const least = plan.processes > 1 && rounds - begunAt < LEAST_ROUNDS && ends <= mostSeconds;
      // Whatever the budget, every case gets one sample and so does a process that was begun; a number asked for is kept to.
      const needed = runner.samples.length === 0 || wanted !== null || least || (rounds === begunAt && process > 0);
      if (signal.aborted || !(ends <= budgetSeconds || needed)) continue;
      yield progress(`${runner.contender.kernel.name}, sample ${runner.samples.length + 1}`);
      const sample = await runner.sample(firstRound + rounds, plan.processes === 1 ? undefined : process);
      ran += 1;
      if (sample === null) {
        for (const text of lapses([runner], process)) yield { kind: 'notice', text };
        continue;
      }
      if (fragile && runner.contender.ceiling !== true) await runner.keepRows();
      yield { kind: 'sample', contender: runner.contender, sample };
    }
    if (ran === 0 && !(allLapsed() && mayBegin())) break;
  }

  if (options.sustainSeconds !== undefined) {
    const from = performance.now();
    for await (const event of sustainEach(runners, pool, options.sustainSeconds, signal)) {
      if (event.kind === 'progress') sustained = event.seconds;
      yield event.kind === 'progress' ? progress(event.text) : event;
    }
    sustained = Number.POSITIVE_INFINITY;
    sustaining = (performance.now() - from) / 1000;
  }

  const outcomes: ContenderOutcome[] = [];
  for (const runner of runners) {
    const { contender, samples } = runner;
    const interrupted =
      signal.aborted && samples.length === 0 && (runner.ended === null || runner.ended.state === 'interrupted');
    if (contender.ceiling === true) await runner.release();
    if (contender.ceiling === true || interrupted) {
      outcomes.push({ contender, samples, measurement: null });
      continue;
    }
    yield progress(`verifying ${contender.kernel.name}`);
    const finished = await runner.finish();
    verified.add(runner);
    const measurement = finished === null ? null : withCeiling(finished, runner, runners);
    outcomes.push({ contender, samples, measurement });
    yield measurement === null
      ? { kind: 'notice', text: unverified(contender.kernel.name, describe(w)) }
      : { kind: 'measured', measurement };
  }
  const measurements = outcomes.flatMap(({ measurement }) => (measurement === null ? [] : [measurement]));
  const ratios = ratiosOf(measurements, options.baseline);
  yield { kind: 'case-ended', workload: w, outcomes, measurements, ratios, rounds, spentSeconds: elapsed() };
}

/** Share of the budget that the first rounds of a process may take it to. */
const FEW_ROUNDS_SHARE = 1.1;

/** Whether a contender is there for its ratio to another, which tells little without an interval. */
const isRatio =
  (baseline: string | null) =>
  ({ contender: { kernel } }: Runner) =>
    baseline !== null || kernel.ablation !== undefined || kernel.library !== undefined;

/** Seconds of a run after which an interrupt does not wait for its end. */
const FRAGILE_SECONDS = 0.8;

/** Runs a case to its end. */
export async function caseEnd(events: AsyncIterable<CaseEvent>): Promise<CaseEnded> {
  for await (const event of events) if (event.kind === 'case-ended') return event;
  throw new Error('the case had no end');
}

/** A runner for each contender, all with the same seconds a sample. */
function runnersOf(
  w: Workload,
  contenders: readonly Contender[],
  pool: HostPool,
  options: CaseOptions & { watch: StopWatch },
): Runner[] {
  const open = contenders.filter(({ target }) => target.state === 'open');
  const shareSeconds = options.budgetSeconds / Math.max(1, open.length);
  const sampleSeconds = sampleSecondsFor(options.budgetSeconds, open.length);
  const { data, seed, full, devices, watch } = options;
  // Beside a peer, which runs whole heads only, everyone runs the same ones.
  const peers = contenders.filter(({ kernel }) => kernel.library !== undefined);
  const wholeGroups = peers.length > 0 ? groupsFor(w, sampleSeconds, peers.some(onSoftware)) : null;
  return contenders.map((contender) =>
    createRunner(contender, w, pool, {
      ...{ data, seed, full, wholeGroups, sampleSeconds, shareSeconds, watch },
      device: devices.get(contender.target) ?? null,
      wallClock: peers.length > 0,
    }),
  );
}

/**
 * True where no further round is wanted: an interrupt, as many samples as were asked for, or all kernels settled or ended. Several
 * processes run to their end, whatever their samples are.
 */
function isOver(
  runners: readonly Runner[],
  rounds: number,
  { signal, samples }: CaseOptions,
  { processes }: ProcessPlan,
): boolean {
  const kernels = runners.filter(({ contender, ended }) => ended === null && contender.ceiling !== true);
  if (signal.aborted || kernels.length === 0) return true;
  if (samples !== null) return rounds >= samples;
  return rounds >= MOST_SAMPLES || (processes === 1 && isLook(rounds) && kernels.every((runner) => runner.settled()));
}

/** The contenders that still run, in the order of an even round or of an odd one. */
function inTurn(runners: readonly Runner[], round: number): Runner[] {
  const running = runners.filter(({ ended, lapsed }) => ended === null && lapsed === null);
  return round % 2 === 0 ? running : running.reverse();
}
