/** The model of B200 as one value: constants, fitted points, predicted points beside naive guesses, ablation, sensitivity, assumptions. */

import { publishedFigures } from '../compare/published-figures.ts';
import { flops } from '../problem/flops.ts';
import { expand, presetAxes } from '../problem/sweep.ts';
import type { Workload } from '../problem/workload.ts';
import type { Published } from '../record/measurement.ts';
import { type Assumption, DEFAULT_TIMING, FACTS, NOT_MODELLED, TIMING } from './assumptions.ts';
import { type Constants, predictTflops } from './calibrate.ts';
import { B200, ratesOf } from './chip.ts';
import { fitLibrary, isFitted, LIBRARIES, type Library, PACKING } from './libraries.ts';
import { type NaiveGuess, naiveGuess, type PredictionSet, predictionSets } from './naive.ts';
import { AVO_DESIGN, FA4_DESIGN } from './pipeline.ts';
import { demandOf, type Roofline, roofline } from './roofline.ts';
import type { Packing } from './schedule.ts';
import { type SimulatedGain, simulateAblation } from './simulated-ablation.ts';
import { busyShares, steadyState } from './steady-state.ts';
import { type ClockShare, clockRange, type Waterfall, waterfall } from './waterfall.ts';

/** The constants of a library's kernel, and what they were fitted on. */
export interface KernelModel {
  library: Library;
  constants: { blockSeconds: number; fixedSeconds: number; diagonalSeconds: number };
  /** The same constants in clocks, at the nominal rate, and in plain blocks. */
  blockClocks: number;
  fixedBlocks: number;
  diagonalBlocks: number;
  packing: Packing;
  packingSource: string;
  fittedOn: { block: string[]; fixed: string[]; diagonal: string[] };
}

/** A published figure beside the model's. */
export interface ModelPoint {
  role: 'fitted' | 'predicted';
  library: Library;
  version: string;
  workload: Workload;
  /** TFLOPS, and the error bar of the figure. */
  published: number;
  publishedError: number | null;
  model: number;
  /** (model - published) / published. */
  error: number;
  /** How long a pass took at the published rate. */
  passMilliseconds: number;
  /** What somebody without the model would guess; null for a figure that the model was fitted on. */
  naive: NaiveGuess | null;
  source: string;
}

/** The relative change of predictions if one constant grows by a tenth. */
export interface Sensitivity {
  library: Library;
  constant: keyof Constants;
  change: { workload: Workload; relative: number }[];
}

/** Everything that the model says about B200; `--format json` prints these fields. */
export interface B200Model {
  device: 'B200';
  kernels: KernelModel[];
  points: ModelPoint[];
  otherPoints: ModelPoint[];
  /** The predicted points in sets, each with its naive guess. */
  predictions: PredictionSet[];
  ablation: SimulatedGain[];
  /** Clocks of a block of the simulated AVO kernel and of a work tile beside its blocks; then the fitted ones. */
  simulation: {
    blockClocks: number;
    fixedClocks: number;
    fittedBlockClocks: number;
    fittedFixedClocks: number;
    /** The block of the same pipeline with FA4's choices, and FA4's fitted one. */
    fa4BlockClocks: number;
    fa4FittedBlockClocks: number;
    /** The block with fewer clocks of the correction group for 16 columns, which are assumed. */
    fasterCorrection: { clocks: number; blockClocks: number };
    /** Share of a block's clocks in which each agent or unit works. */
    busy: { name: string; share: number }[];
  };
  roofline: Roofline & { workload: Workload };
  waterfall: Waterfall[];
  /** The share of AVO's key block in which the matrix unit works, by the clock that B200 had: the figures do not tell it. */
  clockRange: ClockShare[];
  sensitivity: Sensitivity[];
  assumptions: Assumption[];
  /** What the simulation leaves out. */
  notModelled: readonly string[];
  /** What the residuals say. */
  remarks: string[];
}

/** Clocks of the correction group that are no less plausible than the assumed ones. */
const FASTER_CORRECTION = 100;

/** What no constant of the model can explain. Tests check these remarks against the numbers. */
const REMARKS = [
  'GQA at 32k without a mask is published 8 to 12 % below MHA. Its six passes are the only ones of more than 10 ms (11.5 to 12.2 ms). All 21 passes from 5.2 ms on have error bars of 11 to 75 TFLOPS, the 51 shorter ones of at most 6.1: a clock that falls during a long pass would do both, and the model has a fixed one.',
  'Causal MHA from 8k is predicted too fast for every library, by 0.6 to 3.9 %: the model does not contain what a causal pass loses apart from its diagonal blocks.',
  'Branch-free rescaling gained 6.1 % at 4k to 10.8 % at 32k without a mask, and 1.4 to 1.7 % at every length under the causal one, where 88 to 98 % of the key blocks are plain. Here the loops of the two masks differ in the share of emulated exponentials only, so no cost of a block can give both. FA4 has different loops for them (2-CTA instructions without a mask only); those of AVO are not published.',
  'The overlap is simulated where a work tile ends, once for each tile, so its gain falls with the length; the published one rises, without a mask from 0.0 % at 4k to 2.1 % at 32k.',
  'The assumed clocks of the simulation were chosen by hand with the means of the published ablation in view: not even these are predicted.',
];

/** Fits, predicts and simulates everything that `bench model b200` shows. */
export function modelB200(): B200Model {
  const all = publishedFigures('all');
  const figures = all.filter(({ source }) => source.startsWith('AVO'));
  const constants = Object.fromEntries(LIBRARIES.map((library) => [library, fitLibrary(library, figures)])) as Record<
    Library,
    Constants
  >;
  const point = (figure: Published): ModelPoint => {
    const library = figure.library as Library;
    const model = predictTflops(figure.workload, constants[library], B200.units, PACKING[library].packing);
    return {
      role: isFitted(figure) ? 'fitted' : 'predicted',
      library,
      version: figure.version,
      workload: figure.workload,
      published: figure.tflops,
      publishedError: figure.error,
      model,
      error: model / figure.tflops - 1,
      passMilliseconds: flops(figure.workload, figure.rule) / figure.tflops / 1e9,
      naive: isFitted(figure) ? null : naiveGuess(figure, figures),
      source: figure.source,
    };
  };
  const { block, fixed } = constants.AVO;
  const headline = expand(presetAxes('mha')).find((w) => w.seqKv === 32768 && w.mask === 'full') as Workload;
  const points = figures.map(point);
  const otherPoints = all
    .filter(({ source, library, version }) => {
      const modelled = library === 'FA4' || (library === 'cuDNN' && version.startsWith('9.19'));
      return source.startsWith('FA4') && modelled;
    })
    .map(point);
  return {
    device: 'B200',
    kernels: LIBRARIES.map((library) => kernelModel(library, constants[library], figures)),
    points,
    otherPoints,
    predictions: predictionSets([...points.filter(({ role }) => role === 'predicted'), ...otherPoints]),
    ablation: simulateAblation(),
    simulation: {
      ...steadyState(AVO_DESIGN, B200),
      busy: busyShares(AVO_DESIGN, B200),
      fittedBlockClocks: block * B200.clockHz,
      fittedFixedClocks: fixed * B200.clockHz,
      fa4BlockClocks: steadyState(FA4_DESIGN, B200).blockClocks,
      fa4FittedBlockClocks: constants.FA4.block * B200.clockHz,
      fasterCorrection: {
        clocks: FASTER_CORRECTION,
        blockClocks: steadyState(AVO_DESIGN, B200, { ...DEFAULT_TIMING, correctionPart: FASTER_CORRECTION })
          .blockClocks,
      },
    },
    roofline: { ...roofline(demandOf({ ...headline, dtype: 'bf16' }), ratesOf(B200)), workload: headline },
    waterfall: waterfall(headline, constants.AVO),
    clockRange: clockRange(constants.AVO),
    sensitivity: LIBRARIES.flatMap((library) => sensitivity(library, constants[library])),
    assumptions: [...FACTS, ...Object.values(TIMING)],
    notModelled: NOT_MODELLED,
    remarks: REMARKS,
  };
}

function kernelModel(
  library: Library,
  { block, fixed, diagonal }: Constants,
  figures: readonly Published[],
): KernelModel {
  const names = (mask: string) =>
    figures
      .filter((figure) => figure.library === library && figure.workload.mask === mask && isFitted(figure))
      .map(({ workload }) => `MHA ${mask} ${workload.seqKv}`);
  return {
    library,
    constants: { blockSeconds: block, fixedSeconds: fixed, diagonalSeconds: diagonal },
    blockClocks: block * B200.clockHz,
    fixedBlocks: fixed / block,
    diagonalBlocks: diagonal / block,
    ...PACKING[library],
    fittedOn: { block: names('full'), fixed: names('full'), diagonal: names('causal') },
  };
}

/** How the predictions of a library change as each of its constants grows by a tenth. */
function sensitivity(library: Library, constants: Constants): Sensitivity[] {
  const workloads = expand(presetAxes('mha')).filter(({ seqKv }) => seqKv === 4096 || seqKv === 32768);
  const { packing } = PACKING[library];
  return (['block', 'fixed', 'diagonal'] as const).map((constant) => {
    const larger = { ...constants, [constant]: constants[constant] * 1.1 };
    const change = workloads.map((workload) => {
      const [before, after] = [constants, larger].map((set) => predictTflops(workload, set, B200.units, packing)) as [
        number,
        number,
      ];
      return { workload, relative: after / before - 1 };
    });
    return { library, constant, change };
  });
}
