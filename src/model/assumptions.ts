/** Every parameter of the simulation, with its source or the word 'assumed', and what it leaves out. */

import { deviceSpec } from '../compare/device-specs.ts';
import { B200 } from './chip.ts';
import { BLOCK_KEYS, WORK_TILE_ROWS } from './schedule.ts';

/** One parameter as `bench model b200` lists it. */
export interface Assumption {
  name: string;
  value: number;
  unit: string;
  /** Where the number is from, or 'assumed'. */
  source: string;
  meaning: string;
}

const FA4 = 'FA4 arXiv:2603.05451v1 section 2.2';
const AVO = 'AVO arXiv:2603.24517v1';
/** flash_attn/cute/flash_fwd_sm100.py. AVO's source is not published; where FA4's gives a constant, that is taken. */
const FA4_SOURCE = 'FA4 source 71bf77c:';
const { maxClockMHz, source: SPECIFICATION } = deviceSpec('B200');

function assumption(name: string, value: number, unit: string, source: string, meaning: string): Assumption {
  return { name, value, unit, source, meaning };
}

/** Facts of B200, as src/model/chip.ts reads them, and of the kernel's shape. */
export const FACTS: readonly Assumption[] = [
  assumption('units', B200.units, 'SM', FA4, 'streaming multiprocessors'),
  assumption('clock', B200.clockHz / 1e6, 'MHz', FA4, `nominal clock; ${maxClockMHz} at most`),
  assumption('tensor', B200.tensorFlopsPerClock, 'FLOP/clock/SM', FA4, 'BF16 matrix unit'),
  assumption('exponential', B200.exponentialsPerClock, '1/clock/SM', FA4, 'special-function units'),
  assumption('shared', B200.sharedBytesPerClock, 'B/clock/SM', FA4, 'shared memory'),
  assumption('memory', B200.memoryBytesPerSecond / 1e12, 'TB/s', SPECIFICATION, 'main memory'),
  assumption('rows', WORK_TILE_ROWS, 'rows', FA4, 'query rows of a work tile: two stages of 128'),
  assumption('keys', BLOCK_KEYS, 'keys', FA4, 'keys of a block'),
  assumption(
    'rescaleThreshold',
    8,
    'powers of 2',
    `${FA4_SOURCE} rescale_threshold`,
    'growth of a maximum from which FA4 rescales, by a vote of each warp of 32 rows; normal data never reach it',
  ),
];

/** How the warps of one multiprocessor spend their clocks. */
export const TIMING = {
  lanes: assumption('lanes', 128, '1/clock/SM', 'assumed', 'vector operations of all warps together'),
  handoff: assumption('handoff', 64, 'clocks', 'assumed', 'from the signal of one group to the start of the next'),
  tensorMemory: assumption('tensorMemory', 64, 'clocks', 'assumed', 'latency of tensor memory'),
  scaleOperations: assumption(
    'scaleOperations',
    0.5,
    '1/score',
    'assumed',
    'scale and subtract, two in one packed operation',
  ),
  maxOperations: assumption('maxOperations', 0.5, '1/score', 'assumed', 'row maximum, three operands an operation'),
  convertOperations: assumption('convertOperations', 0.5, '1/score', 'assumed', 'weights to BF16, packed'),
  sumOperations: assumption('sumOperations', 0.5, '1/score', 'assumed', 'row sums, packed'),
  maskOperations: assumption('maskOperations', 2, '1/score', 'assumed', 'compare and select in a masked block'),
  emulatedShare: assumption(
    'emulatedShare',
    0.125,
    'share',
    `${FA4_SOURCE} ex2_emu_freq 12`,
    'exponentials computed by a polynomial, without a mask',
  ),
  emulatedShareCausal: assumption(
    'emulatedShareCausal',
    0.1875,
    'share',
    `${FA4_SOURCE} ex2_emu_freq 10`,
    'exponentials computed by a polynomial, with the causal mask',
  ),
  splitArrival: assumption(
    'splitArrival',
    0.75,
    'share',
    `${FA4_SOURCE} split_P_arrive`,
    'weights that are there when p v begins; the others follow',
  ),
  emulatedOperations: assumption(
    'emulatedOperations',
    4,
    '1/exponential',
    'assumed',
    'a cubic polynomial and its exponent, packed',
  ),
  correctionParts: assumption(
    'correctionParts',
    8,
    'parts',
    `${FA4_SOURCE} corr_tile_size 16`,
    'the correction group takes 16 of 128 columns at a time',
  ),
  correctionPart: assumption(
    'correctionPart',
    150,
    'clocks',
    'assumed',
    'load from tensor memory, multiply, store: latency of one part',
  ),
  vote: assumption('vote', 64, 'clocks', 'assumed', 'warps agree whether any row needs rescaling, and reconverge'),
  fence: assumption('fence', 128, 'clocks', 'assumed', 'the blocking fence that a branch needs'),
  correctionRegisters: assumption(
    'correctionRegisters',
    88,
    'registers/thread',
    `${AVO} section 5.3`,
    'what the correction group needs: it spills at 80 and is given 88',
  ),
  loadStages: assumption('loadStages', 2, 'blocks', 'assumed', 'key blocks in shared memory at a time'),
  memoryLatency: assumption('memoryLatency', 800, 'clocks', 'assumed', 'first bytes of a work tile'),
} as const;

/** What the simulation leaves out. */
export const NOT_MODELLED: readonly string[] = [
  `instructions of two multiprocessors together (2-CTA), which FA4 uses for head dimension 128 without a mask only, so that its loops for the two masks are not the same code (${FA4_SOURCE} use_2cta_instrs)`,
  'registers of groups other than the correction group',
  'a clock that falls during a pass',
];

/** Names of the clocks and counts of TIMING. */
export type TimingName = keyof typeof TIMING;
/** Values for the parameters of TIMING; other ones answer "what if". */
export type Timing = Record<TimingName, number>;

/** The values of TIMING. */
export const DEFAULT_TIMING = Object.fromEntries(
  Object.entries(TIMING).map(([name, { value }]) => [name, value]),
) as Timing;
