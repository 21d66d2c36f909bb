/**
 * Writes the smallest ELF shared object that the dynamic linker opens: code, and the names of its functions. Structures
 * and numbers are those of the System V ABI for x86-64 (gabi: "Object files", "Dynamic linking").
 *
 * Code lies in a segment that can be read and run, the linker's table in one that can be read and written: no page is
 * ever writable and executable.
 */

/** A function by its name, at an offset in the code. */
export interface Symbol {
  name: string;
  offset: number;
}

const PAGE = 4096;
const HEADER = 64;
const PROGRAM_HEADER = 56;
const SYMBOL = 24;
const DYNAMIC_ENTRY = 16;

const LOAD = 1;
const DYNAMIC = 2;
const GNU_STACK = 0x6474e551;
const [RUN, WRITE, READ] = [1, 2, 4];
/** Tags of the dynamic section. */
const TAG = { end: 0, hash: 4, strings: 5, symbols: 6, stringBytes: 10, symbolBytes: 11 };
/** A global function. */
const GLOBAL_FUNCTION = (1 << 4) | 2;

/** The bytes of a shared object with `code` in it. */
export function sharedObject(code: Uint8Array, symbols: readonly Symbol[]): Uint8Array {
  const headers = HEADER + 4 * PROGRAM_HEADER;
  const strings = stringTable(symbols.map(({ name }) => name));
  const hashAt = align(headers, 8);
  const symbolsAt = align(hashAt + hashBytes(symbols.length), 8);
  const stringsAt = symbolsAt + (symbols.length + 1) * SYMBOL;
  const codeAt = align(stringsAt + strings.bytes.length, 64);
  const readable = codeAt + code.length;
  const dynamicAt = align(readable, PAGE);
  const dynamic = [
    [TAG.hash, hashAt],
    [TAG.strings, stringsAt],
    [TAG.symbols, symbolsAt],
    [TAG.stringBytes, strings.bytes.length],
    [TAG.symbolBytes, SYMBOL],
    [TAG.end, 0],
  ] as const;
  const end = dynamicAt + dynamic.length * DYNAMIC_ENTRY;

  const file = new Uint8Array(end);
  const view = new DataView(file.buffer);
  const u16 = (at: number, value: number) => view.setUint16(at, value, true);
  const u32 = (at: number, value: number) => view.setUint32(at, value, true);
  const u64 = (at: number, value: number) => view.setBigUint64(at, BigInt(value), true);

  // The header: ELF, 64 bits, little-endian, version 1; a shared object for x86-64.
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  u16(16, 3);
  u16(18, 62);
  u32(20, 1);
  u64(32, HEADER);
  u16(52, HEADER);
  u16(54, PROGRAM_HEADER);
  u16(56, 4);

  const segments = [
    { type: LOAD, flags: READ | RUN, at: 0, bytes: readable, alignment: PAGE },
    { type: LOAD, flags: READ | WRITE, at: dynamicAt, bytes: end - dynamicAt, alignment: PAGE },
    { type: DYNAMIC, flags: READ | WRITE, at: dynamicAt, bytes: end - dynamicAt, alignment: 8 },
    // Said so that the linker does not make the stack executable.
    { type: GNU_STACK, flags: READ | WRITE, at: 0, bytes: 0, alignment: 16 },
  ];
  for (const [i, { type, flags, at, bytes, alignment }] of segments.entries()) {
    const place = HEADER + i * PROGRAM_HEADER;
    u32(place, type);
    u32(place + 4, flags);
    for (const [offset, value] of [at, at, at, bytes, bytes, alignment].entries()) u64(place + 8 + offset * 8, value);
  }

  // One bucket, whose chain runs through all symbols.
  const chain = [...symbols.keys()].map((i) => i + 1);
  const words = [1, symbols.length + 1, symbols.length === 0 ? 0 : 1, 0, ...chain.slice(1), 0];
  for (const [i, word] of words.slice(0, hashBytes(symbols.length) / 4).entries()) u32(hashAt + i * 4, word);

  for (const [i, { offset }] of symbols.entries()) {
    const place = symbolsAt + (i + 1) * SYMBOL;
    u32(place, strings.offsets[i] as number);
    view.setUint8(place + 4, GLOBAL_FUNCTION);
    // Any section but that of undefined symbols.
    u16(place + 6, 1);
    u64(place + 8, codeAt + offset);
    u64(place + 16, code.length - offset);
  }
  file.set(strings.bytes, stringsAt);
  file.set(code, codeAt);
  for (const [i, [tag, value]] of dynamic.entries()) {
    u64(dynamicAt + i * DYNAMIC_ENTRY, tag);
    u64(dynamicAt + i * DYNAMIC_ENTRY + 8, value);
  }
  return file;
}

const align = (value: number, to: number) => Math.ceil(value / to) * to;

/** Words: buckets, chain, one bucket, and the chain of all symbols and the empty one. */
const hashBytes = (symbols: number) => 4 * (2 + 1 + symbols + 1);

/** Names one after another, each ended by a zero byte, after an empty one. */
function stringTable(names: readonly string[]): { bytes: Uint8Array; offsets: number[] } {
  const offsets: number[] = [];
  let text = '\0';
  for (const name of names) {
    offsets.push(text.length);
    text += `${name}\0`;
  }
  return { bytes: new TextEncoder().encode(text), offsets };
}
