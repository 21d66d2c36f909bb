/**
 * Writes the bytes that GNU's assembler gives for instructions that no disassembler on npm knows (bf16 products and tiles), for tests to
 * compare with: tests/kernels/x64/gnu-assembler.json. Needs `as` and `objcopy` of GNU binutils 2.35 or later.
 */

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { linesOf } from '../kernels/x64/text/instruction.ts';
import { printInstruction } from '../kernels/x64/text/print.ts';
import { type AssembledList, bf16Programs, isUnknown, LIST } from '../tests/kernels/x64/unknown-instructions.ts';

const texts = new Set(
  bf16Programs().flatMap(({ program }) =>
    linesOf(program.code).flatMap((line) => ('op' in line && isUnknown(line) ? [printInstruction(line)] : [])),
  ),
);
const folder = mkdtempSync(join(tmpdir(), 'gnu-assembler-'));
const [source, object, flat] = ['code.s', 'code.o', 'code.bin'].map((name) => join(folder, name)) as [
  string,
  string,
  string,
];
/** Instructions are assembled one after another, each filled up to so many bytes. */
const ROOM = 16;
const sorted = [...texts].sort();

function assemble(filler: number): Buffer {
  const body = sorted.map((text) => `${text}\n.balign ${ROOM}, ${filler}\n`).join('');
  writeFileSync(source, `.intel_syntax noprefix\n.text\n${body}`);
  execFileSync('as', ['--64', source, '-o', object]);
  execFileSync('objcopy', ['-O', 'binary', '-j', '.text', object, flat]);
  return readFileSync(flat);
}

// What is the same with two fillers is the instruction.
const [one, other] = [assemble(0x00), assemble(0xff)];
function bytesAt(place: number): string {
  let end = place;
  while (one[end] === other[end] && end < place + ROOM) end += 1;
  return one.subarray(place, end).toString('hex');
}
const [assembler = ''] = execFileSync('as', ['--version'], { encoding: 'utf8' }).split('\n');
const bytes = Object.fromEntries(sorted.map((text, i) => [text, bytesAt(i * ROOM)]));
writeFileSync(LIST, `${JSON.stringify({ assembler, bytes } satisfies AssembledList, null, 2)}\n`);
rmSync(folder, { recursive: true });
process.stdout.write(`${sorted.length} instructions, ${assembler}\n`);
