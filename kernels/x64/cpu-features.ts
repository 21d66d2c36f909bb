/** What the CPU has, asked by code: CPUID and XGETBV, written out as 32-bit numbers at the address in the argument. */

import { zero } from './text/control.ts';
import { at, type Code, note, op } from './text/instruction.ts';

/** Leaves of CPUID that are asked for, each with a subleaf; four registers each: eax, ebx, ecx, edx. */
const LEAVES = [
  { leaf: 0, subleaf: 0 },
  { leaf: 1, subleaf: 0 },
  { leaf: 7, subleaf: 0 },
  { leaf: 7, subleaf: 1 },
] as const;
const REGISTERS = ['eax', 'ebx', 'ecx', 'edx'] as const;
/** 32-bit words that the function writes: those of the leaves, and the states that the system saves (XCR0), zeros where it says none. */
export const FEATURE_WORDS = LEAVES.length * 4 + 2;

/** `features`: its argument is the address of FEATURE_WORDS words. */
export function emitCpuFeatures(): Code {
  const saves = 'features_end';
  return [
    note('features: CPUID of each leaf, then XCR0.'),
    { label: 'features' },
    op('push', 'rbx'),
    op('mov', 'r8', 'rdi'),
    LEAVES.map(({ leaf, subleaf }, i) => [
      op('mov', 'eax', leaf),
      op('mov', 'ecx', subleaf),
      op('cpuid'),
      REGISTERS.map((register, word) => op('mov', at('r8', (i * 4 + word) * 4), register)),
    ]),
    zero('rax'),
    op('mov', at('r8', LEAVES.length * 16), 'rax'),
    note('OSXSAVE, bit 27 of ecx of leaf 1: XGETBV may be asked'),
    op('mov', 'rcx', at('r8', 16 + 8)),
    op('and', 'rcx', 1 << 27),
    { jump: 'je', to: saves },
    op('mov', 'ecx', 0),
    op('xgetbv'),
    op('mov', at('r8', LEAVES.length * 16), 'eax'),
    op('mov', at('r8', LEAVES.length * 16 + 4), 'edx'),
    { label: saves },
    op('pop', 'rbx'),
    op('ret'),
  ];
}

/** What kernels ask for, by the names of Intel's manual (volume 2A, CPUID). */
export interface CpuFeatures {
  avx2: boolean;
  /** F, DQ, BW and VL, whose registers the system saves. */
  avx512: boolean;
  avx512Bf16: boolean;
  amxBf16: boolean;
}

/** Reads the words of `features`. */
export function readCpuFeatures(words: Uint32Array): CpuFeatures {
  const word = (leaf: number, subleaf: number, register: (typeof REGISTERS)[number]) => {
    const i = LEAVES.findIndex((item) => item.leaf === leaf && item.subleaf === subleaf);
    const most = words[0] ?? 0;
    return leaf > most ? 0 : (words[i * 4 + REGISTERS.indexOf(register)] ?? 0);
  };
  const saved = words[LEAVES.length * 4] ?? 0;
  const has = (value: number, ...bits: number[]) => bits.every((bit) => (value >>> bit) % 2 === 1);
  const [one, seven] = [word(1, 0, 'ecx'), word(7, 0, 'ebx')];
  // XCR0: 1 and 2 vectors of 256 bits, 5 to 7 those of 512 and masks, 17 and 18 tiles.
  const avx2 = has(saved, 1, 2) && has(one, 12, 28) && has(seven, 5);
  const avx512 = avx2 && has(saved, 5, 6, 7) && has(seven, 16, 17, 30, 31);
  return {
    avx2,
    avx512,
    avx512Bf16: avx512 && has(word(7, 1, 'eax'), 5),
    amxBf16: avx512 && has(saved, 17, 18) && has(word(7, 0, 'edx'), 22, 24),
  };
}
