/** Timestamp queries: the GPU's own clock, read before and after a compute pass. */

import { BUFFER_USAGE, MAP_MODE_READ } from './usage-flags.ts';

/** A pair of timestamps around each compute pass, read back in seconds. */
export interface TimestampQueries {
  /** What a pass that is to be timed begins with. */
  writes: GPUComputePassTimestampWrites;
  /** Keeps the pair of the pass just encoded as the result of number `index`, below the capacity. */
  resolve(encoder: GPUCommandEncoder, index: number): void;
  /** Durations of the first `count` passes resolved, seconds. */
  read(count: number): Promise<number[]>;
  destroy(): void;
}

/** Resolved queries must lie on multiples of 256 bytes. */
const RESOLVE_STRIDE = 256;

/** Timestamp queries for up to `capacity` passes between two reads. The device needs the feature timestamp-query. */
export function createTimestampQueries(device: GPUDevice, capacity: number): TimestampQueries {
  const querySet = device.createQuerySet({ type: 'timestamp', count: 2 });
  const size = capacity * RESOLVE_STRIDE;
  const results = device.createBuffer({ size, usage: BUFFER_USAGE.QUERY_RESOLVE | BUFFER_USAGE.COPY_SRC });
  const staging = device.createBuffer({ size, usage: BUFFER_USAGE.MAP_READ | BUFFER_USAGE.COPY_DST });
  return {
    writes: { querySet, beginningOfPassWriteIndex: 0, endOfPassWriteIndex: 1 },
    resolve: (encoder, index) => encoder.resolveQuerySet(querySet, 0, 2, results, index * RESOLVE_STRIDE),
    async read(count) {
      const encoder = device.createCommandEncoder();
      encoder.copyBufferToBuffer(results, 0, staging, 0, count * RESOLVE_STRIDE);
      device.queue.submit([encoder.finish()]);
      await staging.mapAsync(MAP_MODE_READ, 0, count * RESOLVE_STRIDE);
      const words = new BigUint64Array(staging.getMappedRange(0, count * RESOLVE_STRIDE).slice(0));
      staging.unmap();
      return Array.from({ length: count }, (_, i) => {
        const at = (i * RESOLVE_STRIDE) / 8;
        return Number((words[at + 1] as bigint) - (words[at] as bigint)) / 1e9;
      });
    },
    destroy() {
      for (const item of [querySet, results, staging]) item.destroy();
    },
  };
}
