/** What is read of a CPU's own words: features count only where the system saves their registers. */

import { describe, expect, it } from 'vitest';
import { FEATURE_WORDS, readCpuFeatures } from '../../../kernels/x64/cpu-features.ts';

const bits = (...numbers: number[]) => numbers.reduce((sum, bit) => sum + 2 ** bit, 0);

/** The words of a CPU by Intel's manual (volume 2A, CPUID): leaves 0, 1, 7 and 7.1, four registers each, then XCR0. */
function words(change: Partial<Record<'ecx1' | 'ebx7' | 'edx7' | 'eax71' | 'xcr0', number>> = {}): Uint32Array {
  const sapphireRapids = {
    ecx1: bits(12, 27, 28),
    ebx7: bits(5, 16, 17, 30, 31),
    edx7: bits(22, 24, 25),
    eax71: bits(5),
    xcr0: bits(0, 1, 2, 5, 6, 7, 17, 18),
  };
  const { ecx1, ebx7, edx7, eax71, xcr0 } = { ...sapphireRapids, ...change };
  const all = new Uint32Array(FEATURE_WORDS);
  all.set([0x20, 0, 0, 0, 0, 0, ecx1, 0, 1, ebx7, 0, edx7, eax71, 0, 0, 0, xcr0, 0]);
  return all;
}

describe('readCpuFeatures', () => {
  it('finds all of a CPU that has all', () => {
    expect(readCpuFeatures(words())).toEqual({ avx2: true, avx512: true, avx512Bf16: true, amxBf16: true });
  });

  it('needs both bits of AMX, and both states of tiles', () => {
    for (const edx7 of [bits(22), bits(24), 0]) expect(readCpuFeatures(words({ edx7 })).amxBf16).toBe(false);
    for (const state of [17, 18]) {
      const found = readCpuFeatures(words({ xcr0: bits(0, 1, 2, 5, 6, 7, state) }));
      expect(found).toMatchObject({ avx512Bf16: true, amxBf16: false });
    }
  });

  it('has no wider vectors than the system saves', () => {
    const none = { avx512: false, avx512Bf16: false, amxBf16: false };
    expect(readCpuFeatures(words({ xcr0: bits(0, 1, 2) }))).toEqual({ avx2: true, ...none });
    expect(readCpuFeatures(words({ xcr0: bits(0, 1) }))).toEqual({ avx2: false, ...none });
    expect(readCpuFeatures(words({ eax71: 0 })).avx512Bf16).toBe(false);
  });
});
