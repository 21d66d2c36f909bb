/** Tensors from and to safetensors files: an 8-byte length, a JSON header, then the raw little-endian values. */

import { fromHalf } from './half.ts';

/** A file that is not what it should be, in words for the user. */
export class SafetensorsError extends Error {
  override name = 'SafetensorsError';
}

const DTYPES = { F32: 4, F16: 2, BF16: 2 } as const;
type StoredDtype = keyof typeof DTYPES;

/** A tensor of a file, widened to f32. */
export interface Tensor {
  dtype: StoredDtype;
  /** Row-major. */
  shape: number[];
  values: Float32Array;
}

/** The format's own bound on the header, which guards against a length read from garbage. */
const MOST_HEADER_BYTES = 100_000_000;

/**
 * Reads the named tensors as f32; F16 and BF16 are widened exactly. Names that the file lacks are left out of the
 * result. Throws SafetensorsError where the file is truncated, its header cannot be read, or a tensor lies outside it.
 */
export function readSafetensors(bytes: Uint8Array<ArrayBuffer>, names: readonly string[]): Map<string, Tensor> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 8)
    throw new SafetensorsError(`it has ${bytes.length} bytes, fewer than the 8 of the header's length`);
  const headerBytes = Number(view.getBigUint64(0, true));
  if (headerBytes > MOST_HEADER_BYTES || headerBytes > bytes.length - 8) {
    throw new SafetensorsError(`its header of ${headerBytes} bytes does not fit its ${bytes.length} bytes`);
  }
  const header = readHeader(bytes.subarray(8, 8 + headerBytes));
  const data = bytes.subarray(8 + headerBytes);
  const result = new Map<string, Tensor>();
  for (const name of names) {
    const entry = Object.hasOwn(header, name) ? header[name] : undefined;
    if (entry !== undefined) result.set(name, readTensor(name, entry, data));
  }
  return result;
}

function readHeader(bytes: Uint8Array): Record<string, unknown> {
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

function readTensor(name: string, entry: unknown, data: Uint8Array<ArrayBuffer>): Tensor {
  const { dtype, shape, data_offsets: offsets } = (entry ?? {}) as Record<string, unknown>;
  if (typeof dtype !== 'string' || !Object.hasOwn(DTYPES, dtype)) {
    throw new SafetensorsError(
      `tensor '${name}' has dtype ${String(dtype).slice(0, 20)}; F32, F16 and BF16 can be read`,
    );
  }
  if (!Array.isArray(shape) || !shape.every(isSize)) throw new SafetensorsError(`tensor '${name}' has no usable shape`);
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isSize)) {
    throw new SafetensorsError(`tensor '${name}' has no usable offsets`);
  }
  const [begin = 0, end = 0] = offsets as number[];
  if (begin > end || end > data.length) {
    throw new SafetensorsError(`tensor '${name}' lies at bytes ${begin} to ${end} of ${data.length}: outside the file`);
  }
  const width = DTYPES[dtype as StoredDtype];
  const elements = (shape as number[]).reduce((product, size) => product * size, 1);
  if (elements * width !== end - begin) {
    throw new SafetensorsError(
      `tensor '${name}' of shape [${shape.join(', ')}] needs ${elements * width} bytes and has ${end - begin}`,
    );
  }
  return {
    dtype: dtype as StoredDtype,
    shape: shape as number[],
    values: widen(dtype as StoredDtype, data.slice(begin, end)),
  };
}

/** Values as f32, every one exact. */
function widen(dtype: StoredDtype, bytes: Uint8Array<ArrayBuffer>): Float32Array {
  const view = new DataView(bytes.buffer);
  const count = bytes.length / DTYPES[dtype];
  switch (dtype) {
    case 'F32':
      return Float32Array.from({ length: count }, (_, i) => view.getFloat32(i * 4, true));
    case 'F16':
      return Float32Array.from({ length: count }, (_, i) => fromHalf(view.getUint16(i * 2, true)));
    case 'BF16': {
      // bf16 is the upper half of an f32.
      const words = Uint32Array.from({ length: count }, (_, i) => view.getUint16(i * 2, true) << 16);
      return new Float32Array(words.buffer);
    }
    default:
      return dtype satisfies never;
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
