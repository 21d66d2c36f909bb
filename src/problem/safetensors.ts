/** Tensors from and to safetensors files: an 8-byte length, a JSON header, then the raw little-endian values. */

import { fromHalf } from './half.ts';

/** A file that is not what it should be, in words for the user. */
export class SafetensorsError extends Error {
  override name = 'SafetensorsError';
}

const DTYPES = { F32: 4, F16: 2, BF16: 2, BOOL: 1 } as const;
export type StoredDtype = keyof typeof DTYPES;

/** A tensor of a file, widened to f32; true is 1. */
export interface Tensor {
  dtype: StoredDtype;
  /** Row-major. */
  shape: number[];
  values: Float32Array;
}

/** The format's own bound on the header, which guards against a length read from garbage. */
const MOST_HEADER_BYTES = 100_000_000;

/** Where the bytes of a file come from: a part at a time, since a file may be larger than any array. */
export interface ByteSource {
  size: number;
  read(offset: number, length: number): Uint8Array<ArrayBuffer>;
}

/** Bytes in memory as a source. */
export const sourceOf = (bytes: Uint8Array<ArrayBuffer>): ByteSource => ({
  size: bytes.length,
  read: (offset, length) => bytes.slice(offset, offset + length),
});

/** The header of a file: what it says of each tensor, not yet checked, and where the values begin. */
export interface SafetensorsHeader {
  entries: ReadonlyMap<string, unknown>;
  dataOffset: number;
}

/** Reads the header. Throws SafetensorsError where the file is truncated, its header cannot be read, or tensors overlap. */
export function readHeader(source: ByteSource): SafetensorsHeader {
  if (source.size < 8)
    throw new SafetensorsError(`it has ${source.size} bytes, fewer than the 8 of the header's length`);
  const headerBytes = Number(new DataView(source.read(0, 8).buffer).getBigUint64(0, true));
  if (headerBytes > MOST_HEADER_BYTES || headerBytes > source.size - 8) {
    throw new SafetensorsError(`its header of ${headerBytes} bytes does not fit its ${source.size} bytes`);
  }
  const all = Object.entries(parseHeader(source.read(8, headerBytes)));
  const entries = all.filter(([name]) => name !== '__metadata__');
  refuseOverlaps(entries);
  return { entries: new Map(entries), dataOffset: 8 + headerBytes };
}

/** The format lets no byte belong to two tensors. Offsets that are none are left to the reading of their tensor. */
function refuseOverlaps(entries: readonly (readonly [string, unknown])[]): void {
  const placed = entries.flatMap(([name, entry]) => {
    const { data_offsets: offsets } = (entry ?? {}) as Record<string, unknown>;
    if (!Array.isArray(offsets) || !offsets.every(isSize) || offsets.length !== 2) return [];
    const [begin, end] = offsets as [number, number];
    return begin < end ? [{ name, begin, end }] : [];
  });
  placed.sort((a, b) => a.begin - b.begin);
  for (const [index, { name, begin }] of placed.entries()) {
    const before = placed[index - 1];
    if (before !== undefined && before.end > begin) {
      throw new SafetensorsError(`tensors '${before.name}' and '${name}' overlap`);
    }
  }
}

/**
 * Reads the named tensors as f32; F16 and BF16 are widened exactly. Names that the file lacks are left out of the
 * result. Throws SafetensorsError where the file is truncated, its header cannot be read, or a tensor lies outside it.
 */
export function readSafetensors(bytes: Uint8Array<ArrayBuffer>, names: readonly string[]): Map<string, Tensor> {
  const source = sourceOf(bytes);
  const header = readHeader(source);
  const present = names.filter((name) => header.entries.has(name));
  return new Map(present.map((name) => [name, readTensor(source, header, name)]));
}

function parseHeader(bytes: Uint8Array): Record<string, unknown> {
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw new SafetensorsError('its header is not JSON');
  }
  if (typeof header !== 'object' || header === null || Array.isArray(header)) {
    throw new SafetensorsError('its header is not a JSON object');
  }
  return header as Record<string, unknown>;
}

const isSize = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

/** Bytes that are read at once: a multiple of every element's width. */
const CHUNK_BYTES = 1 << 26;

/**
 * Reads one tensor, a part at a time; `progress` gets the bytes of each part. Throws SafetensorsError where the file has no
 * such tensor, it has a type that cannot be read, or it lies outside the file.
 */
export function readTensor(
  source: ByteSource,
  { entries, dataOffset }: SafetensorsHeader,
  name: string,
  progress: (bytes: number) => void = () => {},
): Tensor {
  const { dtype, shape, data_offsets: offsets } = (entries.get(name) ?? {}) as Record<string, unknown>;
  if (typeof dtype !== 'string' || !Object.hasOwn(DTYPES, dtype)) {
    throw new SafetensorsError(
      `tensor '${name}' has ${typeof dtype === 'string' ? `dtype ${dtype.slice(0, 20)}` : 'no dtype'}; F32, F16 and BF16 can be read, BOOL as a mask`,
    );
  }
  if (!Array.isArray(shape) || !shape.every(isSize)) throw new SafetensorsError(`tensor '${name}' has no usable shape`);
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isSize)) {
    throw new SafetensorsError(`tensor '${name}' has no usable offsets`);
  }
  const [begin = 0, end = 0] = offsets as number[];
  const available = source.size - dataOffset;
  if (begin > end || end > available) {
    throw new SafetensorsError(`tensor '${name}' lies at bytes ${begin} to ${end} of ${available}: outside the file`);
  }
  const stored = dtype as StoredDtype;
  const width = DTYPES[stored];
  // Sizes that overflow make no number of bytes; a zero among them makes none too.
  const elements = shape.includes(0) ? 0 : (shape as number[]).reduce((product, size) => product * size, 1);
  if (elements * width !== end - begin) {
    const needs = Number.isSafeInteger(elements * width) ? `${elements * width} bytes` : 'more bytes than a file has';
    throw new SafetensorsError(`tensor '${name}' of shape [${shape.join(', ')}] needs ${needs} and has ${end - begin}`);
  }
  const values = allocate(name, elements);
  for (let at = begin; at < end; at += CHUNK_BYTES) {
    const length = Math.min(CHUNK_BYTES, end - at);
    widen(stored, source.read(dataOffset + at, length), values, (at - begin) / width);
    progress(length);
  }
  return { dtype: stored, shape: shape as number[], values };
}

function allocate(name: string, elements: number): Float32Array<ArrayBuffer> {
  try {
    return new Float32Array(elements);
  } catch {
    throw new SafetensorsError(`tensor '${name}' of ${elements} values does not fit the memory here`);
  }
}

/** Writes the values of `bytes` to `target` from `offset` on as f32, every one exact. */
function widen(dtype: StoredDtype, bytes: Uint8Array<ArrayBuffer>, target: Float32Array, offset: number): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const count = bytes.length / DTYPES[dtype];
  switch (dtype) {
    case 'F32':
      for (let i = 0; i < count; i += 1) target[offset + i] = view.getFloat32(i * 4, true);
      return;
    case 'F16':
      for (let i = 0; i < count; i += 1) target[offset + i] = fromHalf(view.getUint16(i * 2, true));
      return;
    case 'BOOL':
      for (let i = 0; i < count; i += 1) target[offset + i] = bytes[i] === 0 ? 0 : 1;
      return;
    case 'BF16': {
      // bf16 is the upper half of an f32.
      const words = new Uint32Array(target.buffer, target.byteOffset, target.length);
      for (let i = 0; i < count; i += 1) words[offset + i] = view.getUint16(i * 2, true) << 16;
      return;
    }
    default:
      dtype satisfies never;
  }
}

/** The bytes of a file that holds f32 tensors. */
export function writeSafetensors(tensors: Record<string, { shape: number[]; values: Float32Array }>): Uint8Array {
  const entries: Record<string, { dtype: 'F32'; shape: number[]; data_offsets: [number, number] }> = {};
  let size = 0;
  for (const [name, { shape, values }] of Object.entries(tensors)) {
    entries[name] = { dtype: 'F32', shape, data_offsets: [size, size + values.length * 4] };
    size += values.length * 4;
  }
  let json = JSON.stringify(entries);
  // Spaces after the header keep the values on a multiple of 8 bytes.
  json = json.padEnd(Math.ceil(json.length / 8) * 8);
  const header = new TextEncoder().encode(json);
  const bytes = new Uint8Array(8 + header.length + size);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(header.length), true);
  bytes.set(header, 8);
  let offset = 8 + header.length;
  for (const { values } of Object.values(tensors)) {
    for (const value of values) {
      view.setFloat32(offset, value, true);
      offset += 4;
    }
  }
  return bytes;
}
