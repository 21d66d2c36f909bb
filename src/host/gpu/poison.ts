/** Overwrites outputs on a GPU with the NaN of poison.ts, by copies on the device. */

import type { Dtype } from '../../problem/workload.ts';
import { poisonWord } from '../poison.ts';
import { BUFFER_USAGE } from './usage-flags.ts';

/** Bytes that are copied at a time. */
const PIECE_BYTES = 2 ** 22;

/** Submits the copies over these buffers of elements of a type. */
export type GpuPoison = (outputs: readonly GPUBuffer[], dtype: Dtype) => void;

/** A poisoner; its own buffer is made when it is first needed, and once for each type. */
export function createGpuPoison(device: GPUDevice): GpuPoison {
  const sources = new Map<number, GPUBuffer>();
  const sourceOf = (word: number) => {
    const known = sources.get(word);
    if (known !== undefined) return known;
    const source = device.createBuffer({
      size: PIECE_BYTES,
      usage: BUFFER_USAGE.COPY_SRC | BUFFER_USAGE.COPY_DST,
    });
    device.queue.writeBuffer(source, 0, new Uint32Array(PIECE_BYTES / 4).fill(word));
    sources.set(word, source);
    return source;
  };
  return (outputs, dtype) => {
    const source = sourceOf(poisonWord(dtype));
    const encoder = device.createCommandEncoder();
    for (const output of outputs) {
      for (let at = 0; at < output.size; at += PIECE_BYTES) {
        encoder.copyBufferToBuffer(source, 0, output, at, Math.min(PIECE_BYTES, output.size - at));
      }
    }
    device.queue.submit([encoder.finish()]);
  };
}
