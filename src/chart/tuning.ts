/** The search for a kernel configuration, drawn as the evolution of AVO's kernel is: the best so far over the trials, and the default as a rule. */

import type { TopLevelSpec } from 'vega-lite';
import { counted } from '../format.ts';
import {
  candidateOf,
  candidatesOf,
  finalist,
  isComplete,
  isShipped,
  kernelsOf,
  LAST_RUNG,
  type Search,
  winner,
} from '../measure/search-record.ts';
import { MIN_PROCESSES } from '../measure/statistics.ts';
import { nothingToDraw } from '../messages.ts';
import { ADVANCE, type ChartLayout, heading, type Layer, type Position, sentenceChart, VEGA_LITE } from './frame.ts';
import { seriesScale } from './palette.ts';
import { type DrawnTrial, drawnTrials, type Stretch, stretchesOf } from './tuning-trials.ts';

const BEST_COLOUR = '#D55E00';
/** Pixels of the plot. */
const SIZE = { wide: { width: 730, height: 290 }, narrow: { width: 230, height: 220 } };
/** Of kernels. */
const SHAPES = ['circle', 'square', 'triangle-up'];
/** Turning points that are named, where there is room for names; the size and the height of a name. */
const MOST_NAMES = 5;
const NAME_SIZE = 11;
const LINE_HEIGHT = 14;
const textWidth = (text: string) => text.length * NAME_SIZE * ADVANCE.regular;
/** From this span of ratios on their scale is logarithmic. */
const WIDE_SPAN = 3;

/** Speed of every trial of a search over that of the default configuration; a sentence if there was no search. */
export function tuningChart(search: Search | null, layout: ChartLayout = 'wide'): TopLevelSpec {
  if (search === null) return sentenceChart([nothingToDraw.search], layout);
  const trials = drawnTrials(search);
  const measured = trials.filter(({ ratio }) => ratio !== null);
  if (measured.length === 0) {
    return sentenceChart([nothingToDraw.candidates(kernelsOf(search).join(' and '), search.device)], layout);
  }
  const { width, height } = SIZE[layout];
  const kernels = kernelsOf(search);
  const x: Position = {
    field: 'number',
    type: 'quantitative',
    title: 'trial',
    scale: { domain: [0, trials.length + 1], nice: false },
    axis: { tickMinStep: 1, format: 'd', grid: false },
  };
  const y = speedAxis(measured, layout === 'wide' ? namesHeight(trials) / height : 0);
  const color = {
    field: 'kernel',
    scale: seriesScale(kernels),
    title: null,
    legend: kernels.length === 1 ? null : { orient: 'bottom' as const },
  };
  // Colours of two kernels of one backend are near each other.
  const shape = {
    field: 'kernel',
    scale: { domain: color.scale.domain, range: SHAPES },
    title: null,
    legend: color.legend,
  };
  const tooltip = [{ field: 'name' }, { field: 'ratio', format: '.3f' }];
  const stretches = stretchesOf(search);
  return {
    $schema: VEGA_LITE,
    title: heading(finding(search), subtitle(search, trials, layout), layout),
    width,
    height,
    layer: [
      ...bands(stretches, x, width / (trials.length + 1)),
      ...(layout === 'wide' ? turningPoints(trials, x, y, width) : []),
      {
        data: { values: [{}] },
        layer: [
          { mark: { type: 'rule', strokeDash: [6, 4], strokeWidth: 1 }, encoding: { y: { ...y, datum: 1 } } },
          {
            mark: { type: 'text', text: 'default', align: 'left', fontSize: NAME_SIZE },
            encoding: { x: { value: width + 4 }, y: { ...y, datum: 1 } },
          },
        ],
      },
      {
        data: { values: bestSoFar(trials, stretches) },
        mark: { type: 'line', interpolate: 'step-after', color: BEST_COLOUR, strokeWidth: 3 },
        encoding: { x, y: { ...y, field: 'best' }, detail: { field: 'stretch' } },
      },
      {
        data: { values: measured.filter(({ low }) => low !== null) },
        mark: { type: 'rule', strokeWidth: 1.5 },
        encoding: { x, y: { ...y, field: 'low' }, y2: { field: 'high' }, color },
      },
      ...[false, true].map(
        (isLast): Layer => ({
          data: { values: measured.filter(({ rung }) => (rung === LAST_RUNG) === isLast) },
          mark: { type: 'point', filled: true, strokeWidth: 0, opacity: isLast ? 1 : 0.8, size: isLast ? 110 : 32 },
          encoding: { x, y: { ...y, field: 'ratio' }, color, shape, tooltip },
        }),
      ),
      {
        data: { values: trials.filter(({ ratio }) => ratio === null) },
        mark: { type: 'text', text: '×', fontSize: 13 },
        encoding: { x, y: { value: height - 6 }, tooltip: [{ field: 'name' }, { field: 'message' }] },
      },
    ],
  };
}

/** Times the default's speed, with a share of the height free for names above the data. */
function speedAxis(measured: readonly DrawnTrial[], free: number) {
  const values = measured.flatMap(({ ratio, low, high }) => [ratio ?? 1, low ?? 1, high ?? 1]);
  const [least, most] = [Math.min(0.95, ...values), Math.max(1.05, ...values)];
  const log = most / least > WIDE_SPAN;
  const [from, to] = log ? [Math.log(least), Math.log(most)] : [least, most];
  const margin = (to - from) * 0.08;
  const top = from - margin + (to - from + 2 * margin) / (1 - free);
  const domain = log ? [Math.exp(from - margin), Math.exp(top)] : [from - margin, top];
  return {
    type: 'quantitative',
    title: "times the default's speed",
    scale: { ...(log ? { type: 'log' } : { type: 'linear', zero: false }), domain, nice: false },
    axis: { grid: false },
  } satisfies Position;
}

/** Every second stretch grey, each with its rounds above it where that has room. */
function bands(stretches: readonly Stretch[], x: Position, pixelsPerTrial: number): Layer[] {
  const values = stretches.map(({ first, last, rounds }, index) => {
    const label = counted(rounds, 'round');
    const beside = index === stretches.length - 1 ? textWidth('default') : 0;
    const room = (last - first + 1) * pixelsPerTrial + beside;
    return { from: first - 0.5, to: last + 0.5, grey: index % 2 === 1, label: room > textWidth(label) ? label : '' };
  });
  return [
    {
      data: { values: values.filter(({ grey }) => grey) },
      mark: { type: 'rect', color: '#888888', opacity: 0.16 },
      encoding: { x: { ...x, field: 'from' }, x2: { field: 'to' } },
    },
    {
      data: { values },
      mark: { type: 'text', align: 'left', baseline: 'bottom', fontSize: NAME_SIZE },
      encoding: { x: { ...x, field: 'from' }, y: { value: -3 }, text: { field: 'label' } },
    },
  ];
}

/**
 * Dotted rules at the trials that were a new best. The last of them are named, each on a line of its own from which its rule goes down to the
 * trial, so that no rule goes through a name: those that stand left of their rules on top, the latest first; then the others, the latest last.
 */
function turningPoints(trials: readonly DrawnTrial[], x: Position, y: Position, width: number): Layer[] {
  const turning = trials.filter((trial) => trial.turning);
  // From the last one back: a name that would not end before the edge, or before a rule that comes from above it, stands left of its own.
  let edge = width;
  const labelled = turning
    .slice(-MOST_NAMES)
    .reverse()
    .map(({ number, name, ratio }) => {
      const label = `${number} ${name}`;
      const at = (width * number) / (trials.length + 1);
      const align = at + 3 + textWidth(label) < edge ? ('left' as const) : ('right' as const);
      if (align === 'right') edge = at;
      return { number, ratio, label, align };
    });
  const side = (align: 'left' | 'right') => labelled.filter((one) => one.align === align);
  return [...side('right'), ...side('left').reverse()].flatMap(({ align, ...row }, line): Layer[] => [
    {
      data: { values: [row] },
      mark: { type: 'rule', color: '#888888', strokeWidth: 1, strokeDash: [1, 3] },
      encoding: { x, y: { ...y, field: 'ratio' }, y2: { value: 5 + line * LINE_HEIGHT } },
    },
    {
      data: { values: [row] },
      mark: { type: 'text', align, baseline: 'top', dx: align === 'left' ? 3 : -3, fontSize: NAME_SIZE },
      encoding: { x, y: { value: 5 + line * LINE_HEIGHT }, text: { field: 'label' } },
    },
  ]);
}

/** Pixels above the data that the names of turning points take. */
const namesHeight = (trials: readonly DrawnTrial[]) =>
  8 + LINE_HEIGHT * Math.min(MOST_NAMES, trials.filter(({ turning }) => turning).length);

/** The line of the best so far: one for each stretch, from the default to its end. */
function bestSoFar(trials: readonly DrawnTrial[], stretches: readonly Stretch[]) {
  return stretches.flatMap(({ first, last }, stretch) => {
    const own = trials.slice(first - 1, last).map(({ number, best }) => ({ number, best, stretch }));
    const before = trials.slice(0, first - 1).findLast(({ rung }) => rung === trials[first - 1]?.rung)?.best ?? 1;
    const end = { number: last + 0.5, best: own.at(-1)?.best ?? 1, stretch };
    return [{ number: first - 0.5, best: before, stretch }, ...own, end];
  });
}

function subtitle(search: Search, trials: readonly DrawnTrial[], layout: ChartLayout): string[] {
  const { kernel, alternatives, headDim, mask, dtype, device } = search;
  const tried = trials.filter(({ rung }) => rung === 0).length;
  const failed = trials.some(({ ratio }) => ratio === null);
  const decided = search.trials.filter(({ rung, ratio }) => rung === LAST_RUNG && ratio !== null);
  const lines = decided.every(({ processes = 1 }) => processes >= MIN_PROCESSES)
    ? '95 % intervals'
    : 'the bounds of their rounds in one process';
  const base = alternatives.length === 0 ? '' : ` The default is that of ${kernel}.`;
  return [
    `${kernelsOf(search).join(' and ')}, head dimension ${headDim}, ${mask} mask, ${dtype}, on ${device}.${base}`,
    `${tried} of ${counted(candidatesOf(search).length, 'candidate')} tried, the best again in more paired rounds; large: the last, with ${lines}.`,
    `Thick: the best so far, anew for each number of rounds.${layout === 'wide' ? ' Dotted: turning points, and what they change.' : ''}${failed ? ' ×: without a result.' : ''}`,
  ];
}

function finding(search: Search): string {
  const won = winner(search);
  const last = finalist(search);
  const part = isComplete(search) ? '' : ' so far';
  if (won !== null) {
    const candidate = candidateOf(search, won);
    const what = isShipped(search, candidate)
      ? `${candidate.kernel} in its default configuration`
      : `A configuration of ${candidate.kernel}`;
    return `${what} runs at ${won.ratio?.toFixed(2)} times the default's speed${part}, beyond the noise`;
  }
  if (last === undefined) return `The search has not reached its last paired comparisons${part}`;
  const verdict = (last.high ?? 1) < 1 ? 'is slower' : 'is within the noise';
  return `No better configuration found${part}: the best other one, at ${last.ratio?.toFixed(2)} times the default's speed, ${verdict}`;
}
