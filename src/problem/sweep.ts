/** From what a user writes ("1k-32k*2", --total-tokens) to a list of workloads. */

import { badGroup, badNumber, badSize, tooLarge, tooManyCases, tooSmall, UsageError } from '../messages.ts';
import { ANY_HEAD_DIM, fitsHeadDims, LARGEST_HEAD_DIM } from './head-dims.ts';
import { type Dtype, formatSize, type Mask, type Workload } from './workload.ts';

/** 16 Mi tokens: beyond what any model reads, and small enough that products of sizes stay exact. */
const LARGEST = 2 ** 24;
/** Workloads of a sweep at most, and sizes in a list. */
const MOST_CASES = 1000;

/** Throws UsageError for more workloads than a sweep may have. */
export function checkCases(count: number): void {
  if (count > MOST_CASES) throw new UsageError(tooManyCases(count, MOST_CASES));
}

/** One size: an integer with an optional k (1024) or m (1024 squared). */
export function parseSize(option: string, text: string): number {
  const match = /^\s*([+-]?\d+)\s*([km]?)\s*$/i.exec(text);
  if (match === null) throw new UsageError(badSize(option, text));
  const unit = { '': 1, k: 1024, m: 1024 * 1024 }[(match[2] ?? '').toLowerCase()] ?? 1;
  const value = Number(match[1]) * unit;
  if (value < 1) throw new UsageError(tooSmall(option, text, 1));
  if (value > LARGEST) throw new UsageError(tooLarge(option, text, `${LARGEST / 1024}k`));
  return value;
}

/**
 * A list of sizes: comma lists, ranges `first-last*factor` and `first-last+step`, and repeated flags (an array of
 * texts). Repeats are dropped, order is kept. Throws UsageError naming the part that cannot be read.
 */
export function parseSizes(option: string, texts: readonly string[]): number[] {
  const sizes = new Set<number>();
  for (const part of texts.flatMap((text) => text.split(','))) {
    const range = /^([^-*+]+)-([^-*+]+)([*+])([^-*+]+)$/.exec(part.trim());
    if (range === null) {
      sizes.add(parseSize(option, part));
      continue;
    }
    const [first, last, step] = [range[1], range[2], range[4]].map((text) => parseSize(option, text ?? ''));
    if (first === undefined || last === undefined || step === undefined) throw new UsageError(badSize(option, part));
    if (first > last || (range[3] === '*' && step < 2)) throw new UsageError(badSize(option, part));
    for (let size = first; size <= last; size = range[3] === '*' ? size * step : size + step) {
      sizes.add(size);
      checkCases(sizes.size);
    }
  }
  return [...sizes];
}

/** Head dimensions: whole numbers from 1 to 576. */
export function parseHeadDims(texts: readonly string[], option = '--head-dim'): number[] {
  const result = new Set<number>();
  for (const text of texts.flatMap((item) => item.split(','))) {
    const value = /^\s*[+-]?\d+\s*$/.test(text) ? Number(text) : Number.NaN;
    if (!fitsHeadDims(value, ANY_HEAD_DIM)) {
      throw new UsageError(badNumber(option, text, `a whole number from 1 to ${LARGEST_HEAD_DIM}`));
    }
    result.add(value);
  }
  return [...result];
}

/** The axes of a sweep; every combination is one workload. */
export interface Axes {
  seq: readonly number[];
  /** Null: as many keys as queries. */
  seqKv: readonly number[] | null;
  /** Null: max(1, totalTokens / seq), the benchmark protocol of the FlashAttention repository. */
  batch: readonly number[] | null;
  totalTokens: number;
  heads: readonly number[];
  /** Null: one KV head for each query head (MHA). */
  kvHeads: readonly number[] | null;
  headDim: readonly number[];
  /** Of v and o. Null: that of q and k. */
  headDimV: readonly number[] | null;
  masks: readonly Mask[];
  window: number | null;
  dtype: Dtype;
  /** Null: 1/sqrt(headDim). */
  scale: number | null;
  /** What else becomes of the scores; nothing where absent. */
  softcap?: number | null;
  sinks?: boolean;
  alibi?: boolean;
}

/** Expands a sweep in a fixed order: head dimensions, heads, KV heads, batch, then length, then mask. */
export function expand(axes: Axes): Workload[] {
  const workloads: Workload[] = [];
  // Workloads that ask for nothing have no such fields, as before there were any.
  const scores = {
    ...(axes.softcap == null ? {} : { softcap: axes.softcap }),
    ...(axes.sinks === true ? { sinks: true } : {}),
    ...(axes.alibi === true ? { alibi: true } : {}),
  };
  for (const dims of headDimsOf(axes)) {
    for (const queryHeads of axes.heads) {
      for (const kvHeads of axes.kvHeads ?? [queryHeads]) {
        checkGroup(queryHeads, kvHeads);
        for (const seqQuery of axes.seq) {
          for (const seqKv of axes.seqKv ?? [seqQuery]) {
            const long = Math.max(seqQuery, seqKv);
            for (const batch of axes.batch ?? [Math.max(1, Math.floor(axes.totalTokens / long))]) {
              for (const mask of axes.masks) {
                const scale = axes.scale ?? 1 / Math.sqrt(dims.headDim);
                const { window, dtype } = axes;
                const shape = { batch, queryHeads, kvHeads, ...dims, seqQuery, seqKv };
                workloads.push({ ...shape, mask, window, dtype, scale, ...scores });
                checkCases(workloads.length);
              }
            }
          }
        }
      }
    }
  }
  return workloads;
}

/** Every pair of head dimensions; that of v is left out where it is the one of q and k. */
function headDimsOf({ headDim: dims, headDimV }: Axes): Pick<Workload, 'headDim' | 'headDimV'>[] {
  return dims.flatMap((headDim) =>
    (headDimV ?? [headDim]).map((own) => (own === headDim ? { headDim } : { headDim, headDimV: own })),
  );
}

function checkGroup(queryHeads: number, kvHeads: number): void {
  if (queryHeads % kvHeads === 0) return;
  const below = Math.floor(queryHeads / kvHeads) * kvHeads;
  throw new UsageError(badGroup(queryHeads, kvHeads, below > 0 ? [below, below + kvHeads] : [kvHeads]));
}

/**
 * The default shapes of the report's figure 5 (MHA) and of the AVO paper's GQA figure: head dimension 128, 32k tokens,
 * both masks.
 */
export function presetAxes(command: 'mha' | 'gqa'): Axes {
  return {
    seq: [4096, 8192, 16384, 32768],
    seqKv: null,
    batch: null,
    totalTokens: 32768,
    heads: [command === 'mha' ? 16 : 32],
    kvHeads: command === 'mha' ? null : [4],
    headDim: [128],
    headDimV: null,
    masks: ['full', 'causal'],
    window: null,
    dtype: 'f32',
    scale: null,
  };
}

/** A sweep in a few words for file names: "4k-32k" or "512". */
export function summarizeSizes(sizes: readonly number[]): string {
  const [first, last] = [Math.min(...sizes), Math.max(...sizes)];
  return first === last ? formatSize(first) : `${formatSize(first)}-${formatSize(last)}`;
}
