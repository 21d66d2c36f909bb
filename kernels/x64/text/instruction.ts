/** Machine code as typed data: instructions, labels and notes, which the host encodes and `bench show` prints. */

/** 64-bit general registers, and the 32-bit halves of those that make constants. */
export type General =
  | 'rax'
  | 'rbx'
  | 'rcx'
  | 'rdx'
  | 'rsi'
  | 'rdi'
  | 'rbp'
  | 'r8'
  | 'r9'
  | 'r10'
  | 'r11'
  | 'r12'
  | 'r13'
  | 'r14'
  | 'r15'
  | 'rsp'
  | 'eax'
  | 'ebx'
  | 'ecx'
  | 'edx';
/** Vector registers: 4, 8 or 16 floats. */
export type Vector = `${'x' | 'y' | 'z'}mm${number}`;
/** A mask register of AVX-512. */
export type MaskRegister = `k${1 | 2 | 3}`;
/** A tile register of AMX. */
export type Tile = `tmm${number}`;

/** Memory at base + index * scale + offset, in bytes. `each`: one float of it for all lanes (AVX-512). */
export interface Memory {
  base: General;
  index?: General;
  scale?: 1 | 2 | 4 | 8;
  offset: number;
  each?: true;
}

export type Operand = General | Vector | MaskRegister | Tile | Memory | number;

/** The instructions that the kernels use, by the names of Intel's manual. */
export type Mnemonic =
  | 'add'
  | 'and'
  | 'cmovg'
  | 'cmovge'
  | 'cmovl'
  | 'cmp'
  | 'cpuid'
  | 'div'
  | 'imul'
  | 'kmovd'
  | 'ldtilecfg'
  | 'lea'
  | 'mov'
  | 'neg'
  | 'pop'
  | 'prefetcht0'
  | 'prefetcht1'
  | 'push'
  | 'ret'
  | 'shl'
  | 'shr'
  | 'sub'
  | 'syscall'
  | 'tdpbf16ps'
  | 'test'
  | 'tileloadd'
  | 'tilerelease'
  | 'tilestored'
  | 'tilezero'
  | 'vaddps'
  | 'vaddss'
  | 'vandnps'
  | 'vandps'
  | 'vbroadcastss'
  | 'vcmpps'
  | 'vcvtneps2bf16'
  | 'vcvtsi2ss'
  | 'vdivps'
  | 'vdivss'
  | 'vdpbf16ps'
  | 'vextractf128'
  | 'vextractf64x4'
  | 'vfmadd213ps'
  | 'vfmadd231ps'
  | 'vfmsub213ps'
  | 'vmaskmovps'
  | 'vmaxps'
  | 'vmaxss'
  | 'vminps'
  | 'vmovd'
  | 'vmovdqu16'
  | 'vmovhlps'
  | 'vmovlhps'
  | 'vmovss'
  | 'vmovups'
  | 'vmulps'
  | 'vorps'
  | 'vpaddd'
  | 'vperm2f128'
  | 'vpermilps'
  | 'vpmovzxwd'
  | 'vpord'
  | 'vpslld'
  | 'vpxord'
  | 'vshuff64x2'
  | 'vshufps'
  | 'vsubps'
  | 'vucomiss'
  | 'vunpckhps'
  | 'vunpcklps'
  | 'vxorps'
  | 'vzeroupper'
  | 'xgetbv'
  | 'xor';

/** Jumps: always, or by the last comparison of signed numbers. */
export type Jump = 'jmp' | 'je' | 'jne' | 'jl' | 'jle' | 'jg' | 'jge' | 'jp';

/** One instruction; a masked one writes only the lanes of its mask, and zeros to the others where it loads. */
export interface Instruction {
  op: Mnemonic;
  operands: Operand[];
  mask?: MaskRegister;
}

/** A line of a listing. */
export type Line = Instruction | { jump: Jump; to: string } | { label: string } | { note: string };
/** Lines, nested as they were written. */
export type Code = Line | readonly Code[];

export const op = (mnemonic: Mnemonic, ...operands: Operand[]): Instruction => ({ op: mnemonic, operands });
export const masked = (mask: MaskRegister, instruction: Instruction): Instruction => ({ ...instruction, mask });
export const at = (base: General, offset = 0): Memory => ({ base, offset });
export const atIndex = (base: General, index: General, scale: 1 | 2 | 4 | 8 = 1, offset = 0): Memory => ({
  base,
  index,
  scale,
  offset,
});
export const note = (text: string): Line => ({ note: text });

/** All lines in order. */
export function linesOf(code: Code): Line[] {
  return isList(code) ? code.flatMap(linesOf) : [code];
}

const isList = (code: Code): code is readonly Code[] => Array.isArray(code);

/** `count` pieces of code, by index. */
export const times = (count: number, each: (index: number) => Code): Code =>
  Array.from({ length: count }, (_, index) => each(index));
