/** Standard normal values as a pure function of (seed, tensor, batch, head, token, dim). */

/** The tensors that attention reads. */
export type TensorName = 'q' | 'k' | 'v';

const TENSOR_IDS: Record<TensorName | 'sinks', number> = { q: 1, k: 2, v: 3, sinks: 4 };

/**
 * A 32-bit mixing function (Chris Wellons' lowbias32): every input bit flips every output bit with a chance near one
 * half.
 */
function mix(value: number): number {
  let x = value | 0;
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  return (x ^ (x >>> 16)) >>> 0;
}

/** A number of 32 bits for a row of a tensor, as good as random. */
export function rowKey(
  seed: number,
  tensor: keyof typeof TENSOR_IDS,
  batch: number,
  head: number,
  token: number,
): number {
  let key = mix(seed ^ 0x9e3779b9);
  for (const part of [TENSOR_IDS[tensor], batch, head, token]) key = mix(key ^ Math.imul(part + 1, 0x85ebca6b));
  return key;
}

let normals: Float32Array | undefined;

/** Standard normal quantiles at 65,536 midpoints, so that a value is a hash and a look-up (tails end at 4.3). */
function normalTable(): Float32Array {
  if (normals !== undefined) return normals;
  const size = 65536;
  const table = new Float32Array(size);
  let x = 0;
  // From the middle outwards by Newton's method, each quantile the start of the next; the lower half by symmetry.
  for (let i = size / 2; i < size; i += 1) {
    const tail = 1 - (i + 0.5) / size;
    for (let step = 0; step < 4; step += 1) x += (normalTail(x) - tail) / normalDensity(x);
    table[i] = x;
    table[size - 1 - i] = -x;
  }
  normals = table;
  return table;
}

function normalDensity(x: number): number {
  return Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);
}

/**
 * P(X > x) for x >= 0: the Taylor-like series around 0 below 3, the continued fraction above (Abramowitz and Stegun
 * 26.2.11, 26.2.14).
 */
function normalTail(x: number): number {
  const density = normalDensity(x);
  if (x < 3) {
    let term = x;
    let sum = x;
    for (let n = 3; Math.abs(term) > 1e-17 * Math.abs(sum); n += 2) {
      term *= (x * x) / n;
      sum += term;
    }
    return 0.5 - density * sum;
  }
  let fraction = x;
  for (let n = 60; n >= 1; n -= 1) fraction = x + n / fraction;
  return density / fraction;
}

/** One value, from a key. */
export const normalValue = (key: number): number => normalTable()[key >>> 16] ?? 0;

/** Writes the standard normal values of the row with this key: `dims` of them into `target` at `offset`. */
export function normalRow(key: number, dims: number, target: Float32Array, offset: number): void {
  const table = normalTable();
  for (let dim = 0; dim < dims; dim += 1) {
    target[offset + dim] = table[mix(key + Math.imul(dim, 0x9e3779b1)) >>> 16] ?? 0;
  }
}

/** 32 bits for a number of a series. */
export const seededBits = (seed: number, index: number): number => mix(mix(seed ^ 0x51ed270b) ^ index);
