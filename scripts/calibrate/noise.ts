/** Noise of known shape and a known middle of 1, as benchmarks meet it; seeded, so that a table can be made again. */

/** Uniform numbers in (0, 1) from a seed: mulberry32. */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (((t ^ (t >>> 14)) >>> 0) + 0.5) / 2 ** 32;
  };
}

/** A standard normal number (Box and Muller). */
const normalOf = (random: () => number) => Math.sqrt(-2 * Math.log(random())) * Math.cos(2 * Math.PI * random());

/** What gives the samples of one process after another. */
export type Process = () => number;

/** Drift of a sample over the one before it, where there is one. */
const DRIFT = 0.001;

/** A kind of noise whose samples have their median at 1 over all processes. */
export interface Noise {
  name: string;
  /** Whether it lies within what intervals and verdicts are held to. */
  bound: boolean;
  /** Begins a process; its first sample is number `from` of `total` in the run. */
  start(random: () => number, from: number, total: number): Process;
  /** It drifts over the processes, which counts as variation between them, so it may be covered more often. */
  drifts?: true;
}

const independent = (name: string, draw: (random: () => number) => number): Noise => ({
  ...{ name, bound: true },
  start: (random) => () => draw(random),
});

/** AR(1) of coefficient `r` whose samples have this standard deviation, begun in its stationary state. */
const autoregressive = (r: number, deviation: number): Noise => ({
  ...{ name: `AR(1) ${r}, ${100 * deviation} %`, bound: r <= 0.8 },
  start(random) {
    let state = normalOf(random);
    return () => {
      state = r * state + Math.sqrt(1 - r * r) * normalOf(random);
      return 1 + deviation * state;
    };
  },
});

/** Each process has a level of its own. */
const runLevel = (level: number, deviation: number): Noise => ({
  ...{ name: `normal ${100 * deviation} %, run level ${100 * level} %`, bound: level <= 0.01 },
  start(random) {
    const own = level * normalOf(random);
    return () => 1 + own + deviation * normalOf(random);
  },
});

/** All noise of the table. */
export const NOISES: readonly Noise[] = [
  independent('normal 1 %', (random) => 1 + 0.01 * normalOf(random)),
  independent('normal 3 %', (random) => 1 + 0.03 * normalOf(random)),
  independent('lognormal 10 %', (random) => Math.exp(0.1 * normalOf(random))),
  independent('lognormal 25 %', (random) => Math.exp(0.25 * normalOf(random))),
  independent('bimodal 5 %', (random) => 1 + (random() < 0.5 ? -0.05 : 0.05) + 0.01 * normalOf(random)),
  // Student's t of 2 degrees of freedom: no variance.
  independent('t2, 1 %', (random) => 1 + (0.01 * normalOf(random)) / Math.sqrt(-Math.log(random()))),
  // A tenth lies low, so the median is at the quantile 0.4 / 0.9 of the rest: 0.1397 deviations below its middle.
  independent('normal 1 %, outliers', (random) => (1.001397 + 0.01 * normalOf(random)) * (random() < 0.1 ? 0.7 : 1)),
  ...[0.3, 0.5, 0.7, 0.8, 0.9].map((r) => autoregressive(r, 0.03)),
  ...[0.002, 0.005, 0.01, 0.02].map((level) => runLevel(level, 0.01)),
  runLevel(0.005, 0.002),
  {
    ...{ name: 'drift 0.1 % a sample, 1 %', bound: true, drifts: true },
    start(random, from, total) {
      let at = from - (total - 1) / 2;
      return () => {
        at += 1;
        return 1 + DRIFT * (at - 1) + 0.01 * normalOf(random);
      };
    },
  },
];
