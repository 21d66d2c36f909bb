/** Functions, calls, branches and loops of WebAssembly text; each counted loop has its pseudocode above it. */

import { type Code, type Form, form, formOf, i32, type Name, note, type Operand, op, set } from './wat.ts';

/** What a local, a parameter or a result can be. */
export type ValueType = 'i32' | 'f32' | 'v128';

/** Declarations of parameters of one type. */
export const params = (type: ValueType, ...names: Name[]): Code => names.map((name) => form('param', name, type));
/** Declarations of locals of one type, which begin at 0. */
export const locals = (type: ValueType, ...names: Name[]): Code => names.map((name) => form('local', name, type));
/** The type of what a function returns: the value of its last instruction. */
export const result = (type: ValueType): Code => form('result', type);
/** The name under which the host finds a function. */
export const exported = (name: string): Code => form('export', `"${name}"`);

/** Names that differ in a number at their end: `$x0`, `$x1`, ... */
export const numbered = (prefix: Name, count: number): Name[] =>
  Array.from({ length: count }, (_, i): Name => `${prefix}${i}`);

/** A function: what it computes as lines of comment above it, its declarations, its statements. */
export const func = (comment: string | string[], name: Name, declarations: Code, ...body: Code[]): Code => [
  [comment].flat().map(note),
  form('func', name, declarations, ...body),
];

/** A call, its operands in the order of the parameters. */
export const call = (name: Name, ...operands: Operand[]): Form => form('call', name, operands.map(formOf));
/** The smaller of two signed numbers, by the function that emitMinMax writes. */
export const min = (a: Operand, b: Operand) => call('$min', a, b);
/** The larger of two signed numbers. */
export const max = (a: Operand, b: Operand) => call('$max', a, b);

/** `yes` where the condition is not 0, else `no`; both are evaluated. */
export const select = (yes: Operand, no: Operand, condition: Operand): Form => op('select', yes, no, condition);

/** Statements where a condition is not 0, and others where it is. */
export const when = (condition: Operand, then: Code, otherwise?: Code): Form =>
  form('if', formOf(condition), form('then', then), otherwise === undefined ? [] : form('else', otherwise));

/** for (counter = from; counter < limit; counter += step) body */
export function loop(counter: Name, from: Operand, limit: Operand, step: number, ...body: Code[]): Code {
  const [end, next]: [Name, Name] = [`${counter}_end`, `${counter}_next`];
  return [
    note(`for ${spoken(counter)} in ${spoken(from)} .. ${spoken(limit)} step ${step}`),
    set(counter, from),
    form(
      'block',
      end,
      form(
        'loop',
        next,
        form('br_if', end, op('i32.ge_s', counter, limit)),
        ...body,
        set(counter, i32.add(counter, step)),
        form('br', next),
      ),
    ),
  ];
}

/** do body while (counter < limit): body moves the counter on. One comparison a step fewer than `loop`. */
export const repeat = (label: Name, counter: Name, limit: Name, ...body: Code[]): Code =>
  form('loop', label, ...body, form('br_if', label, op('i32.lt_u', counter, limit)));

const SIGNS: Record<string, string> = { 'i32.add': '+', 'i32.sub': '-', 'i32.mul': '*' };

/** An operand as pseudocode. */
function spoken(operand: Operand): string {
  if (typeof operand !== 'object') return String(operand).replace('$', '');
  const [first = '', second = ''] = operand.parts;
  if (operand.head === 'i32.const') return String(first);
  if (operand.head === 'local.get' || operand.head === 'global.get') return String(first).slice(1);
  const sign = SIGNS[operand.head];
  if (sign === undefined) throw new TypeError(`no pseudocode for ${operand.head}: give it a local`);
  return `${spoken(first as Form)} ${sign} ${spoken(second as Form)}`;
}
