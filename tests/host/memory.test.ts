/** The memory that a child takes for a long sequence: the tensors that run, packed K, and little more. */

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { TYPICAL_DEVICE } from '../../kernels/typical-device.ts';
import { wasmFlash } from '../../kernels/wasm/flash.ts';
import { footprint } from '../../src/host/footprint.ts';
import { spawnWasm } from '../../src/host/node/wasm-children.ts';
import { wholeSlice } from '../../src/problem/slice.ts';
import { bytes } from '../../src/problem/workload.ts';
import { workload } from '../workloads.ts';

const LONG = workload({ headDim: 128, seqQuery: 96, seqKv: 131072 });

/** A field of /proc/PID/status in bytes: what a process holds now (VmRSS), and at most held (VmHWM). */
function memory(pid: number, field: 'VmRSS' | 'VmHWM'): number {
  const found = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(found?.[1]) * 1024;
}

describe('a WebAssembly child at 128k keys', () => {
  it.skipIf(process.platform !== 'linux')('holds at most 1.15 times its tensors and packed K, and 32 MiB', async () => {
    const host = await spawnWasm('simd-relaxed', 2);
    try {
      const program = wasmFlash.build(LONG, await host.environment());
      await host.compile(program);
      const before = memory(host.pid, 'VmRSS');
      const slice = wholeSlice(LONG, program.blockRows);
      const { id } = await host.prepare({ program, workload: LONG, slice, data: { kind: 'normal', seed: 1 } });
      await host.run(id);
      const packedK = LONG.seqKv * LONG.kvHeads * LONG.headDim * 4;
      expect(memory(host.pid, 'VmHWM') - before).toBeLessThan(1.15 * (bytes(LONG) + packedK) + 32 * 2 ** 20);
    } finally {
      await host.close();
    }
  });

  it('is planned with V where it lies only where a KV head lies alone and needs no padding', () => {
    const planned = (changes: Parameters<typeof workload>[0]) => {
      const w = workload({ headDim: 128, seqQuery: 96, ...changes });
      const program = wasmFlash.build(w, {
        ...TYPICAL_DEVICE,
        features: { ...TYPICAL_DEVICE.features, simd256: true },
      });
      return footprint(program, w, wholeSlice(w, program.blockRows), 1) / (4 * w.seqKv * w.headDim);
    };
    // k and v, then packed K alone or both, in tensors of one KV head, within the little that q, o and scratch take.
    expect(planned({ seqKv: 131072 })).toBeCloseTo(3, 1);
    expect(planned({ seqKv: 131072 - 8 })).toBeCloseTo(4, 1);
    expect(planned({ seqKv: 131072, queryHeads: 2, kvHeads: 2 })).toBeCloseTo(8, 1);
    expect(planned({ seqKv: 32768 })).toBeCloseTo(4, 1);
  });
});
