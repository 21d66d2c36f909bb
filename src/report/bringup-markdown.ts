/** What bench bringup found as Markdown, short enough to paste into an issue. */

import { counted, formatDuration, formatRate } from '../format.ts';
import type { Bringup, Check, ComparedSide, SideBySide, StepOutcome } from '../measure/bringup/outcome.ts';
import { STEPS } from '../measure/bringup/plan.ts';
import { isBad } from '../measure/bringup/verify-all.ts';
import { bringupTexts } from '../messages.ts';
import { describe } from '../problem/workload.ts';
import { bringupDeviceTable } from './bringup-device.ts';
import { bringupFindingsOf } from './bringup-findings.ts';
import { CEILING_NAMES, formatCeiling } from './ceilings-text.ts';
import { escapeMarkdown, markdownList, markdownTable } from './markdown-table.ts';

/** The document: adapter, what to look at first, verification, limits, comparisons, steps. */
export function bringupMarkdown(found: Bringup): string {
  const { environment } = found;
  const parts = [
    `## attnbench bring-up: ${escapeMarkdown(environment?.device.name ?? 'no device')}`,
    bringupDeviceTable(found),
    `**Look at first**\n\n${markdownList(bringupFindingsOf(found).map(oneLine))}`,
    ...verification(found),
    ...(found.ceilings.length === 0 ? [] : [`**Limits, by probes**\n\n${ceilingsTable(found)}`]),
    ...(found.comparisons.length === 0 ? [] : [`**Side by side, in the same rounds**\n\n${comparisonsTable(found)}`]),
    `**Steps:** ${stepsText(found)}`,
  ];
  return `${parts.join('\n\n')}\n`;
}

/** What a driver says may be pages: its first line, cut. */
function oneLine(text: string): string {
  const [line = ''] = text.split('\n');
  return line.length <= LONGEST ? line : `${line.slice(0, LONGEST - 1)}…`;
}
const LONGEST = 240;

/** The table of shipped kernels, the reasons under it, and a line about the configurations. */
function verification({ checks }: Bringup): string[] {
  if (checks.length === 0) return [];
  const shipped = checks.filter(({ configuration }) => configuration === null);
  const columns = unique(shipped.map(({ headDim, dtype }) => `d ${headDim} ${dtype}`));
  const reasons: string[] = [];
  const noteOf = (reason: string) => {
    if (!reasons.includes(reason)) reasons.push(reason);
    return `(${reasons.indexOf(reason) + 1})`;
  };
  const body = unique(shipped.map(({ kernel }) => kernel)).map((kernel) => [
    kernel,
    ...columns.map((column) =>
      cellOf(
        shipped.filter((check) => check.kernel === kernel && `d ${check.headDim} ${check.dtype}` === column),
        noteOf,
      ),
    ),
  ]);
  const table = markdownTable(['kernel', ...columns], body);
  const others = checks.filter(({ configuration }) => configuration !== null);
  const configurations = unique(others.map(({ kernel }) => kernel)).map((kernel) =>
    configurationsText(
      kernel,
      others.filter((check) => check.kernel === kernel),
      noteOf,
    ),
  );
  const lines = [...configurations, ...reasons.map((reason, index) => `(${index + 1}) ${oneLine(reason)}`)];
  return [
    `**Verification: largest error of both masks as a share of what is allowed**\n\n${table}`,
    ...(lines.length === 0 ? [] : [markdownList(lines)]),
  ];
}

/** Both masks of a program: its largest error as a share of what is allowed, or what is the matter. */
function cellOf(checks: readonly Check[], noteOf: (reason: string) => string): string {
  const bad = checks.find(isBad);
  if (bad !== undefined) return `**${bad.state.toUpperCase()}** ${bad.mask} ${noteOf(bad.reason ?? '')}`;
  if (checks.length === 0) return '';
  const skipped = checks.find(({ state }) => state === 'skipped');
  const ran = checks.filter(({ state }) => state !== 'skipped');
  const missing = skipped === undefined ? '' : `– ${noteOf(skipped.reason ?? '')}`;
  if (ran.length === 0) return missing;
  const shares = ran.map(({ maxRelativeError, tolerance }) => (maxRelativeError ?? 0) / (tolerance ?? 1));
  const right = `right, ${Math.ceil(100 * Math.max(...shares))} %`;
  return skipped === undefined ? right : `${right}; ${skipped.mask} ${missing}`;
}

/** "5 other configurations of wgsl-flash (d 128 f32): 4 right, 1 wrong (2)". */
function configurationsText(kernel: string, checks: readonly Check[], noteOf: (reason: string) => string): string {
  const worst = new Map<string, Check>();
  for (const check of checks) {
    const key = JSON.stringify(check.configuration);
    // Both masks of a configuration count as one: what is the matter with either.
    if (!worst.has(key) || check.state !== 'right') worst.set(key, check);
  }
  const all = [...worst.values()];
  const each = unique(all.map(({ state }) => state)).map((state) => {
    const own = all.filter((check) => check.state === state);
    const reason = own[0]?.reason ?? null;
    return `${own.length} ${state}${reason === null ? '' : ` ${noteOf(reason)}`}`;
  });
  const [first] = checks;
  const where = `d ${first?.headDim} ${first?.dtype}`;
  return `${counted(all.length, 'other configuration')} of ${kernel} (${where}): ${each.join(', ')}`;
}

function ceilingsTable({ ceilings }: Bringup): string {
  const body = ceilings.map(({ quantity, unit, rate, minimum, maximum, probe }) => [
    CEILING_NAMES[quantity],
    formatCeiling(unit, rate),
    `${formatCeiling(unit, minimum)} to ${formatCeiling(unit, maximum)}`,
    probe,
  ]);
  return markdownTable(['limit', 'median', 'range', 'probe'], body);
}

function comparisonsTable({ comparisons }: Bringup): string {
  const body = comparisons.flatMap((one) =>
    one.sides.map((side, index) => [index === 0 ? headOf(one) : '', side.label, ...resultCells(side, index === 0)]),
  );
  return markdownTable(['compared', 'side', 'rate', 'times the first [95 % interval]', 'rounds'], body);
}

/** "wgsl-flash, 4k full, 16 heads, d 128, f32". */
const headOf = ({ step, workload }: SideBySide) => `${step}: ${describe(workload)}, ${workload.dtype}`;

function resultCells({ measurement, ratio, reason }: ComparedSide, first: boolean): string[] {
  if (measurement?.state !== 'measured') return [oneLine(reason ?? ''), '', ''];
  const rate = formatRate(measurement.tflops.median);
  if (ratio === null) return [rate, first ? '1' : oneLine(reason ?? ''), String(measurement.samples.length)];
  const interval =
    ratio.low === null || ratio.high === null ? '' : ` [${ratio.low.toFixed(2)}, ${ratio.high.toFixed(2)}]`;
  return [rate, `${ratio.median.toFixed(2)}${interval}`, String(ratio.rounds)];
}

/** The steps that are done in a line; the others, and what those say, in one each. */
function stepsText({ steps }: Bringup): string {
  const done = steps.filter(({ state }) => state === 'done');
  const seconds = steps.reduce((sum, step) => sum + step.seconds, 0);
  const missing = STEPS.filter(({ name }) => !steps.some(({ step }) => step === name)).map(({ name }) => name);
  const line = `${done.map(({ step }) => step).join(', ') || 'none'} done; ${formatDuration(seconds)} in all.`;
  const notAsked = steps.filter(isNotAskedFor).map(({ step }) => step);
  const lines = [
    ...steps.flatMap((step) => {
      const remark = isNotAskedFor(step) ? null : remarkOf(step);
      return remark === null ? [] : [`${step.step}: ${oneLine(remark)}`];
    }),
    ...(notAsked.length === 0 ? [] : [`not asked for: ${notAsked.join(', ')}`]),
    ...(missing.length === 0 ? [] : [`still to do: ${missing.join(', ')}`]),
  ];
  return lines.length === 0 ? line : `${line}\n\n${markdownList(lines)}`;
}

const isNotAskedFor = (step: StepOutcome) => step.state === 'skipped' && step.reason === bringupTexts.notAskedFor;

/** What a step says beside that it is done; null for nothing. */
export function remarkOf(step: StepOutcome): string | null {
  return step.state === 'done' ? step.note : `${step.state}, ${step.reason}`;
}

const unique = <T>(items: readonly T[]): T[] => [...new Set(items)];
