/** WebAssembly text as a small tree: forms, comments and instructions whose constants are folded as they are built. */

/** `(head part part ...)`. A part that is a string stands as it is: a name, a number, offset=16. */
export interface Form {
  head: string;
  parts: readonly Wat[];
}

/** A line of comment, or a blank line where it says nothing. */
export interface Comment {
  comment: string;
}

/** A part of a form: a word, a form or a comment. */
export type Wat = string | Form | Comment;
/** What emitters return: parts of a form in order, in lists as deep as they come. */
export type Code = Wat | readonly Code[];
/** A local or global by its name, as in the text: `$row`. */
export type Name = `$${string}`;
/** What an instruction takes: another instruction, the value of a local, or a constant of type i32. */
export type Operand = Form | Name | number;

/** The parts of a list of lists, in order. */
export const flatten = (code: Code): Wat[] => (Array.isArray(code) ? code.flatMap(flatten) : [code as Wat]);

/** A form of any kind. */
export const form = (head: string, ...parts: Code[]): Form => ({ head, parts: flatten(parts) });
/** A comment, wrapped when it is printed. */
export const note = (comment: string): Comment => ({ comment });
/** A blank line. */
export const blank = note('');

/** A phase of a function: a blank line, what it does, and its statements. */
export const phase = (comment: string, ...code: Code[]): Code => [blank, note(comment), ...code];

/** The results of `emit(0) ... emit(count - 1)`. */
export const times = (count: number, emit: (index: number) => Code): Code =>
  Array.from({ length: count }, (_, index) => emit(index));

/** Like times, the last first. */
export const downwards = (count: number, emit: (index: number) => Code): Code =>
  times(count, (index) => emit(count - 1 - index));

/** An operand as a form. */
export function formOf(operand: Operand): Form {
  if (typeof operand === 'number') return form('i32.const', String(operand));
  return typeof operand === 'string' ? form('local.get', operand) : operand;
}

/** An instruction that takes operands only. */
export const op = (head: string, ...operands: Operand[]): Form => form(head, operands.map(formOf));

/** The value of a global. */
export const global = (name: Name) => form('global.get', name);

/** Sets a local; nothing where it is set to itself. */
export const set = (name: Name, value: Operand): Code => (value === name ? [] : form('local.set', name, formOf(value)));

/** The value of an operand that is a constant, else undefined. */
function constantOf(operand: Operand): number | undefined {
  if (typeof operand === 'number') return operand;
  return typeof operand === 'object' && operand.head === 'i32.const' ? Number(operand.parts[0]) : undefined;
}

/** A sum: constants added up, the constant last, nothing added where it is 0. */
function addI32(a: Operand, b: Operand): Operand {
  const [x, y] = [constantOf(a), constantOf(b)];
  if (x !== undefined) return y === undefined ? addI32(b, x) : x + y;
  if (y === 0) return a;
  if (y === undefined || typeof a !== 'object' || a.head !== 'i32.add') return op('i32.add', a, b);
  const [first, second] = a.parts as readonly Form[];
  const inner = second === undefined ? undefined : constantOf(second);
  return first === undefined || inner === undefined ? op('i32.add', a, b) : addI32(first, inner + y);
}

function subtractI32(a: Operand, b: Operand): Operand {
  const [x, y] = [constantOf(a), constantOf(b)];
  if (x !== undefined && y !== undefined) return x - y;
  return y === 0 ? a : op('i32.sub', a, b);
}

function multiplyI32(a: Operand, b: Operand): Operand {
  const [x, y] = [constantOf(a), constantOf(b)];
  if (x !== undefined) return y === undefined ? multiplyI32(b, x) : x * y;
  if (y === 0 || y === 1) return y === 0 ? 0 : a;
  return op('i32.mul', a, b);
}

function shiftI32(a: Operand, bits: number): Operand {
  const x = constantOf(a);
  if (x !== undefined) return x << bits;
  return bits === 0 ? a : op('i32.shl', a, bits);
}

function roundDown(a: Operand, step: number): Operand {
  if (step === 1) return a;
  const powerOfTwo = (step & (step - 1)) === 0;
  return powerOfTwo ? op('i32.and', a, -step) : multiplyI32(op('i32.div_u', a, step), step);
}

/** Whole numbers of 32 bits: counters and addresses. */
export const i32 = {
  add: addI32,
  sub: subtractI32,
  mul: multiplyI32,
  shl: shiftI32,
  /** Bytes of so many floats. */
  floats: (count: Operand) => shiftI32(count, 2),
  /** The quotient without its fraction, both operands at least 0. */
  div: (a: Operand, b: number): Operand => (b === 1 ? a : op('i32.div_u', a, b)),
  /** Rounded down to a multiple of `step`; below 0 only where that is a power of two. */
  floor: roundDown,
  /** Rounded up to a multiple of `step`; below 0 only where that is a power of two. */
  ceil: (a: Operand, step: number): Operand => roundDown(addI32(a, step - 1), step),
};
