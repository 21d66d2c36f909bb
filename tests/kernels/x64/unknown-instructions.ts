/**
 * Instructions that the disassembler of these tests does not know, with the bytes that GNU's assembler gives for them. The list is
 * written by `node scripts/gnu-assembler.ts`, which needs `as` of GNU binutils; tests only read it.
 */

import { readFileSync } from 'node:fs';
import { x64Bf16Products } from '../../../kernels/ceilings/x64-bf16.ts';
import type { X64Program } from '../../../kernels/kernel.ts';
import { TYPICAL_DEVICE } from '../../../kernels/typical-device.ts';
import { amxFlash } from '../../../kernels/x64/amx-flash.ts';
import { x64Flash } from '../../../kernels/x64/flash.ts';
import type { Line } from '../../../kernels/x64/text/instruction.ts';
import { workload } from '../../workloads.ts';

/** Where the list is: the assembler's version, and bytes in hexadecimal by instruction. */
export const LIST = new URL('gnu-assembler.json', import.meta.url);
export interface AssembledList {
  assembler: string;
  bytes: Record<string, string>;
}
export const readList = (): AssembledList => JSON.parse(readFileSync(LIST, 'utf8'));

const UNKNOWN = /^(vdpbf16ps|vcvtneps2bf16|ldtilecfg|tile|tdpbf16ps)/;
/** Whether a line is such an instruction. */
export const isUnknown = (line: Line): boolean => 'op' in line && UNKNOWN.test(line.op);

/** The programs whose instructions are in the list, by what they are. */
export function bf16Programs(): { name: string; program: X64Program }[] {
  const shapes = [
    { headDim: 128 },
    { headDim: 64, sinks: true },
    { headDim: 1, headDimV: 3 },
    { headDim: 41, headDimV: 24 },
  ];
  const kernels = [
    ...shapes.flatMap((shape) => [x64Flash, amxFlash].map((kernel) => ({ kernel, shape }))),
    ...(['avx512-bf16', 'amx-bf16'] as const).map((set) => ({ kernel: x64Bf16Products(set), shape: {} })),
  ];
  return kernels.map(({ kernel, shape }) => {
    const w = workload({ ...shape, seqQuery: 100, dtype: 'bf16' });
    const program = kernel.build(w, TYPICAL_DEVICE);
    if (program.kind !== 'x64') throw new TypeError('no machine code');
    return { name: `${kernel.name}, head dimension ${w.headDim}`, program };
  });
}
