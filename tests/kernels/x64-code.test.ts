/** Machine code, encoded by one library and read back by another: what stands in the bytes is what was meant, on any machine. */

import { Capstone, Const, loadCapstone } from 'capstone-wasm';
import { beforeAll, describe, expect, it } from 'vitest';
import { x64ClockProbe, x64MemoryReads, x64MultiplyAdd } from '../../kernels/ceilings/x64.ts';
import type { InstructionSet } from '../../kernels/device.ts';
import { TYPICAL_DEVICE } from '../../kernels/typical-device.ts';
import { emitCpuFeatures } from '../../kernels/x64/cpu-features.ts';
import { x64Flash } from '../../kernels/x64/flash.ts';
import { emitPermitTiles } from '../../kernels/x64/permit-tiles.ts';
import { type Code, type Line, linesOf, op } from '../../kernels/x64/text/instruction.ts';
import { printInstruction } from '../../kernels/x64/text/print.ts';
import { encode } from '../../src/host/node/x64/encode.ts';
import { workload } from '../workloads.ts';
import { bf16Programs, isUnknown, readList } from './x64/unknown-instructions.ts';

let capstone: Capstone;
beforeAll(async () => {
  await loadCapstone();
  capstone = new Capstone(Const.CS_ARCH_X86, Const.CS_MODE_64);
});

/** The lines of code that are instructions, as text; jumps with the place that they go to. */
function meant(code: Code, labels: Map<string, number>): string[] {
  const isCode = (line: Line) => !('note' in line) && !('label' in line);
  return linesOf(code)
    .filter(isCode)
    .map((line) => {
      if ('jump' in line) return `${line.jump} ${labels.get(line.to)}`;
      return 'op' in line ? printInstruction(line) : '';
    })
    .map(plain);
}

/** Bytes as text, by the other library. */
function read(bytes: Uint8Array, address = 0): string[] {
  return bytes.length === 0
    ? []
    : capstone.disasm(bytes, { address }).map(({ mnemonic, opStr }) => plain(`${mnemonic} ${opStr}`));
}

/** One spelling of both: decimal numbers, no sizes of memory, spaces only where words need them. */
function plain(text: string): string {
  const signed = (digits: string) => String(BigInt.asIntN(64, BigInt(digits)));
  return text
    .replaceAll(/\b(byte|[dqxyz]*m*word) ptr /g, '')
    .replaceAll(/\{1to\d+\}/g, '{each}')
    .replaceAll(/\b0x[0-9a-f]+\b/g, (digits) => (digits.length > 10 ? signed(digits) : String(Number(digits))))
    .replace(/^(vcmp)(lt|nlt)ps (.*)$/, (_, name, kind, operands) => `${name}ps ${operands}, ${kind === 'lt' ? 1 : 5}`)
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/ ?([*+,-]) ?/g, '$1')
    .replaceAll(/ \{/g, '{')
    .trim();
}

function expectAsMeant(code: Code): void {
  const { bytes, labels } = encode(code);
  const wanted = meant(code, labels);
  expect(wanted.length).toBeGreaterThan(5);
  expect(read(bytes)).toEqual(wanted);
}

const SETS: readonly InstructionSet[] = ['avx2', 'avx512'];
const device = (instructionSet: InstructionSet) => ({
  ...TYPICAL_DEVICE,
  features: { ...TYPICAL_DEVICE.features, instructionSet },
});

describe.each(SETS)('x64-flash in %s', (set) => {
  it.each([
    { headDim: 128 },
    { headDim: 64, softcap: 30, sinks: true },
    { headDim: 1, headDimV: 3 },
    { headDim: 40, headDimV: 24 },
    { headDim: 192, headDimV: 128 },
    { headDim: 576, headDimV: 512 },
    // Few rows: one, and 4, 8 and 16 lanes of them.
    { seqQuery: 1, headDim: 72, headDimV: 21, queryHeads: 2, kvHeads: 2, softcap: 30, sinks: true },
    { seqQuery: 3, headDim: 17, headDimV: 5 },
    { seqQuery: 1, headDim: 64, queryHeads: 8, kvHeads: 1 },
    { seqQuery: 2, headDim: 40, headDimV: 100, queryHeads: 12, kvHeads: 2, softcap: 5, sinks: true },
  ])('%o', (changes) => {
    const program = x64Flash.build(workload({ seqQuery: 100, ...changes }), device(set));
    expect(program.kind === 'x64' && program.set).toBe(set);
    if (program.kind === 'x64') expectAsMeant(program.code);
  });

  it('uses no wider vectors than it says', () => {
    for (const seqQuery of [1, 4, 100]) {
      const program = x64Flash.build(workload({ headDim: 80, softcap: 5, sinks: true, seqQuery }), device(set));
      if (program.kind !== 'x64') throw new TypeError('no machine code');
      const text = linesOf(program.code).map((line) => ('op' in line ? printInstruction(line) : ''));
      expect(text.some((line) => line.includes('zmm'))).toBe(set === 'avx512');
    }
  });
});

describe('bf16', () => {
  const { bytes: assembled } = readList();

  it.each(bf16Programs())('of $name', ({ program }) => {
    const { bytes, labels } = encode(program.code);
    const lines = linesOf(program.code).filter((line) => !('note' in line) && !('label' in line));
    const lengths = lines.map(
      (line) => ('jump' in line ? encode([{ label: line.to }, line]) : encode(line)).bytes.length,
    );
    // Runs of instructions that the other library knows, between those that only GNU's assembler does.
    let [begin, at] = [0, 0];
    const texts: string[] = [];
    const known = () => texts.push(...read(bytes.subarray(begin, at), begin));
    for (const [i, line] of lines.entries()) {
      const end = at + (lengths[i] as number);
      if ('op' in line && isUnknown(line)) {
        const text = printInstruction(line);
        known();
        expect(Buffer.from(bytes.subarray(at, end)).toString('hex'), text).toBe(assembled[text]);
        texts.push(plain(text));
        begin = end;
      }
      at = end;
    }
    known();
    expect(at).toBe(bytes.length);
    expect(texts).toEqual(meant(program.code, labels));
  });

  it('asks for tiles', () => {
    expectAsMeant(emitPermitTiles());
  });
});

describe('encode', () => {
  it('reads back the ceilings and the question what the CPU has', () => {
    const reads = SETS.map((set) => x64MemoryReads(set));
    for (const probe of [x64MultiplyAdd('avx2'), x64MultiplyAdd('avx512'), x64ClockProbe, ...reads]) {
      const program = probe.build(workload({ seqQuery: 96 }), TYPICAL_DEVICE);
      if (program.kind === 'x64') expectAsMeant(program.code);
    }
    expectAsMeant(emitCpuFeatures());
  });

  it('refuses what has no form, no label, or a label twice', () => {
    expect(() => encode(op('vaddps', 'zmm1', 'xmm2', 'ymm3'))).toThrow('no form of vaddps');
    expect(() => encode({ jump: 'jmp', to: 'nowhere' })).toThrow('no label nowhere');
    expect(() => encode([{ label: 'a' }, { label: 'a' }])).toThrow('label a stands twice');
  });
});
