/** bfloat16, the upper half of an f32: numbers rounded to it. */

const words = new Float32Array(1);
const bits = new Uint32Array(words.buffer);

/** The nearest number that a bfloat16 can hold, ties to even. */
export function roundToBfloat16(value: number): number {
  words[0] = value;
  if (!Number.isFinite(words[0])) return words[0] as number;
  const word = bits[0] as number;
  bits[0] = (word + 0x7fff + ((word >>> 16) & 1)) & 0xffff0000;
  return words[0] as number;
}

/** The 16 bits of the nearest bfloat16. */
export function toBfloat16(value: number): number {
  words[0] = roundToBfloat16(value);
  return (bits[0] as number) >>> 16;
}

/** The number that 16 bits stand for. */
export function fromBfloat16(half: number): number {
  bits[0] = half << 16;
  return words[0] as number;
}
