/** Control flow in machine code: loops and conditions over 64-bit numbers, and the frame of a function. */

import { type Code, type General, type Jump, type Memory, note, type Operand, op } from './instruction.ts';

/** Labels of one function: each call gives a new name that says what it is for. */
export type Labels = (purpose: string) => string;

export function createLabels(prefix: string): Labels {
  const counts = new Map<string, number>();
  return (purpose) => {
    const count = counts.get(purpose) ?? 0;
    counts.set(purpose, count + 1);
    return `${prefix}_${purpose}${count === 0 ? '' : `_${count + 1}`}`;
  };
}

/** A phase under its name. */
export const phase = (name: string, ...code: Code[]): Code => [note(`-- ${name}`), ...code];

/** Runs `body` until the comparison of `left` and `right`, made after it, says otherwise; at least once. */
export function repeatWhile(label: string, body: Code, left: General, jump: Jump, right: Operand): Code {
  return [{ label }, body, op('cmp', left, right), { jump, to: label }];
}

/** `register` from `first` to before `end` in steps; `body` keeps the register. Nothing where there is no step to take. */
export function loop(
  labels: Labels,
  purpose: string,
  { register, first, end, step }: { register: General; first: Operand; end: Operand; step: number },
  body: Code,
): Code {
  const [head, done] = [labels(purpose), labels(`${purpose}_done`)];
  return [
    first === register ? [] : op('mov', register, first),
    op('cmp', register, end),
    { jump: 'jge', to: done },
    { label: head },
    body,
    op('add', register, step),
    op('cmp', register, end),
    { jump: 'jl', to: head },
    { label: done },
  ];
}

/** target = min(target, other). */
export const minimum = (target: General, other: General | Memory): Code => [
  op('cmp', target, other),
  op('cmovg', target, other),
];

/** target = max(target, other). */
export const maximum = (target: General, other: General | Memory): Code => [
  op('cmp', target, other),
  op('cmovl', target, other),
];

/** Registers that a function must leave as it found them (System V). */
const SAVED: General[] = ['rbx', 'rbp', 'r12', 'r13', 'r14', 'r15'];

/** A function of one pointer argument, which stays in rbx: the call block (call.ts). */
export function func(name: string, comments: readonly string[], body: Code): Code {
  return [
    comments.map(note),
    { label: name },
    SAVED.map((register) => op('push', register)),
    op('mov', 'rbx', 'rdi'),
    body,
    op('vzeroupper'),
    [...SAVED].reverse().map((register) => op('pop', register)),
    op('ret'),
  ];
}

/** A vector full of a float, by way of eax. */
export const splatTo = (target: `${'y' | 'z'}mm${number}`, value: number): Code => [
  op('mov', 'eax', floatBits(value)),
  op('vmovd', `xmm${target.slice(3)}` as `xmm${number}`, 'eax'),
  op('vbroadcastss', target, `xmm${target.slice(3)}` as `xmm${number}`),
];

/** The bits of a float, as an integer of 32 bits. */
export function floatBits(value: number): number {
  return new Uint32Array(new Float32Array([value]).buffer)[0] as number;
}

export const zero = (register: General): Code => op('xor', register, register);
