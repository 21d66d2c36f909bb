/** The configuration of the WebAssembly kernel: how much of the two matrix products is held in registers and in the caches. */

import { z } from 'zod';
import { count } from '../tunable.ts';

export const wasmConfigurationSchema = z.strictObject({
  /** Query rows of the register tile. */
  rows: count,
  /** 4-float vectors of the register tile: keys in q k^T, head dimensions in p v. A panel is 4 * vectors wide. */
  vectors: count,
  /** Query rows of one work tile, a multiple of `rows`. */
  blockRows: count,
  /** Keys of one step of the online softmax, a multiple of the panel width. */
  blockKeys: count,
  /** Steps of the contracted dimension that the inner loops unroll; divides 16. */
  unroll: count,
  /** Sums multiplied by the rescale factor always, or only where it is not 1 for every row of the register tile. */
  rescale: z.enum(['always', 'branch']),
  /** By row groups: scores, softmax and sums of one before the next begins. By phases: each of the three for all row groups. */
  order: z.enum(['groups', 'phases']),
  /** Row maxima taken always, or only where the norms of q and k do not bound the logits of a work tile (see bounds.ts). */
  maxima: z.enum(['always', 'when-needed']),
  /** V in panels like K, or as rows, [key][dim]: then V of a KV head that lies alone in memory is not copied. */
  values: z.enum(['panels', 'rows']),
});

export type WasmConfiguration = z.infer<typeof wasmConfigurationSchema>;

/** Columns of one packed panel: the keys (K) or head dimensions (V) that a register tile covers. */
export function panelWidth(config: WasmConfiguration): number {
  return config.vectors * 4;
}
