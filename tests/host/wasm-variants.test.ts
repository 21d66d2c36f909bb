/** The choice of a WebAssembly variant on mock hosts: clear gains, and gains at the threshold. */

import { describe, expect, it } from 'vitest';
import { side } from '../../src/host/cpu/variant-probe.ts';
import { chooseVariant, type WasmVariant } from '../../src/host/cpu/wasm-variants.ts';
import { createMockHost, parseMockOptions } from '../../src/host/mock.ts';

/** The choice where 256 bits are these times as fast, in turn; their samples of as many passes as fill the same time, or of one. */
async function choose(gains: readonly number[], worthwhile: number, fillsTime = false) {
  let runs = 0;
  const open = async (variant: WasmVariant) => {
    const host = createMockHost({ backend: 'wasm' }, parseMockOptions('rate=1e10'));
    if (variant !== 'simd256') return host;
    return {
      ...host,
      async run(id: number) {
        const sample = await host.run(id);
        runs += 1;
        const gain = gains[runs % gains.length] ?? 1;
        return fillsTime ? { ...sample, flops: sample.flops * gain } : { ...sample, seconds: sample.seconds / gain };
      },
    };
  };
  return chooseVariant({ open, revectorizer: true, worthwhile });
}

describe('the variant of the WebAssembly kernels', () => {
  it('is 256 bits where they clearly gain, and 128 where they do not', async () => {
    expect(await choose([1.6, 1.8], 1.1)).toMatchObject({
      variant: 'simd256',
      reason: expect.stringContaining('faster'),
    });
    expect(await choose([1.0, 1.02], 1.1)).toEqual({
      variant: 'simd-relaxed',
      reason: 'in a probe, 256-bit gained little or nothing',
    });
  });

  it('is told by rates, since a sample may be several passes', async () => {
    expect(await choose([1.6, 1.8], 1.1, true)).toMatchObject({ variant: 'simd256' });
  });

  it('is 128 bits where a gain is at the threshold, with a note that says so', async () => {
    const found = await choose([1.05, 1.15, 1.08, 1.12], 1.1);
    expect(found.variant).toBe('simd-relaxed');
    expect(found.note).toMatch(/not clearly worth .* --variant simd256 or --variant simd-relaxed keeps runs alike/);
  });

  it('needs no note where no flag is at stake', async () => {
    expect((await choose([0.98, 1.02], 1)).note).toBeUndefined();
  });
});

describe('a sign test', () => {
  const gains = (above: number, below: number) => [...Array<number>(above).fill(1.5), ...Array<number>(below).fill(1)];

  it('tells the side that most gains are on, from as many as it takes', () => {
    expect(side(gains(9, 0), 1.1)).toBe('above');
    expect(side(gains(0, 9), 1.1)).toBe('below');
    expect(side(gains(7, 2), 1.1)).toBe('unclear');
    expect(side(gains(45, 18), 1.1)).toBe('above');
    expect(side(gains(32, 31), 1.1)).toBe('unclear');
  });
});
