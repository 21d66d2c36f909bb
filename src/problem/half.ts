/** IEEE 754 half precision (binary16): numbers rounded to it, and their 16 bits. */

const words = new Float32Array(1);
const bitsOf = new Uint32Array(words.buffer);

/** The 16 bits of the nearest half, ties to even; infinity from 65520 on. */
export function toHalf(value: number): number {
  words[0] = value;
  const bits = bitsOf[0] as number;
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  // 65520 is half way between the largest half and the next power of two.
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  if (magnitude < 0x38800000) {
    // Subnormal halves are multiples of 2^-24; adding 1.5 * 2^(23 - 24) rounds to one, ties to even.
    words[0] = Math.abs(value) + 0.75;
    return sign | ((bitsOf[0] as number) - 0x3f400000);
  }
  const odd = (magnitude >>> 13) & 1;
  return sign | ((magnitude + 0xfff + odd - 0x38000000) >>> 13);
}

/** The number that 16 bits stand for; exact in f32. */
export function fromHalf(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >>> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** The nearest number that a half can hold. */
export const roundToHalf = (value: number): number => fromHalf(toHalf(value));
