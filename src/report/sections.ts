/** What a report says about a run apart from its charts: titled lists and tables, for HTML and Markdown alike. */

import { CLAIMS } from '../compare/claims.ts';
import { layerSums } from '../compare/layer-sums.ts';
import type { RunDocument } from '../record/measurement.ts';
import { ablationCells } from './ablation-text.ts';
import { citedText } from './cited-figures.ts';
import { ABOUT_HEADLINE, ABOUT_SUMS, layerSumCells } from './layer-sums-text.ts';
import { toCells } from './result-columns.ts';
import { toRows } from './result-rows.ts';
import { ABOUT_SUSTAINED, sustainedLines } from './sustained-text.ts';

/** A titled part of a report: a table, lines, or both. */
export interface Section {
  title: string;
  /** Rows of cells, header first. */
  table?: string[][];
  lines?: string[];
}

/** The sections of a report on one run, in the order in which it shows them. */
export function sections(run: RunDocument): Section[] {
  const rows = toRows(run);
  const { header, body } = toCells(rows);
  const techniques = ablationCells(run);
  const list: Section[] = [];
  const caveats = rows.notes.map(([key, text]) => `${key}: ${text}`);
  if (body.length > 0) list.push({ title: 'Results', table: [header, ...body], lines: [rows.title, ...caveats] });
  const lasting = sustainedLines(run);
  if (lasting.length > 0) list.push({ title: 'Burst and sustained', lines: [...lasting, ABOUT_SUSTAINED] });
  if (techniques !== null)
    list.push({ title: 'The techniques of the AVO paper here', table: techniques.cells, lines: techniques.reasons });
  const sums = layerSums(run);
  if (sums.length > 0) {
    list.push({
      title: 'The attention of whole models here',
      table: layerSumCells(sums),
      lines: [ABOUT_SUMS, ABOUT_HEADLINE],
    });
  }
  if (rows.ratios.length > 0) list.push({ title: 'Paired ratios', lines: rows.ratios });
  if (rows.without.length > 0) list.push({ title: 'Cases without a number', lines: rows.without });
  list.push({ title: 'Environment', table: environment(run) });
  list.push({ title: 'How it was measured', lines: METHOD });
  const cited = citedText(run);
  list.push({
    title: 'Sources',
    lines: [
      cited === '' ? 'No published figure is set beside this run.' : `${cited}.`,
      'Limits and figures of other devices: results/published/ of the project, each row with its source.',
      'The securities weekly that restates the AVO paper: China Fortune Securities, computer industry weekly, 8 April 2026, section 1.3.',
    ],
  });
  return list;
}

const METHOD = [
  'Every result is verified against a float64 oracle on the output that was timed; a wrong one gets no throughput.',
  'Kernels take turns in rounds of alternating order, so that drift hits all of them; ratios are taken round by round.',
  'Intervals are 95 %, over the medians of 3 fresh processes or more; of fewer, as in a browser, the spread is shown.',
  'Of long workloads parts are timed, with all their keys; times marked ~ are extrapolated to a whole pass.',
  'Where no published figure is of a workload, the nearest is shown, as such: by kind of heads, mask, head dimension, length.',
  'FLOPs are 4 x batch x query heads x head dimension x query-key pairs kept; ratios use the rule of the figure.',
  'It demonstrates the comparison: it does not reproduce Blackwell results, and it is not the AVO agent.',
];

function environment({ context }: RunDocument): string[][] {
  const devices = context.devices.map((device) => {
    const parts = [
      device.browser ?? '',
      device.software ? 'software adapter' : '',
      device.threads === null ? '' : `${device.threads} ${device.threads === 1 ? 'thread' : 'threads'}`,
      device.variant === null ? '' : `${device.variant}: ${device.variantReason ?? ''}`,
      `clock ${device.clock.clock}, quantum ${(device.clock.quantumSeconds * 1e9).toPrecision(3)} ns`,
      device.clock.note ?? '',
    ];
    return [device.backend, [device.name, ...parts].filter((part) => part !== '').join(', ')];
  });
  return [
    ['what', 'value'],
    ...devices,
    ...Object.entries(context.versions),
    ['started', context.startedAt],
    ['command', `bench ${context.argv.join(' ')}`],
    ...(context.label === null ? [] : [['label', context.label]]),
    ...(context.cancelled ? [['ended', 'interrupted; what was measured is here']] : []),
  ];
}

/** What the securities weekly claims, and what this tool can say of each claim. */
export function claimsSection(): Section {
  return {
    title: 'The claims that started this, and what can be said of each here',
    table: [
      ['claim', 'value', 'what can be said here'],
      ...CLAIMS.map(({ text, printed, state, here, command }) => [text, printed, `${state}: ${here} (${command})`]),
    ],
  };
}
