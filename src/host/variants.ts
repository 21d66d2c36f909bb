/** Chooses how the WebAssembly kernels are compiled: each variant is tried on a small workload, the fastest right one wins. */

import { wasmFlash } from '../../kernels/wasm/flash.ts';
import { compareRows, oracle } from '../oracle.ts';
import { wholeSlice } from '../slice.ts';
import type { Workload } from '../workload.ts';
import type { Host } from './host.ts';

/** How the WebAssembly kernels are compiled: plain SIMD, with fused multiply-adds, or packed into 256 bits as well. */
export type WasmVariant = 'simd' | 'simd-relaxed' | 'simd256';
export const WASM_VARIANTS: readonly WasmVariant[] = ['simd', 'simd-relaxed', 'simd256'];

export interface VariantChoice {
  variant: WasmVariant;
  reason: string;
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
/** Runs until the engine has compiled the kernel for speed, seconds; then this many that count. */
const WARM_SECONDS = 0.12;
const RUNS = 9;
/** A wider variant must gain this much to be worth an experimental flag. */
const WORTHWHILE = 1.1;

/** Opens a WebAssembly host of one thread whose kernels are compiled in a variant. */
export type OpenVariant = (variant: WasmVariant) => Promise<Host>;

/**
 * The best variant for this engine and CPU, found in under a second. `revectorizer` is false where the engine is known to
 * have none; where it may have one, the probe tells.
 */
export async function chooseVariant(open: OpenVariant, revectorizer: boolean): Promise<VariantChoice> {
  const narrow = await probe(open, 'simd-relaxed');
  if (!narrow.relaxed) return { variant: 'simd', reason: 'the engine has no relaxed SIMD' };
  if (narrow.seconds === null)
    return { variant: 'simd', reason: `relaxed SIMD was tried and is not used: ${narrow.fault}` };
  if (!revectorizer) {
    return { variant: 'simd-relaxed', reason: 'the engine has no revectoriser for 256-bit operations' };
  }
  const wide = await probe(open, 'simd256');
  if (wide.seconds === null)
    return { variant: 'simd-relaxed', reason: `256-bit operations were tried and are not used: ${wide.fault}` };
  const gain = narrow.seconds / wide.seconds;
  const measured = `256-bit operations ran ${gain.toFixed(2)} times as fast as 128-bit ones in a probe`;
  return gain >= WORTHWHILE ? { variant: 'simd256', reason: measured } : { variant: 'simd-relaxed', reason: measured };
}

/** Seconds of the fastest run on one thread (whatever else the machine does only adds time), or null with what was wrong. */
async function probe(
  open: OpenVariant,
  variant: WasmVariant,
): Promise<{ relaxed: boolean; seconds: number | null; fault: string }> {
  let host: Host | undefined;
  try {
    host = await open(variant);
    const { features, limits } = await host.environment();
    const program = wasmFlash.build(PROBE, features, limits);
    const slice = wholeSlice(PROBE, program.blockRows);
    const { id } = await host.prepare({ program, workload: PROBE, slice, data: DATA });
    for (let spent = 0; spent < WARM_SECONDS; ) spent += (await host.run(id)).seconds;
    const times: number[] = [];
    for (let run = 0; run < RUNS; run += 1) times.push((await host.run(id)).seconds);
    const rows = [0, 47, 48, 301, 479].map((row) => ({ batch: 0, queryHead: 0, row }));
    const check = compareRows(PROBE, oracle(PROBE, DATA, rows), await host.read(id, rows));
    const right = check.maxRelativeError <= check.tolerance;
    return {
      relaxed: features.relaxedSimd,
      seconds: right ? Math.min(...times) : null,
      fault: 'its result was wrong',
    };
  } catch (error) {
    return { relaxed: true, seconds: null, fault: error instanceof Error ? error.message : String(error) };
  } finally {
    await host?.close();
  }
}
