/** Arithmetic of f32 and bf16, rounded once, in float64. */

const double = new Float64Array(1);
const doubleBits = new BigInt64Array(double.buffer);
const single = new Float32Array(1);
const singleBits = new Uint32Array(single.buffer);

/**
 * a b + c of f32 numbers, rounded once to f32. The product is exact in float64. The sum is rounded to odd there (the last bit is set
 * where it is not exact), which rounds to f32 as the exact sum does (Boldo and Melquiond, 2008).
 */
export function fma(a: number, b: number, c: number): number {
  const product = a * b;
  const sum = product + c;
  if (!Number.isFinite(sum)) return sum;
  // What the sum lost (Knuth).
  const part = sum - product;
  const lost = product - (sum - part) + (c - part);
  if (lost === 0) return Math.fround(sum);
  double[0] = sum;
  const bits = doubleBits[0] as bigint;
  if ((bits & 1n) === 0n) doubleBits[0] = bits + (lost > 0 === sum > 0 ? 1n : -1n);
  return Math.fround(double[0] as number);
}

/** The float that has these bits, and the other way round. */
export function fromBits(bits: number): number {
  singleBits[0] = bits;
  return single[0] as number;
}
export function toBits(value: number): number {
  single[0] = value;
  return singleBits[0] as number;
}

/** A number too small to be normal becomes 0, as where denormals are taken for zeros and flushed to them. */
export const flush = (value: number): number => (Math.abs(value) < 2 ** -126 ? value * 0 : value);

/** f32 to bf16, to the nearest, ties to even; denormals become zeros (VCVTNEPS2BF16). */
export function toBf16(value: number): number {
  if (Number.isNaN(value)) return (toBits(value) >>> 16) | 0x40;
  const bits = toBits(flush(value));
  return ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16) & 0xffff;
}
export const fromBf16 = (bits: number): number => fromBits(bits << 16);
