/** The tile of the WebAssembly kernel: how much of the two matrix products is held in registers and in the caches. */

export interface WasmConfiguration {
  /** Query rows of the register tile. */
  rows: number;
  /** 4-float vectors of the register tile: keys in q k^T, head dimensions in p v. A panel is 4 * vectors wide. */
  vectors: number;
  /** Query rows of one work tile, a multiple of `rows`. */
  blockRows: number;
  /** Keys of one step of the online softmax, a multiple of the panel width. */
  blockKeys: number;
  /** Steps of the contracted dimension that the inner loops unroll; divides 16. */
  unroll: number;
  /** Sums multiplied by the rescale factor always, or only where it is not 1 for every row of the tile. */
  rescale: 'always' | 'branch';
  /** By row groups: scores, softmax and sums of one before the next begins. By phases: each of the three for all row groups. */
  order: 'groups' | 'phases';
  /** Row maxima taken always, or only where the norms of q and k do not bound the logits of a unit (see bounds.ts). */
  maxima: 'always' | 'when-needed';
  /** V in panels like K, or as rows, [key][dim]: then V of a KV head that lies alone in memory is not copied. */
  values: 'panels' | 'rows';
}

/** Columns of one packed panel: the keys (K) or head dimensions (V) that a register tile covers. */
export function panelWidth(config: WasmConfiguration): number {
  return config.vectors * 4;
}
