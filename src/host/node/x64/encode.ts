/** Encodes typed instructions as bytes, by the library iced-x86, which knows every form of every instruction. */

import iced from 'iced-x86';
import {
  type Code as Assembly,
  type Line,
  linesOf,
  type Memory,
  type Operand,
  type Instruction as Typed,
} from '../../../../kernels/x64/text/instruction.ts';

const { Code, Encoder, Instruction, OpKind, Register } = iced;
type IcedInstruction = InstanceType<typeof Instruction>;

/** Bytes, and the offset of each label in them. */
export interface Encoded {
  bytes: Uint8Array;
  labels: Map<string, number>;
}

/**
 * Encodes code that runs at any address. Throws RangeError for an instruction that has no such form, and for a jump to a
 * label that is not there or stands twice.
 */
export function encode(assembly: Assembly): Encoded {
  const lines = linesOf(assembly).filter((line) => !('note' in line));
  const encoder = new Encoder(64);
  try {
    // All jumps have 32 bits, so that where things stand does not depend on how far they jump.
    const labels = new Map<string, number>();
    let offset = 0;
    const anywhere = lines.map((line) => {
      if ('label' in line) {
        if (labels.has(line.label)) throw new RangeError(`label ${line.label} stands twice`);
        labels.set(line.label, offset);
        return 0;
      }
      const length = encodeLine(encoder, line, offset, () => offset);
      offset += length;
      return length;
    });
    encoder.takeBuffer();
    let place = 0;
    for (const [i, line] of lines.entries()) {
      if (!('label' in line)) encodeLine(encoder, line, place, (label) => labels.get(label));
      place += anywhere[i] as number;
    }
    return { bytes: encoder.takeBuffer(), labels };
  } finally {
    encoder.free();
  }
}

/** Adds an instruction that stands at `offset`; returns its length. */
function encodeLine(
  encoder: InstanceType<typeof Encoder>,
  line: Exclude<Line, { label: string }>,
  offset: number,
  placeOf: (label: string) => number | undefined,
): number {
  const instruction = toIced(line, placeOf);
  const length = encoder.encode(instruction, BigInt(offset));
  instruction.free();
  return length;
}

function toIced(
  line: Exclude<Line, { label: string }>,
  placeOf: (label: string) => number | undefined,
): IcedInstruction {
  if ('note' in line) throw new RangeError('a note is no instruction');
  if (!('jump' in line)) return withOperands(line);
  const target = placeOf(line.to);
  if (target === undefined) throw new RangeError(`no label ${line.to}`);
  return Instruction.createBranch(codeOf(`${capital(line.jump)}_rel32_64`), BigInt(target));
}

const capital = (name: string) => name.charAt(0).toUpperCase() + name.slice(1);

/** Code's value for a name. */
function codeOf(name: string): number {
  const code = (Code as unknown as Record<string, number | undefined>)[name];
  if (code === undefined) throw new RangeError(`no instruction ${name}`);
  return code;
}

/** Forms by mnemonic, from iced's names: "EVEX_Vaddps_zmm_k1z_zmm_zmmm512b32_er" is vaddps of three operands. */
interface Form {
  code: number;
  space: 'legacy' | 'VEX' | 'EVEX';
  operands: string[];
  masked: boolean;
}
let formsByName: Map<string, Form[]> | undefined;

function formsOf(mnemonic: string): Form[] {
  formsByName ??= readForms();
  return formsByName.get(mnemonic) ?? [];
}

function readForms(): Map<string, Form[]> {
  const forms = new Map<string, Form[]>();
  for (const [name, code] of Object.entries(Code)) {
    if (typeof code !== 'number') continue;
    const [first = '', ...rest] = name.split('_');
    const space = first === 'VEX' || first === 'EVEX' ? first : 'legacy';
    const [mnemonic = '', ...operands] = space === 'legacy' ? [first, ...rest] : rest;
    const form: Form = {
      code,
      space,
      operands: operands.filter((operand) => !/^(k1z?|er|sae|0F11)$/.test(operand)),
      masked: operands.some((operand) => /^k1z?$/.test(operand)),
    };
    const key = mnemonic.toLowerCase();
    forms.set(key, [...(forms.get(key) ?? []), form]);
  }
  return forms;
}

function withOperands(typed: Typed): IcedInstruction {
  const { op, operands, mask } = typed;
  const wide = mask !== undefined || operands.some(needsEvex);
  const fits = ({ space, operands: forms, masked }: Form) =>
    forms.length === operands.length &&
    (wide ? space === 'EVEX' : space !== 'EVEX') &&
    (mask === undefined || masked) &&
    operands.every((operand, i) => accepts(forms[i] as string, operand, op));
  const form = formsOf(op === 'ret' ? 'retnq' : op).find(fits);
  if (form === undefined) throw new RangeError(`no form of ${op} takes ${JSON.stringify(operands)}`);
  const instruction = new Instruction();
  instruction.code = form.code;
  for (const [i, operand] of operands.entries()) setOperand(instruction, i, operand, form.operands[i] as string);
  if (mask !== undefined) {
    instruction.opMask = registerOf(mask);
    // A store keeps what memory holds in the other lanes.
    instruction.zeroingMasking = typeof operands[0] === 'string';
  }
  return instruction;
}

/** Whether an operand needs the encoding of AVX-512. */
function needsEvex(operand: Operand): boolean {
  if (typeof operand === 'object') return operand.each === true;
  return typeof operand === 'string' && (operand.startsWith('zmm') || /^[xy]mm(1[6-9]|2\d|3[01])$/.test(operand));
}

const GENERAL_64 = /^r/;
const GENERAL_32 = /^e/;

function accepts(form: string, operand: Operand, mnemonic: string): boolean {
  if (typeof operand === 'number') {
    if (form === 'imm8') return mnemonic.startsWith('v') || (operand >= -128 && operand <= 127);
    if (form === 'imm32') return Math.abs(operand) < 2 ** 32;
    return false;
  }
  if (typeof operand === 'object') {
    if (operand.each === true) return /b32/.test(form);
    return /(^|[a-z])m\d*(b32)?$/.test(form) && form !== 'xmm' && form !== 'ymm' && form !== 'zmm' && form !== 'tmm'
      ? true
      : form === 'sibmem' || form === 'm';
  }
  if (operand.startsWith('k')) return form === 'kr';
  if (/^[xyzt]mm/.test(operand)) return form.startsWith(operand.slice(0, 3));
  if (GENERAL_64.test(operand)) return form === 'r64' || form === 'rm64';
  return GENERAL_32.test(operand) && (form === 'r32' || form === 'rm32');
}

function setOperand(instruction: IcedInstruction, i: number, operand: Operand, form: string): void {
  if (typeof operand === 'string') {
    instruction.setOpKind(i, OpKind.Register);
    instruction.setOpRegister(i, registerOf(operand));
  } else if (typeof operand === 'number') {
    instruction.setOpKind(i, immediateKind(form, instruction.code));
    instruction.setImmediateI32(i, operand | 0);
  } else {
    setMemory(instruction, i, operand);
  }
}

/** How iced names an immediate: of 8 bits as it is in vector instructions and shifts, sign-extended elsewhere. */
function immediateKind(form: string, code: number): number {
  const name = (Code as unknown as Record<number, string>)[code] as string;
  const wide = /r64|rm64/.test(name);
  if (form === 'imm8') return wide && !/^Sh/.test(name) ? OpKind.Immediate8to64 : OpKind.Immediate8;
  return wide ? OpKind.Immediate32to64 : OpKind.Immediate32;
}

function setMemory(instruction: IcedInstruction, i: number, { base, index, scale, offset, each }: Memory): void {
  instruction.setOpKind(i, OpKind.Memory);
  instruction.memoryBase = registerOf(base);
  if (index !== undefined) {
    instruction.memoryIndex = registerOf(index);
    instruction.memoryIndexScale = scale ?? 1;
  }
  instruction.memoryDisplacement = BigInt.asUintN(64, BigInt(offset));
  // 1: eight bits where they hold it, else 32.
  instruction.memoryDisplSize = offset === 0 ? 0 : 1;
  if (each === true) instruction.isBroadcast = true;
}

/** Register's value for a name. */
function registerOf(name: string): number {
  const key = name.toUpperCase();
  const register = (Register as unknown as Record<string, number | undefined>)[key];
  if (register === undefined) throw new RangeError(`no register ${name}`);
  return register;
}
