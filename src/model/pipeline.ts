/**
 * One work tile of a warp-specialised attention kernel on one multiprocessor, event by event.
 *
 * Two stages of 128 query rows share the key blocks. The tensor group multiplies; each stage has a softmax group; one
 * correction group rescales the sums of both; a load group brings keys and values. While one stage is in softmax, the
 * tensor unit works for the other.
 */

import { DEFAULT_TIMING, type Timing } from './assumptions.ts';
import { B200, type Chip } from './chip.ts';
import { type Simulation, type Step, simulate } from './events.ts';
import { BLOCK_KEYS, type TileBlocks, WORK_TILE_ROWS } from './schedule.ts';

/** The choices that the AVO paper's ablation makes. */
export interface Design {
  /**
   * 'branch' rescales a block where the maximum of any row moved; 'threshold' where it moved by a factor of 2^8 or more, as in
   * FA4's source, which normal data never do; 'branch-free' rescales always, by 1 where none did.
   */
  rescale: 'branch' | 'threshold' | 'branch-free';
  /** Whether one stage's result is normalised only after both products have ended, or during the other's. */
  correction: 'serial' | 'overlapped';
  /** Registers of a thread of the correction group. */
  correctionRegisters: number;
}

/** AVO's kernel with all three techniques. */
export const AVO_DESIGN: Design = { rescale: 'branch-free', correction: 'overlapped', correctionRegisters: 88 };

/** The same pipeline with FA4's choices: rescaling past a threshold (rescale_threshold 8.0), 80 registers, normalising one by one. */
export const FA4_DESIGN: Design = { rescale: 'threshold', correction: 'serial', correctionRegisters: 80 };

const STAGES = [0, 1] as const;
/** Query rows of a stage. */
const ROWS = WORK_TILE_ROWS / STAGES.length;
const KEYS = BLOCK_KEYS;
const HEAD_DIM = 128;
const SCORES = ROWS * KEYS;
/** Pieces in which a softmax group works, so that two groups share the units fairly. */
const PIECES = 8;
const WARP_GROUP = 128;
const BF16 = 2;

/** Clocks of one 128 x 128 x 128 product on the matrix unit. */
export function productClocks(chip: Chip): number {
  return (2 * ROWS * KEYS * HEAD_DIM) / chip.tensorFlopsPerClock;
}

/**
 * The probability that block `block` (from 0) holds a new maximum for any of 128 rows, if all scores are independent
 * and alike.
 */
export function rescaleProbability(block: number): number {
  return 1 - (1 - 1 / (block + 1)) ** ROWS;
}

/** Simulates a work tile of head dimension 128. Throws RangeError if it has no block. */
export function simulateWorkTile(
  { plain, masked }: TileBlocks,
  design: Design = AVO_DESIGN,
  chip: Chip = B200,
  timing: Timing = DEFAULT_TIMING,
): Simulation {
  const blocks = plain + masked;
  if (blocks < 1) throw new RangeError('a work tile has at least one key block');
  const delay = timing.handoff;
  const signal = (event: string): Step => ({ kind: 'signal', event, delay });
  const wait = (event: string): Step => ({ kind: 'wait', event });
  const work = (clocks: number, label: string, stage?: number, on?: string): Step => ({
    kind: 'work',
    clocks,
    label,
    stage,
    on,
  });
  const product = productClocks(chip);

  function* tensor(): Iterable<Step> {
    yield wait('q');
    yield wait('k0');
    for (const stage of STAGES) yield* [work(product, 'q k^T', stage), signal(`scores${stage},0`)];
    for (let block = 0; block < blocks; block += 1) {
      for (const stage of STAGES) {
        yield* [wait(`v${block}`), wait(`weights${stage},${block}`)];
        if (block > 0) yield wait(`corrected${stage},${block}`);
        yield* [work(product * timing.splitArrival, 'p v', stage), wait(`last weights${stage},${block}`)];
        yield* [work(product * (1 - timing.splitArrival), 'p v', stage), signal(`product${stage},${block}`)];
        // Scores and weights share tensor memory: the next scores come after the product that read the weights.
        if (block + 1 < blocks)
          yield* [wait(`k${block + 1}`), work(product, 'q k^T', stage), signal(`scores${stage},${block + 1}`)];
      }
    }
  }

  function* softmax(stage: number): Iterable<Step> {
    const emulated = masked > 0 ? timing.emulatedShareCausal : timing.emulatedShare;
    const first = Math.min(PIECES, Math.max(1, Math.round(PIECES * timing.splitArrival)));
    const vector = (operations: number, label: string) => work(operations / timing.lanes, label, stage, 'vector');
    for (let block = 0; block < blocks; block += 1) {
      yield* [wait(`scores${stage},${block}`), work(timing.tensorMemory, 'load scores', stage)];
      if (block < masked) yield vector(SCORES * timing.maskOperations, 'mask');
      yield* [vector(SCORES * timing.maxOperations, 'maximum'), signal(`maximum${stage},${block}`)];
      for (let piece = 0; piece < PIECES; piece += 1) {
        const scores = SCORES / PIECES;
        yield vector(scores * (timing.scaleOperations + emulated * timing.emulatedOperations), 'scale');
        yield work((scores * (1 - emulated)) / chip.exponentialsPerClock, 'exponential', stage, 'exponential');
        yield vector(scores * timing.convertOperations, 'convert');
        if (piece + 1 === first)
          yield* [work(timing.tensorMemory, 'store weights', stage), signal(`weights${stage},${block}`)];
      }
      yield* [work(timing.tensorMemory, 'store weights', stage), signal(`last weights${stage},${block}`)];
      yield vector(SCORES * timing.sumOperations, 'sum');
    }
  }

  // A spilled register is stored and loaded once for each block, through the memory that holds shared memory.
  const spilled = Math.max(0, timing.correctionRegisters - design.correctionRegisters);
  const spill = (spilled * WARP_GROUP * 4 * 2) / chip.sharedBytesPerClock;
  const rescale = timing.correctionParts * timing.correctionPart + spill;

  function* correction(): Iterable<Step> {
    for (let block = 1; block < blocks; block += 1) {
      for (const stage of STAGES) {
        yield* [wait(`maximum${stage},${block}`), wait(`product${stage},${block - 1}`)];
        if (design.rescale === 'branch-free') {
          yield work(rescale, 'rescale', stage);
        } else {
          yield work(timing.vote, 'vote', stage);
          // The mean over many blocks: a rescale if any row needs it, else none. Past a threshold of 2^8 a normal score would have to
          // lie 5.5 standard deviations above the largest before it: never.
          if (design.rescale === 'branch') yield work(rescaleProbability(block) * rescale, 'rescale', stage);
          yield work(timing.fence, 'fence', stage);
        }
        yield signal(`corrected${stage},${block}`);
      }
    }
    for (const stage of STAGES) {
      if (design.correction === 'serial') yield wait(`product1,${blocks - 1}`);
      yield* [wait(`product${stage},${blocks - 1}`), work(rescale, 'normalise', stage)];
    }
  }

  function* load(): Iterable<Step> {
    const tile = (KEYS * HEAD_DIM * BF16) / chip.sharedBytesPerClock;
    yield* [work(timing.memoryLatency, 'latency'), work(STAGES.length * tile, 'load q'), signal('q')];
    for (let block = 0; block < blocks; block += 1) {
      if (block >= timing.loadStages) yield wait(`product1,${block - timing.loadStages}`);
      yield* [work(tile, 'load k'), signal(`k${block}`), work(tile, 'load v'), signal(`v${block}`)];
    }
  }

  return simulate({
    tensor: tensor(),
    'softmax 0': softmax(0),
    'softmax 1': softmax(1),
    correction: correction(),
    load: load(),
  });
}
