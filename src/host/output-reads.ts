/** How hosts answer `read` and `sums` of an output that lies in one array. */

import type { Host } from './contract.ts';
import { sumsOf } from './row-sums.ts';
import { copyRows, type TensorLayout } from './tensor-layout.ts';

/** An output, [batch, seq, heads, dims], in the layout that it was written in. */
interface WholeOutput {
  output: Float32Array;
  layout: TensorLayout;
}

/** Both methods; `outputOf` gives the output of the last run of what is prepared under a number. */
export const outputReads = (
  outputOf: (id: number) => WholeOutput | Promise<WholeOutput>,
): Pick<Host, 'read' | 'sums'> => ({
  async read(id, rows) {
    const { output, layout } = await outputOf(id);
    return copyRows(output, layout, rows);
  },
  async sums(id, seed) {
    const { output, layout } = await outputOf(id);
    return sumsOf(output, layout, seed);
  },
});
