/** Chooses how the WebAssembly kernels are compiled: each variant is tried on a small workload, the fastest right one wins. */

import { wasmFlash } from '../../../kernels/wasm/flash.ts';
import { formatFaster } from '../../format.ts';
import { messageOf, variantUnclear } from '../../messages.ts';
import type { KillableHost } from '../target.ts';
import { openProbe, type Run, weigh } from './variant-probe.ts';

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
  const narrow = await openProbe(() => open('simd-relaxed'), wasmFlash);
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
  const wide = await openProbe(() => open('simd256'), wasmFlash);
  try {
    if (wide.run === null) {
      return { variant: 'simd-relaxed', reason: `256-bit operations were tried and are not used: ${wide.fault}` };
    }
    const { gain, found } = await weigh(narrow, wide.run, worthwhile);
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
