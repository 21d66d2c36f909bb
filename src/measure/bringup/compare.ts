/** The steps that compare: configurations, lengths of submissions, robustness, and other people's attention. */

import type { Kernel } from '../../../kernels/kernel.ts';
import { ortWebgpu } from '../../../kernels/peers/ort-webgpu.ts';
import { formatDuration } from '../../format.ts';
import type { GpuSettings } from '../../host/role.ts';
import { bringupTexts as texts } from '../../messages.ts';
import { flops } from '../../problem/flops.ts';
import type { Workload } from '../../problem/workload.ts';
import { configured } from '../configured.ts';
import { caseSecondsFor, sampleSecondsFor } from '../sample-size.ts';
import { Interrupted } from '../stop.ts';
import type { StepEnd } from './outcome.ts';
import { checkWorkload, square } from './plan.ts';
import type { BringupEvent, Running, Step } from './running.ts';
import { measureSides, type Side } from './side-by-side.ts';
import { labelOf } from './variants.ts';
import { comparedWorkload, isBad, TUNED, untimedReason, variantsOf } from './verify-all.ts';

/** Share of what is left of a step that goes to samples; the rest is for compiling, filling and verifying. */
const SAMPLING = 0.7;

/** Seconds that a sample aims at where nothing wants longer ones: many submissions. */
const SAMPLE_SECONDS = 0.25;

const skipped = (reason: string): StepEnd => ({ state: 'skipped', reason });
const failedAt = (side: string, reason: string | null): StepEnd => ({ state: 'failed', reason: `${side}: ${reason}` });

/** A kernel that the user wants, by name; or why the step has nothing to do. */
function wanted(kernels: readonly Kernel[], name: string): Kernel | StepEnd {
  return kernels.find((kernel) => kernel.name === name) ?? skipped(texts.kernelNotAskedFor(name));
}

/** The kernel of comparisons that are not about a kernel: wgsl-flash, or the first of those that the user wants instead. */
function mainKernel({ kernels }: Running): Kernel {
  const kernel = kernels.find(({ name }) => name === TUNED.tiles) ?? kernels[0];
  if (kernel === undefined) throw new RangeError('no kernel is to be brought up');
  return kernel;
}

/** Times the sides, which have been checked, and adds the comparison to what was found. */
async function* compareSides(
  running: Running,
  workload: Workload,
  sides: readonly Side[],
  { sampleSeconds = SAMPLE_SECONDS, note = null }: { sampleSeconds?: number; note?: string | null } = {},
): AsyncGenerator<BringupEvent, StepEnd, void> {
  const { step, plan, found, pool, signal } = running;
  const [base] = sides;
  if (base === undefined || sides.length < 2) return skipped(texts.nothingToCompare);
  if (base.untimed !== null) return skipped(base.untimed);
  const wrong = sides.find(({ wrongHere }) => wrongHere);
  const [, first] = sides;
  if (first !== undefined && sides.slice(1).every(({ untimed }) => untimed !== null)) {
    return wrong === undefined ? skipped(`${first.label}: ${first.untimed}`) : failedAt(wrong.label, wrong.untimed);
  }
  const events = measureSides(workload, sides, pool, {
    budgetSeconds: Math.min(running.secondsLeft() * SAMPLING, caseSecondsFor(sampleSeconds, sides.length)),
    rounds: plan.rounds,
    signal,
  });
  for (;;) {
    const { value, done } = await events.next();
    if (!done) {
      if (value.kind === 'progress') yield running.progress(value.message);
      if (value.kind === 'notice') yield value;
      continue;
    }
    found.comparisons.push({ step, workload, sides: value });
    yield { kind: 'kept', found };
    if (signal.aborted) throw new Interrupted();
    if (wrong !== undefined) return failedAt(wrong.label, wrong.untimed);
    const failed = value.find(({ measurement }) => measurement?.state === 'failed');
    return failed === undefined ? { state: 'done', note } : failedAt(failed.label, failed.reason);
  }
}

/** The shipped configuration of a kernel on a workload, checked before. */
function shippedSide(kernel: Kernel, workload: Workload, { target, found }: Running, label?: string): Side {
  const configuration = kernel.tunable?.shipped(workload, target.environment) ?? null;
  const tile = configuration === null ? '' : labelOf(configuration, configuration);
  return {
    ...{ label: label ?? [`${kernel.name} as shipped`, tile].filter((text) => text !== '').join(': '), settings: null },
    ...{ contender: { kernel, target }, configuration },
    untimed: untimedReason(found.checks, kernel.name, null, workload),
  };
}

/** The configurations of a kernel beside its shipped one. */
function configurationSides(kernel: Kernel, workload: Workload, running: Running): Side[] {
  const { target, found } = running;
  return variantsOf(kernel, workload, running).map(({ label, configuration }) => ({
    ...{ label, configuration, settings: null },
    contender: { kernel: configured(kernel, () => configuration), target },
    untimed: untimedReason(found.checks, kernel.name, configuration, workload),
  }));
}

/** The same kernel on a device that is opened with other settings, checked there. */
async function settingsSide(
  running: Running,
  kernel: Kernel,
  workload: Workload,
  label: string,
  settings: GpuSettings,
) {
  const { plan, checker } = running;
  const target = await running.open(kernel, settings);
  const contender = { kernel, target };
  const check = await checker.check(contender, checkWorkload(plan, workload.headDim, workload.dtype, workload.mask));
  const side: Side = {
    ...{ label, contender, settings },
    configuration: target.state === 'open' ? (kernel.tunable?.shipped(workload, target.environment) ?? null) : null,
    untimed: check.state === 'right' ? null : texts.notTimed(check.reason ?? texts.notChecked),
    wrongHere: isBad(check),
  };
  return side;
}

/** Configurations of wgsl-flash: numbers of threads, and small tiles. */
export const tilesStep: Step = async function* (running) {
  const kernel = wanted(running.kernels, TUNED.tiles);
  if ('state' in kernel) return kernel;
  const { compared } = running.plan;
  const sides = [shippedSide(kernel, compared, running), ...configurationSides(kernel, compared, running)];
  return yield* compareSides(running, compared, sides);
};

/** Shares of a sample that a submission may be, so that a sample holds whole ones. */
const WHOLE_SUBMISSIONS = 0.8;

/** The main kernel at the longest length, in submissions of several lengths. */
export const submissionsStep: Step = async function* (running) {
  const kernel = mainKernel(running);
  const { submissions } = running.plan;
  const sample = Math.min(
    Math.max(...submissions) / WHOLE_SUBMISSIONS,
    sampleSecondsFor(running.secondsLeft() * SAMPLING, submissions.length),
  );
  // Two at least, or there is nothing to compare.
  const fitting = submissions.filter((seconds, index) => index < 2 || seconds <= WHOLE_SUBMISSIONS * sample);
  const left = submissions.slice(fitting.length);
  const workload = longEnough(running, Math.max(...submissions));
  const { untimed } = shippedSide(kernel, workload, running);
  if (untimed !== null) return skipped(untimed);
  // Each is asked for, since which length is the usual one differs from platform to platform.
  const sides: Side[] = [];
  for (const submissionSeconds of fitting) {
    const label = formatDuration(submissionSeconds);
    yield running.progress(`opening the device for submissions of ${label}`);
    sides.push(await settingsSide(running, kernel, workload, label, { submissionSeconds }));
  }
  const note =
    left.length === 0 ? null : texts.submissionsLeftOut(left.map(formatDuration).join(', '), formatDuration(sample));
  return yield* compareSides(running, workload, sides, { sampleSeconds: sample, note });
};

/** The longest workload; with twice its length, and half its heads for the memory, where a pass would end within a submission. */
function longEnough({ plan: { longest }, found }: Running, seconds: number): Workload {
  const measured = found.comparisons.find(({ step }) => step === 'tiles')?.sides[0]?.measurement;
  const rate = measured?.state === 'measured' ? measured.tflops.median * 1e12 : 0;
  const { seqQuery, queryHeads, headDim } = longest;
  return flops(longest) < rate * seconds ? square(2 * seqQuery, Math.ceil(queryHeads / 2), headDim) : longest;
}

/** The main kernel on a device that leaves accesses out of bounds unguarded. */
export const robustnessStep: Step = async function* (running) {
  const kernel = mainKernel(running);
  const { compared } = running.plan;
  const base = shippedSide(kernel, compared, running, 'guarded');
  if (base.untimed !== null) return skipped(base.untimed);
  yield running.progress('opening the device unguarded');
  const other = await settingsSide(running, kernel, compared, 'unguarded', { robustness: false });
  return yield* compareSides(running, compared, [base, other]);
};

/** Configurations of wgsl-matrix, one field at a time, and wgsl-flash on the same workload. */
export const matrixStep: Step = async function* (running) {
  const kernel = wanted(running.kernels, TUNED.matrix);
  if ('state' in kernel) return kernel;
  const workload = comparedWorkload(kernel, running);
  if (workload === undefined) {
    return skipped(kernel.unsupported(running.plan.compared, running.target.environment) ?? texts.nothingToCompare);
  }
  const flash = running.kernels.filter(({ name }) => name === TUNED.tiles);
  return yield* compareSides(running, workload, [
    shippedSide(kernel, workload, running),
    ...flash.map((other) => shippedSide(other, workload, running, other.name)),
    ...configurationSides(kernel, workload, running),
  ]);
};

/** ONNX Runtime's attention beside the main kernel. */
export const peersStep: Step = async function* (running) {
  const kernel = mainKernel(running);
  const { plan, checker } = running;
  const { compared } = plan;
  const base = shippedSide(kernel, compared, running, kernel.name);
  if (base.untimed !== null) return skipped(base.untimed);
  yield running.progress(`opening ${ortWebgpu.name}`);
  const contender = { kernel: ortWebgpu, target: await running.open(ortWebgpu) };
  if (contender.target.state === 'unavailable') return skipped(contender.target.reason);
  const check = await checker.check(contender, checkWorkload(plan, compared.headDim, compared.dtype, compared.mask));
  if (check.state === 'skipped') return skipped(check.reason ?? texts.notChecked);
  if (check.state !== 'right') return failedAt(ortWebgpu.name, check.reason);
  const other: Side = { label: ortWebgpu.name, contender, configuration: null, settings: null, untimed: null };
  return yield* compareSides(running, compared, [base, other]);
};
