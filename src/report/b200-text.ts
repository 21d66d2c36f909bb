/** The text of bench model b200: constants, fitted and predicted figures, ablation, and where the model is wrong. */

import { EVOLUTION } from '../compare/evolution.ts';
import { formatChange } from '../format.ts';
import { DEFAULT_TIMING } from '../model/assumptions.ts';
import type { B200Model, ModelPoint } from '../model/b200.ts';
import { B200 } from '../model/chip.ts';
import { type PredictionSet, predictionSets } from '../model/naive.ts';
import { ABLATION_SOURCE } from '../model/simulated-ablation.ts';
import { formatHeads, formatSize, type Mask } from '../problem/workload.ts';
import { fitText, formatColumns, USUAL_WIDTH } from './columns.ts';
import { formatRepairs } from './evolution-text.ts';

/** The part to print; null prints everything. */
export type ModelFigure = 'mha' | 'gqa' | 'ablation' | 'timeline' | null;

const percent = (value: number, digits = 1) => formatChange(100 * value, digits);
const isGqa = ({ workload }: ModelPoint) => workload.queryHeads !== workload.kvHeads;

/** A table, header first, that fits a width. */
type Table = (rows: readonly (readonly string[])[]) => string;

/** The model of B200 as text, or the part of it that `figure` names. */
export function formatModel(model: B200Model, figure: ModelFigure, width: number = USUAL_WIDTH): string {
  const table: Table = ([header = [], ...body]) => formatColumns(header, body, width).trimEnd();
  const parts: string[] = [];
  if (figure === null) parts.push(whySection(model, table));
  if (figure !== 'ablation') {
    const wanted = (points: readonly ModelPoint[]) =>
      points.filter((point) => (figure === 'gqa' ? isGqa(point) : figure === 'mha' ? !isGqa(point) : true));
    const predicted = wanted(model.points.filter(({ role }) => role === 'predicted'));
    const others = wanted(model.otherPoints);
    parts.push(
      constantsSection(model, table),
      pointsSection(
        'Fitted; published figures are bursts',
        wanted(model.points.filter(({ role }) => role === 'fitted')),
        table,
      ),
      pointsSection('Predicted, bursts too', predicted, table),
      pointsSection("Predicted, the FA4 paper's own measurements, bursts too", others, table),
      yardstickSection(predictionSets([...predicted, ...others]), table),
    );
  }
  if (figure === null) parts.push(simulationSection(model, table));
  if (figure === null || figure === 'ablation') parts.push(ablationSection(model, table));
  if (figure === null) parts.push(sensitivitySection(model, table), wrongSection(model, table));
  return fitText(`${parts.filter((part) => part !== '').join('\n\n')}\n`, width);
}

function whySection({ waterfall, clockRange, roofline }: B200Model, table: Table): string {
  const steps = waterfall.map(({ step, factor, tflops }) => [
    tflops.toFixed(0),
    factor === 1 ? '' : `x ${factor.toFixed(3)}`,
    step,
  ]);
  const ms = (seconds: number | null) => (seconds === null ? '?' : `${(seconds * 1e3).toFixed(2)} ms`);
  const { seconds } = roofline;
  const clocks = clockRange.map(({ clockHz, blockClocks, matrixShare, what }) => [
    `${(clockHz / 1e9).toFixed(3).replace(/0$/, '')} GHz`,
    blockClocks.toFixed(0),
    `${(100 * matrixShare).toFixed(0)} %`,
    what,
  ]);
  return `Why 1668 TFLOPS: AVO on B200 in a burst, MHA without a mask at 32k, counted at the nominal clock

${table([['TFLOPS', '', 'after'], ...steps])}

The figures give the time of a block and no clock. How long the matrix unit waits is therefore known as a range only:

${table([['clock', 'clocks of a block', 'matrix unit works', ''], ...clocks])}

Roofline of this pass: multiply-adds ${ms(seconds.multiplyAdd)}, exponentials ${ms(seconds.exponential)}, shared memory ${ms(seconds.onChip)}, main memory ${ms(seconds.memory)}.`;
}

/** The simulated pipeline beside what was fitted, and its parameters with their sources. */
function simulationSection({ simulation, assumptions, notModelled }: B200Model, table: Table): string {
  const { blockClocks, fixedClocks, fittedBlockClocks, fittedFixedClocks, busy, fasterCorrection } = simulation;
  const clocks = (value: number) => value.toFixed(0);
  const over = (a: number, b: number) => formatChange(100 * (a / b - 1));
  const { fa4BlockClocks, fa4FittedBlockClocks } = simulation;
  const assumed = assumptions.filter(({ source }) => source === 'assumed').length;
  const rows = assumptions.map(({ name, value, unit, source }) => [name, `${value}`, unit, source]);
  return `The simulated pipeline, an illustration: none of its ${assumptions.length} parameters is fitted, ${assumed} are assumed

A block takes ${clocks(blockClocks)} clocks (fitted at the nominal clock: ${clocks(fittedBlockClocks)}), the rest of a work tile ${clocks(fixedClocks)} (fitted: ${clocks(fittedFixedClocks)}). Busy in a block: ${busy.map(({ name, share }) => `${name} ${(100 * share).toFixed(0)} %`).join(', ')}.

What it waits for is not known:
- With ${fasterCorrection.clocks} assumed clocks of the correction group for 16 columns in place of ${DEFAULT_TIMING.correctionPart}, a block takes ${clocks(fasterCorrection.blockClocks)}.
- With FA4's choices (rescale_threshold 8.0, so that normal data never rescale) a block takes ${clocks(fa4BlockClocks)} clocks, ${over(fa4BlockClocks, blockClocks)} against AVO's; fitted, FA4's block takes ${over(fa4FittedBlockClocks, fittedBlockClocks)}.
- The AVO paper calls the extra multiplication of branch-free rescaling negligible; FA4's authors say that exponentials bind the forward pass; and GB300, with twice the exponentials, gained 6 to 26 % (bench model what-if --exp-rate 32).

${table([['parameter', 'value', 'unit', 'source'], ...rows])}

Left out: ${notModelled.join('; ')}.`;
}

function constantsSection({ kernels }: B200Model, table: Table): string {
  const rows = kernels.map((k) => [
    k.library,
    `${(k.constants.blockSeconds * 1e9).toFixed(0)} ns (${k.blockClocks.toFixed(0)} clocks)`,
    `${(k.constants.fixedSeconds * 1e9).toFixed(0)} ns (${k.fixedBlocks.toFixed(2)} blocks)`,
    `${(k.constants.diagonalSeconds * 1e9).toFixed(0)} ns (${k.diagonalBlocks.toFixed(2)} blocks)`,
    k.packing === 'tokens' ? 'tokens' : 'tokens x group',
  ]);
  return `Constants: time of a key block and of a work tile fitted on MHA without a mask, of a masked block on causal MHA at 4k. Only seconds are fitted; their clocks hold for the nominal ${B200.clockHz / 1e9} GHz

${table([['library', 'key block', 'rest of a work tile', 'extra of a masked block', 'rows of a tile'], ...rows])}`;
}

function pointsSection(title: string, points: readonly ModelPoint[], table: Table): string {
  if (points.length === 0) return '';
  const guessed = points.some(({ naive }) => naive !== null);
  const rows = points.map((p) => [
    p.library,
    p.workload.mask,
    formatSize(p.workload.seqKv),
    isGqa(p) ? `${p.workload.queryHeads}/${p.workload.kvHeads}` : String(p.workload.queryHeads),
    `${p.published}${p.publishedError === null ? '' : ` ± ${p.publishedError}`}`,
    p.model.toFixed(0),
    percent(p.error),
    ...(guessed ? [p.naive?.tflops.toFixed(0) ?? '', p.naive === null ? '' : percent(p.naive.error)] : []),
    p.publishedError !== null && Math.abs(p.model - p.published) <= p.publishedError ? 'within the error bar' : '',
  ]);
  const naive = guessed ? ['naive', 'error'] : [];
  return `${title}

${table([['library', 'mask', 'seq', 'heads', 'published', 'model', 'error', ...naive, ''], ...rows])}`;
}

/** The mean errors of the sets beside those of a guess without a model, and in which sets the model has skill. */
function yardstickSection(sets: readonly PredictionSet[], table: Table): string {
  const share = (value: number) => `${(100 * value).toFixed(2)} %`;
  const rows = sets.map(({ set, points, meanError, largestError, naiveMeanError, guess, skill }) => [
    set,
    `${points}`,
    share(meanError),
    share(largestError),
    share(naiveMeanError),
    guess,
    skill ? 'skill' : 'none',
  ]);
  const skilled = sets.filter(({ skill }) => skill).reduce((sum, { points }) => sum + points, 0);
  const all = sets.reduce((sum, { points }) => sum + points, 0);
  return `Predictions beside a naive guess, the figure that somebody without a model would take; mean absolute errors

${table([['set', 'points', 'model', 'largest', 'naive', 'the naive guess', 'skill'], ...rows])}

The model has skill where its mean error is less than half of the guess's: ${skilled} of these ${all} points.`;
}

function ablationSection({ ablation }: B200Model, table: Table): string {
  const lengths = EVOLUTION.seqs.map(formatSize);
  const rows = ablation.flatMap((gain) => [
    [
      gain.idea,
      gain.mask,
      'published',
      ...gain.lengths.map(({ published }) => formatChange(published)),
      formatChange(gain.published),
    ],
    ['', '', 'simulated', ...gain.lengths.map(({ model }) => formatChange(model)), formatChange(gain.model)],
    ...(gain.fromThreshold === null
      ? []
      : [
          [
            ...['', '', 'from a threshold'],
            ...gain.fromThreshold.lengths.map(({ model }) => formatChange(model)),
            formatChange(gain.fromThreshold.model),
          ],
        ]),
  ]);
  const ends = (mask: Mask, of: 'published' | 'model') => {
    const own = ablation.find((gain) => gain.idea === 'branchless' && gain.mask === mask)?.lengths ?? [];
    return [own[0], own.at(-1)].map((item) => formatChange(item?.[of] ?? Number.NaN)).join(' to ');
  };
  return `Ablation, gains by length: published ones from versions of ${EVOLUTION.source}; their mean from ${ABLATION_SOURCE}

${table([['technique', 'mask', 'gain', ...lengths, 'mean'], ...rows])}

The simulation does not give the published gains. From 4k to 32k, branch-free rescaling gained ${ends('full', 'published')} without a mask and ${ends('causal', 'published')} with the causal one; simulated, ${ends('full', 'model')} and ${ends('causal', 'model')}. "Simulated" begins with a kernel that rescales wherever a maximum moved, "from a threshold" with one that does it as FA4's source does, which normal data never need: then the technique loses. A step that makes every key block cheaper by the same time cannot gain more and more under one mask and the same under the other. The pipeline illustrates how such a kernel overlaps its work; its gains are no prediction.

${formatRepairs()}`;
}

function sensitivitySection({ sensitivity }: B200Model, table: Table): string {
  const shapes = sensitivity[0]?.change.map(({ workload }) => `${workload.mask} ${formatSize(workload.seqKv)}`) ?? [];
  const rows = sensitivity.map(({ library, constant, change }) => [
    library,
    { block: 'key block', fixed: 'work tile', diagonal: 'masked block' }[constant],
    ...change.map(({ relative }) => percent(relative, 2)),
  ]);
  return `Sensitivity: change of throughput if one constant is 10 % larger

${table([['library', 'constant', ...shapes], ...rows])}`;
}

/** Longer passes than this are told one by one: a clock that falls during them would explain their errors. */
const LONG_MILLISECONDS = 10;

/** The largest error of each group of predictions, and what the residuals say. */
function wrongSection(model: B200Model, table: Table): string {
  const predicted = model.points.filter(({ role }) => role === 'predicted');
  const groups: [string, ModelPoint[]][] = [
    ['causal MHA, 8k to 32k', predicted.filter((p) => !isGqa(p))],
    ['GQA, 4k to 16k', predicted.filter((p) => isGqa(p) && p.workload.seqKv < 32768)],
    ['GQA, 32k', predicted.filter((p) => isGqa(p) && p.workload.seqKv === 32768)],
    ["the FA4 paper's figures", model.otherPoints],
  ];
  const worst = groups.map(([name, points]) => {
    const point = [...points].sort((a, b) => Math.abs(b.error) - Math.abs(a.error))[0];
    if (point === undefined) return [name, '', ''];
    return [
      name,
      percent(point.error),
      `${point.library}, ${point.workload.mask}, ${formatSize(point.workload.seqKv)}`,
    ];
  });
  const long = model.points.filter(({ passMilliseconds }) => passMilliseconds > LONG_MILLISECONDS);
  const passes = long.map((p) => [
    p.library,
    `${formatHeads(p.workload)}, ${p.workload.mask}, ${formatSize(p.workload.seqKv)}`,
    `${p.passMilliseconds.toFixed(1)} ms`,
    `${p.published} ± ${p.publishedError}`,
    percent(p.error),
  ]);
  return `Where the model is wrong: its largest errors

${table([['figures', 'error', 'where'], ...worst])}

The passes of more than ${LONG_MILLISECONDS} ms

${table([['library', 'figure', 'pass', 'published', 'error'], ...passes])}

${model.remarks.map((remark) => `- ${remark}`).join('\n')}`;
}
