/** Asks Linux for the tile registers of AMX, whose state it keeps for processes that asked (Linux: Documentation/arch/x86/xstate.rst). */

import { at, type Code, note, op } from './text/instruction.ts';

/** Number of the system call arch_prctl. */
const ARCH_PRCTL = 158;
/** Permission for a part of the extended state, and the part that is the data of tiles. */
const ARCH_REQ_XCOMP_PERM = 0x1023;
const XTILE_DATA = 18;

/** `permit`: its argument is the address of 64 bits, to which goes what the system answers; 0: permitted to all threads. */
export function emitPermitTiles(): Code {
  return [
    note('permit: arch_prctl(ARCH_REQ_XCOMP_PERM, tile data)'),
    { label: 'permit' },
    op('mov', 'r8', 'rdi'),
    op('mov', 'eax', ARCH_PRCTL),
    op('mov', 'rdi', ARCH_REQ_XCOMP_PERM),
    op('mov', 'rsi', XTILE_DATA),
    op('syscall'),
    op('mov', at('r8'), 'rax'),
    op('ret'),
  ];
}
