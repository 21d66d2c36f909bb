/** What is said where there is nothing to draw, or where it cannot be drawn. */

export const nothingToDraw = {
  ablation: 'This run holds no ablation; bench suite ablation measures the three techniques.',
  ablationRounds:
    'No technique ran in 3 processes beside its kernel, so no gain has an interval; --processes 3 or a larger --budget gives one.',
  bars: 'Nothing was measured, so there is nothing to draw.',
  distance: 'Nothing was measured here, so there is no distance to draw.',
  efficiency: 'No kernel of this run has a measured limit beside it: peers, scalar kernels and failed cases have none.',
  figure: 'Nothing was measured.',
  roofline: 'No limit of this device is in the run, so there is no roof to draw.',
  samples: 'There are no samples: nothing was measured.',
  scaling: 'Throughput against length needs two lengths or more, for example --seq 4k-32k*2.',
  sustained: 'No kernel ran without a pause; the help of bench mha tells how one does.',
  why: (reason: string) => `The distance cannot be taken apart into factors: ${reason}.`,
  search: 'No search for a configuration is stored beside this run; bench tune makes one.',
  candidates: (kernel: string, device: string) => `No candidate of ${kernel} on ${device} could be measured.`,
} as const;

/** Said in place of a file that would hold a sentence and no chart. */
export const noChart = (sentence: string) => `No chart: ${sentence}`;
export const notDrawn = (path: string, why: string) => `${path} could not be drawn: ${why}`;
