/** Brings output rows from a GPU's buffers to the host, as f32. */

import { fromHalf } from '../../problem/half.ts';
import type { RowAddress } from '../../problem/slice.ts';
import { elementBytes, valueDim } from '../../problem/workload.ts';
import type { PreparedPart } from './buffers.ts';
import { BUFFER_USAGE, MAP_MODE_READ } from './usage-flags.ts';

/**
 * Output rows of the last run, valueDim values each, read from the part that holds their head. Throws RangeError where
 * none does.
 */
export async function readRows(
  device: GPUDevice,
  parts: readonly PreparedPart[],
  rows: RowAddress[],
): Promise<Float32Array[]> {
  const { workload } = parts[0] as PreparedPart;
  const { dtype } = workload;
  const dims = valueDim(workload);
  const bytes = elementBytes(dtype);
  // Copies begin and end at multiples of 4 bytes; rows of an odd number of halves do not.
  const placeBytes = Math.ceil((dims * bytes) / 4) * 4 + (dims % 2 === 1 && bytes === 2 ? 4 : 0);
  const skipped: number[] = [];
  const staging = device.createBuffer({
    size: rows.length * placeBytes,
    usage: BUFFER_USAGE.MAP_READ | BUFFER_USAGE.COPY_DST,
  });
  try {
    const encoder = device.createCommandEncoder();
    rows.forEach((address, index) => {
      // Without a holder the first part says what is wrong.
      const part = parts.find(({ layout }) => layout.holds(address)) ?? (parts[0] as PreparedPart);
      const at = part.layout.locate(address) * bytes;
      const begin = Math.floor(at / 4) * 4;
      const size = Math.ceil((at + dims * bytes) / 4) * 4 - begin;
      skipped.push((at - begin) / bytes);
      encoder.copyBufferToBuffer(part.output, begin, staging, index * placeBytes, size);
    });
    device.queue.submit([encoder.finish()]);
    await staging.mapAsync(MAP_MODE_READ);
    const content = staging.getMappedRange().slice(0);
    const values = dtype === 'f16' ? Float32Array.from(new Uint16Array(content), fromHalf) : new Float32Array(content);
    return rows.map((_, index) => {
      const first = (index * placeBytes) / bytes + (skipped[index] ?? 0);
      return values.slice(first, first + dims);
    });
  } finally {
    staging.destroy();
  }
}
