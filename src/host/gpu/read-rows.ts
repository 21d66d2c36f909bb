/** Brings output rows from a GPU's buffers to the host, as f32. */

import { fromHalf } from '../../problem/half.ts';
import type { RowAddress } from '../../problem/slice.ts';
import { elementBytes } from '../../problem/workload.ts';
import type { PreparedPart } from './buffers.ts';
import { BUFFER_USAGE, MAP_MODE_READ } from './usage-flags.ts';

/**
 * Output rows of the last run, headDim values each, read from the part that holds their head. Throws RangeError where
 * none does.
 */
export async function readRows(
  device: GPUDevice,
  parts: readonly PreparedPart[],
  rows: RowAddress[],
): Promise<Float32Array[]> {
  const { headDim, dtype } = (parts[0] as PreparedPart).workload;
  const bytes = elementBytes(dtype);
  const rowBytes = headDim * bytes;
  const staging = device.createBuffer({
    size: rows.length * rowBytes,
    usage: BUFFER_USAGE.MAP_READ | BUFFER_USAGE.COPY_DST,
  });
  try {
    const encoder = device.createCommandEncoder();
    rows.forEach((address, index) => {
      // Without a holder the first part says what is wrong.
      const part = parts.find(({ layout }) => layout.holds(address)) ?? (parts[0] as PreparedPart);
      encoder.copyBufferToBuffer(part.output, part.layout.locate(address) * bytes, staging, index * rowBytes, rowBytes);
    });
    device.queue.submit([encoder.finish()]);
    await staging.mapAsync(MAP_MODE_READ);
    const content = staging.getMappedRange().slice(0);
    const values = dtype === 'f16' ? Float32Array.from(new Uint16Array(content), fromHalf) : new Float32Array(content);
    return rows.map((_, index) => values.slice(index * headDim, (index + 1) * headDim));
  } finally {
    staging.destroy();
  }
}
