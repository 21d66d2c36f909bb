/** Chooses how the WebAssembly kernels are compiled: each variant is tried on a small workload, the fastest right one wins. */

import { median } from 'simple-statistics';
import { wasmFlash } from '../../../kernels/wasm/flash.ts';
import { formatFaster } from '../../format.ts';
import { messageOf, variantUnclear } from '../../messages.ts';
import { wholeSlice } from '../../problem/slice.ts';
import type { Workload } from '../../problem/workload.ts';
import { compareRows } from '../comparison.ts';
import { oracle } from '../oracle.ts';
import type { KillableHost } from '../target.ts';
import { watched } from '../watchdog.ts';

/** How the WebAssembly kernels are compiled: plain SIMD, with fused multiply-adds, or packed into 256 bits as well. */
export type WasmVariant = 'simd' | 'simd-relaxed' | 'simd256';
/** All variants, the simplest first. */
export const WASM_VARIANTS: readonly WasmVariant[] = ['simd', 'simd-relaxed', 'simd256'];

/** The variant that is used, and why. */
export interface VariantChoice {
  variant: WasmVariant;
  reason: string;
  /** What the user should know before measuring: another probe may choose otherwise. */
  note?: string;
}

/** One head of 480 tokens: 118 MFLOP, a few milliseconds. */
const PROBE: Workload = {
  batch: 1,
  queryHeads: 1,
  kvHeads: 1,
  headDim: 128,
  seqQuery: 480,
  seqKv: 480,
  mask: 'causal',
  window: null,
  dtype: 'f32',
  scale: 1 / Math.sqrt(128),
};
const DATA = { kind: 'normal', seed: 1 } as const;
/** Runs until the engine has compiled the kernel for speed: so many seconds at least and at most, ended by two runs that agree. */
const WARM_SECONDS = 0.12;
const WARM_AT_MOST = 1;
const AGREE = 0.03;
/** Longest run of the probe, which should take milliseconds. */
const RUN_LIMIT_S = 30;
/** Pairs of runs of a batch, after which the choice may be clear; and at most, where the gain is close to what is worthwhile. */
const ROUNDS = 9;
const MOST_ROUNDS = 63;
/** Standard deviations that the number of pairs on one side has to be from half of them. */
const CLEAR = 2.6;

/** Opens a WebAssembly host of one thread whose kernels are compiled in a variant. */
export type OpenVariant = (variant: WasmVariant) => Promise<KillableHost>;

/** How a variant is chosen. */
export interface VariantOptions {
  open: OpenVariant;
  /** False where the engine is known to have no revectoriser; where it may have one, the probe tells. */
  revectorizer: boolean;
  /** Times that 256 bits must be as fast to be chosen: above 1 where they cost an experimental flag. */
  worthwhile: number;
}

/** The best variant for this engine and CPU, found in a second or two. The two variants take turns, so that noise hits both. */
export async function chooseVariant({ open, revectorizer, worthwhile }: VariantOptions): Promise<VariantChoice> {
  const narrow = await openProbe(open, 'simd-relaxed');
  try {
    if (narrow.relaxed === false) return { variant: 'simd', reason: 'the engine has no relaxed SIMD' };
    if (narrow.run === null)
      return { variant: 'simd', reason: `relaxed SIMD was tried and is not used: ${narrow.fault}` };
    if (!revectorizer) {
      return { variant: 'simd-relaxed', reason: 'the engine has no revectoriser for 256-bit operations' };
    }
    return await weighWide(narrow.run, open, worthwhile);
  } finally {
    await narrow.close();
  }
}

async function weighWide(narrow: Run, open: OpenVariant, worthwhile: number): Promise<VariantChoice> {
  const wide = await openProbe(open, 'simd256');
  try {
    if (wide.run === null) {
      return { variant: 'simd-relaxed', reason: `256-bit operations were tried and are not used: ${wide.fault}` };
    }
    const gains: number[] = [];
    do {
      for (let round = 0; round < ROUNDS; round += 1) gains.push((await narrow()) / (await wide.run()));
    } while (side(gains, worthwhile) === 'unclear' && gains.length < MOST_ROUNDS);
    const gain = median(gains);
    const found = side(gains, worthwhile);
    if (found === 'above') {
      return { variant: 'simd256', reason: `in a probe, 256-bit is ${formatFaster(gain)} than 128-bit` };
    }
    const reason = 'in a probe, 256-bit gained little or nothing';
    // Where it costs no flag, one is as good as the other.
    return found === 'below' || worthwhile <= 1
      ? { variant: 'simd-relaxed', reason }
      : { variant: 'simd-relaxed', reason, note: variantUnclear(formatFaster(gain)) };
  } catch (error) {
    const fault = messageOf(error);
    return { variant: 'simd-relaxed', reason: `256-bit operations were tried and are not used: ${fault}` };
  } finally {
    await wide.close();
  }
}

/**
 * Whether gains are above or below a threshold, by a sign test: were they above it as often as below, the number above would
 * be CLEAR standard deviations from half of them in one of a hundred probes.
 */
export function side(gains: readonly number[], threshold: number): 'above' | 'below' | 'unclear' {
  const above = gains.filter((gain) => gain >= threshold).length;
  const distance = 2 * above - gains.length;
  if (Math.abs(distance) < CLEAR * Math.sqrt(gains.length)) return 'unclear';
  return distance > 0 ? 'above' : 'below';
}

/** One run of the probe's workload; seconds. */
type Run = () => Promise<number>;

interface Probe {
  /** False where the engine has no relaxed SIMD. */
  relaxed: boolean;
  /** Null where the variant does not work, with what was wrong. */
  run: Run | null;
  fault: string;
  close(): Promise<void>;
}

/** A variant that is warm and gives right results. */
async function openProbe(open: OpenVariant, variant: WasmVariant): Promise<Probe> {
  let host: KillableHost | undefined;
  const close = async () => void (await host?.close());
  try {
    host = watched(await open(variant), () => RUN_LIMIT_S);
    const { run: runOnce, read } = host;
    const environment = await host.environment();
    const program = wasmFlash.build(PROBE, environment);
    const slice = wholeSlice(PROBE, program.blockRows);
    const { id } = await host.prepare({ program, workload: PROBE, slice, data: DATA });
    const run = async () => (await runOnce(id)).seconds;
    let before = await run();
    for (let spent = before, now = 0; spent < WARM_AT_MOST; before = now) {
      now = await run();
      spent += now;
      if (spent >= WARM_SECONDS && Math.abs(now - before) / now < AGREE) break;
    }
    const rows = [0, 47, 48, 301, 479].map((row) => ({ batch: 0, queryHead: 0, row }));
    const check = compareRows(PROBE, oracle(PROBE, DATA, rows), await read(id, rows));
    const right = check.maxRelativeError <= check.tolerance;
    return { relaxed: environment.features.relaxedSimd, run: right ? run : null, fault: 'its result was wrong', close };
  } catch (error) {
    return { relaxed: true, run: null, fault: messageOf(error), close };
  }
}
