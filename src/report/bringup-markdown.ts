/** What bench bringup found as Markdown, short enough to paste into an issue. */

import { counted, formatDuration, formatRate } from '../format.ts';
import type { Bringup, Check, ComparedSide, SideBySide, StepOutcome } from '../measure/bringup/outcome.ts';
import { STEPS } from '../measure/bringup/plan.ts';
import { isBad } from '../measure/bringup/verify-all.ts';
import { describe } from '../problem/workload.ts';
import { bringupFindingsOf } from './bringup-findings.ts';
import { CEILING_NAMES, formatCeiling } from './ceilings-text.ts';
import { formatLimits } from './limits-text.ts';
import { escapeMarkdown, markdownList, markdownTable } from './markdown-table.ts';

/** The document: adapter, what to look at first, verification, limits, comparisons, steps. */
export function bringupMarkdown(found: Bringup): string {
  const { environment } = found;
  const parts = [
    `## attnbench bring-up: ${escapeMarkdown(environment?.device.name ?? 'no device')}`,
    deviceTable(found),
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

function deviceTable({ environment, versions, startedAt, plan, argv }: Bringup): string {
  const stack = [
    `attnbench ${versions['attnbench']}, Node ${versions['node']}, Dawn of webgpu ${versions['webgpu'] ?? 'unknown'}`,
    `${versions['platform']}, ${startedAt.slice(0, 10)}`,
  ].join(', ');
  const rows = [['software', stack]];
  if (environment !== null) {
    const { device, adapter, deviceLimits, listedMatrices, features } = environment;
    const { clock } = device;
    const said =
      adapter === undefined ? [] : [adapter.vendor, adapter.architecture, adapter.device, adapter.description];
    const sizes =
      adapter === undefined || adapter.subgroupMaxSize === 0
        ? ''
        : ` (${range(adapter.subgroupMinSize, adapter.subgroupMaxSize)})`;
    const selfTest =
      clock.selfTest === undefined
        ? ''
        : `; self-test ${formatDuration(clock.selfTest.gpuSeconds)} by the GPU, ${formatDuration(clock.selfTest.wallSeconds)} by the wall`;
    rows.unshift([
      'adapter',
      `${said.filter((text) => text !== '').join(', ') || device.name}${device.software ? ' (software)' : ''}`,
    ]);
    rows.push(
      [
        'features',
        `f16 ${features.f16 ? 'yes' : 'no'}, subgroups ${features.subgroups === true ? `yes${sizes}` : 'no'}, ${device.features.join(', ')}`,
      ],
      ['matrices', matricesText(listedMatrices)],
      ['limits', formatLimits(deviceLimits)],
      [
        'clock',
        `${clock.clock}, steps of ${formatDuration(clock.quantumSeconds)}, empty submission ${formatDuration(clock.emptySeconds)}${selfTest}`,
      ],
    );
  }
  rows.push([
    'run',
    `\`${['bench', ...argv].join(' ')}\`${plan === null ? '' : `, ${plan.quick ? 'quick plan' : 'whole plan'}, ${plan.budgetSeconds} s`}`,
  ]);
  return markdownTable(['', ''], rows);
}

const range = (low: number, high: number) => (low === high ? String(low) : `${low} to ${high}`);

/** Each configuration of subgroup matrices that is listed; those that a kernel uses are marked. */
function matricesText(listed: NonNullable<Bringup['environment']>['listedMatrices']): string {
  if (listed === undefined) return 'no subgroup matrices';
  if (listed.length === 0) return 'none listed';
  return listed
    .map(({ m, n, k, component, result, used }) => `${m}x${n}x${k} ${component} to ${result}${used ? ' (used)' : ''}`)
    .join(', ');
}

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
  const lines = [
    ...reasons.map((reason, index) => `(${index + 1}) ${oneLine(reason)}`),
    ...unique(others.map(({ kernel }) => kernel)).map((kernel) =>
      configurationsText(
        kernel,
        others.filter((check) => check.kernel === kernel),
      ),
    ),
  ];
  return [
    `**Verification: largest error of both masks as a share of what is allowed**\n\n${table}`,
    ...(lines.length === 0 ? [] : [markdownList(lines)]),
  ];
}

/** Both masks of a program: its largest error as a share of what is allowed, or what is the matter. */
function cellOf(checks: readonly Check[], noteOf: (reason: string) => string): string {
  const bad = checks.find(isBad);
  if (bad !== undefined) return `**${bad.state.toUpperCase()}** ${bad.mask} ${noteOf(bad.reason ?? '')}`;
  const skipped = checks.find(({ state }) => state === 'skipped');
  if (skipped !== undefined) return `– ${noteOf(skipped.reason ?? '')}`;
  if (checks.length === 0) return '';
  const shares = checks.map(({ maxRelativeError, tolerance }) => (maxRelativeError ?? 0) / (tolerance ?? 1));
  return `right, ${Math.ceil(100 * Math.max(...shares))} %`;
}

/** "5 other configurations of wgsl-flash, d 128 f32: right". */
function configurationsText(kernel: string, checks: readonly Check[]): string {
  const count = unique(checks.map(({ configuration }) => JSON.stringify(configuration))).length;
  const states = unique(checks.map(({ state }) => state));
  const each = states.map((state) => {
    const number = unique(
      checks.filter((check) => check.state === state).map(({ configuration }) => JSON.stringify(configuration)),
    ).length;
    return states.length === 1 ? state : `${number} ${state}`;
  });
  const [first] = checks;
  return `${counted(count, 'other configuration')} of ${kernel} (d ${first?.headDim} ${first?.dtype}): ${each.join(', ')}`;
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
  const lines = [
    ...steps.flatMap((step) => (remarkOf(step) === null ? [] : [`${step.step}: ${oneLine(remarkOf(step) ?? '')}`])),
    ...(missing.length === 0 ? [] : [`still to do: ${missing.join(', ')}`]),
  ];
  return lines.length === 0 ? line : `${line}\n\n${markdownList(lines)}`;
}

/** What a step says beside that it is done; null for nothing. */
export function remarkOf(step: StepOutcome): string | null {
  return step.state === 'done' ? step.note : `${step.state}, ${step.reason}`;
}

const unique = <T>(items: readonly T[]): T[] => [...new Set(items)];
