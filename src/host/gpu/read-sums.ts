/** The sums of every output row from a GPU's buffers, which are brought to the host in pieces. */

import { fromHalf } from '../../problem/half.ts';
import { elementBytes, valueDim } from '../../problem/workload.ts';
import { addSums, emptySums, type SummedShape, sumWeights } from '../row-sums.ts';
import type { PreparedPart } from './buffers.ts';
import { BUFFER_USAGE, MAP_MODE_READ } from './usage-flags.ts';

/** Bytes of output that lie on the host at a time, about. */
const PIECE_BYTES = 2 ** 25;

/** The sums of all rows of the last run, as Host.sums has them. `shape` is that of all parts together. */
export async function readSums(
  device: GPUDevice,
  parts: readonly PreparedPart[],
  shape: SummedShape,
  seed: number,
): Promise<Float64Array> {
  const [first] = parts as [PreparedPart];
  const sums = emptySums(shape);
  const weights = sumWeights(seed, valueDim(first.workload));
  for (const { layout, output, workload } of parts) {
    const place = {
      ...{ shape, layout },
      batch: layout.firstBatch - first.layout.firstBatch,
      queryHead: layout.firstQueryHead - first.layout.firstQueryHead,
    };
    const tokenBytes = layout.oStride * elementBytes(workload.dtype);
    const tokens = layout.oElements / layout.oStride;
    const atOnce = Math.max(1, Math.floor(PIECE_BYTES / tokenBytes));
    for (let token = 0; token < tokens; token += atOnce) {
      const size = Math.min(atOnce, tokens - token) * tokenBytes;
      const content = await readPiece(device, output, token * tokenBytes, size);
      const values =
        workload.dtype === 'f16' ? Float32Array.from(new Uint16Array(content), fromHalf) : new Float32Array(content);
      addSums(sums, place, values, token, weights);
    }
  }
  return sums;
}

async function readPiece(device: GPUDevice, buffer: GPUBuffer, offset: number, size: number): Promise<ArrayBuffer> {
  const staging = device.createBuffer({ size, usage: BUFFER_USAGE.MAP_READ | BUFFER_USAGE.COPY_DST });
  try {
    const encoder = device.createCommandEncoder();
    encoder.copyBufferToBuffer(buffer, offset, staging, 0, size);
    device.queue.submit([encoder.finish()]);
    await staging.mapAsync(MAP_MODE_READ);
    return staging.getMappedRange().slice(0);
  } finally {
    staging.destroy();
  }
}
