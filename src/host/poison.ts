/**
 * Outputs are overwritten before each run, outside what is timed, with a NaN that no arithmetic makes, so that what a run does
 * not write is found in that run: what an earlier one wrote is gone.
 */

import { rowsUnwritten } from '../messages.ts';
import type { Dtype } from '../problem/workload.ts';
import type { Stored } from './stored.ts';
import type { TensorLayout } from './tensor-layout.ts';

/** NaN with a payload of its own, as bits of the type. */
const POISON = { f32: 0x7fc5a5a5, f16: 0x7e5a, bf16: 0x7fc5 } as const;

/** The 32-bit words that a poisoned output of a type holds. */
export const poisonWord = (dtype: Dtype): number => (dtype === 'f16' ? POISON.f16 * 0x10001 : POISON.f32);

/** An output of f32 or bf16 in this process, poisoned before a run and looked at after it. */
export interface Poisoned {
  poison(): void;
  /** Throws where a row was left as it was. One element of each row is looked at, in every run another. */
  check(output: Stored): void;
}

/** A poisoner of an output, [batch, seq, heads, dims]. */
export function createPoison(output: Stored, layout: TensorLayout): Poisoned {
  const wordsOf = (values: Stored) =>
    values instanceof Uint16Array ? values : new Uint32Array(values.buffer, values.byteOffset, values.length);
  const poison = output instanceof Uint16Array ? POISON.bf16 : POISON.f32;
  const dims = layout.oStride / layout.shape.queryHeads;
  let runs = 0;
  return {
    poison: () => void wordsOf(output).fill(poison),
    check(written) {
      const found = wordsOf(written);
      runs += 1;
      let unwritten = 0;
      for (let at = runs % dims; at < found.length; at += dims) if (found[at] === poison) unwritten += 1;
      if (unwritten > 0) throw new Error(rowsUnwritten(unwritten, found.length / dims));
    },
  };
}
