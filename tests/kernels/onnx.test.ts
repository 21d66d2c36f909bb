/** The ONNX models of the peers, read back field by field, and what they refuse. */

import { describe, expect, it } from 'vitest';
import { findKernel } from '../../kernels/index.ts';
import { type OrtBuild, ortModel } from '../../kernels/peers/ort-model.ts';
import { TYPICAL_DEVICE } from '../../kernels/typical-device.ts';
import { workload } from '../workloads.ts';

/** Protocol buffer fields of a message: number, and bytes or integer. */
function fields(bytes: Uint8Array): { field: number; value: Uint8Array | number }[] {
  const result: { field: number; value: Uint8Array | number }[] = [];
  let at = 0;
  const varint = () => {
    let [value, factor] = [0, 1];
    for (;;) {
      const byte = bytes[at] ?? 0;
      at += 1;
      value += (byte % 128) * factor;
      if (byte < 128) return value;
      factor *= 128;
    }
  };
  while (at < bytes.length) {
    const key = varint();
    const field = Math.floor(key / 8);
    if (key % 8 === 0) result.push({ field, value: varint() });
    else {
      const length = key % 8 === 2 ? varint() : 4;
      result.push({ field, value: bytes.subarray(at, at + length) });
      at += length;
    }
  }
  return result;
}

const texts = (list: ReturnType<typeof fields>, field: number) =>
  list.filter((item) => item.field === field).map(({ value }) => new TextDecoder().decode(value as Uint8Array));

function node(w: ReturnType<typeof workload>, build: OrtBuild = 'native') {
  const graph = fields(ortModel(w, build).model).find(({ field }) => field === 7)?.value as Uint8Array;
  const found = fields(graph).find(({ field }) => field === 1)?.value as Uint8Array;
  const list = fields(found);
  return { inputs: texts(list, 1), operator: texts(list, 4)[0], domain: texts(list, 7)[0] };
}

describe('models', () => {
  it('choose the operator by mask and grouping', () => {
    expect(node(workload({ queryHeads: 4, kvHeads: 4 }))).toEqual({
      inputs: ['q', 'k', 'v'],
      operator: 'MultiHeadAttention',
      domain: 'com.microsoft',
    });
    expect(node(workload({ queryHeads: 4, kvHeads: 2 })).operator).toBe('Attention');
    expect(node(workload({ queryHeads: 4, kvHeads: 2, mask: 'causal' }))).toMatchObject({
      operator: 'GroupQueryAttention',
      inputs: ['q', 'k', 'v', '', '', 'lengths', 'total'],
    });
    // One query, the last, sees every key, so that no mask is wanted.
    expect(node(workload({ queryHeads: 4, kvHeads: 2, mask: 'causal', seqQuery: 1, seqKv: 9 })).operator).toBe(
      'Attention',
    );
    // Compiled to WebAssembly the operators that compute every score are the faster ones.
    expect(node(workload({ queryHeads: 4, kvHeads: 2, mask: 'causal' }), 'wasm').operator).toBe('Attention');
    expect(node(workload({ queryHeads: 4, kvHeads: 4, mask: 'causal' }), 'wasm').operator).toBe('MultiHeadAttention');
  });

  it('cannot run what the operators cannot', () => {
    const { unsupported } = findKernel('ort-native');
    expect(unsupported(workload({ window: 4 }), TYPICAL_DEVICE)).toMatch(/sliding windows/);
    expect(unsupported(workload({ seqQuery: 4, seqKv: 8, mask: 'causal' }), TYPICAL_DEVICE)).toMatch(
      /as many queries as keys/,
    );
    expect(unsupported(workload({ seqQuery: 4, seqKv: 8 }), TYPICAL_DEVICE)).toBeUndefined();
    expect(unsupported(workload({ seqQuery: 1, seqKv: 8, mask: 'causal' }), TYPICAL_DEVICE)).toBeUndefined();
    const inWasm = findKernel('ort-wasm');
    const long = workload({ headDim: 128, seqQuery: 2897, seqKv: 2897 });
    expect(inWasm.unsupported(long, TYPICAL_DEVICE)).toMatch(/at head dimension 128 it takes 2896 tokens/);
    expect(inWasm.unsupported({ ...long, seqQuery: 2896, seqKv: 2896 }, TYPICAL_DEVICE)).toBeUndefined();
    expect(inWasm.unsupported(workload({ window: 4 }), TYPICAL_DEVICE)).toMatch(/sliding windows/);
    const onGpu = findKernel('ort-webgpu');
    const grouped = workload({ queryHeads: 4, kvHeads: 2 });
    expect(unsupported(grouped, TYPICAL_DEVICE)).toBeUndefined();
    expect(onGpu.unsupported(grouped, TYPICAL_DEVICE)).toMatch(/would run on the CPU/);
    expect(onGpu.unsupported({ ...grouped, mask: 'causal' }, TYPICAL_DEVICE)).toBeUndefined();
  });
});
