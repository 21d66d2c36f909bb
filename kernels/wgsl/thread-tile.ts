/**
 * The registers of a thread of wgsl-flash as WGSL types: Rows, a number for each of its query rows, and Quad, four Rows, which are the
 * scores of four keys or the sums of four dims of the output. Both matrix products are additions of products into Quads.
 *
 * They are structs of vec4s, no arrays: compilers keep every member in a register of its own.
 */

import { LANES, lines, plus, range, times } from './emit.ts';
import { maskFunctions } from './mask.ts';

/** WGSL of the two types, for `rows` query rows a thread (a multiple of 4), with the operations on them. */
export function threadTile(rows: number): string {
  const vectors = range(rows / 4);
  const rowsOf = (member: (r: string) => string) => `Rows(${vectors.map((v) => member(`r${v}`)).join(', ')})`;
  const quadOf = (member: (lane: string) => string) => `Quad(${LANES.map(member).join(', ')})`;
  return `
// Registers of a thread. Rows: a number for each of its ${rows} query rows. Quad: four Rows, of four keys in S and P,
// of four dims in O.
struct Rows {
${lines(vectors.map((v) => `  r${v}: vec4f,`))}
}
struct Quad {
${lines(LANES.map((lane) => `  ${lane}: Rows,`))}
}
fn addRows(a: Rows, b: Rows) -> Rows {
  return ${rowsOf((r) => `a.${r} + b.${r}`)};
}
fn multiplyRows(a: Rows, b: Rows) -> Rows {
  return ${rowsOf((r) => `a.${r} * b.${r}`)};
}
fn maxRows(a: Rows, b: Rows) -> Rows {
  return ${rowsOf((r) => `max(a.${r}, b.${r})`)};
}
// 2^(a - b)
fn exp2Rows(a: Rows, b: Rows) -> Rows {
  return ${rowsOf((r) => `exp2(a.${r} - b.${r})`)};
}
// a + x b
fn fmaRows(x: f32, b: Rows, a: Rows) -> Rows {
  return ${rowsOf((r) => `fma(vec4f(x), b.${r}, a.${r})`)};
}
// a + x b^T, an outer product: both matrix products are sums of these.
fn addProduct(a: Quad, x: vec4f, b: Rows) -> Quad {
  return ${quadOf((lane) => `fmaRows(x.${lane}, b, a.${lane})`)};
}
fn multiplyQuad(a: Quad, b: Rows) -> Quad {
  return ${quadOf((lane) => `multiplyRows(a.${lane}, b)`)};
}
// 2^(a - b)
fn exp2Quad(a: Quad, b: Rows) -> Quad {
  return ${quadOf((lane) => `exp2Rows(a.${lane}, b)`)};
}
// a and the four of b, one after another: so few registers are needed beside b's.
fn maxFour(a: Rows, b: Quad) -> Rows {
  return maxRows(maxRows(maxRows(maxRows(a, b.x), b.y), b.z), b.w);
}
fn addFour(a: Rows, b: Quad) -> Rows {
  return addRows(addRows(addRows(addRows(a, b.x), b.y), b.z), b.w);
}
${maskFunctions(rows / 4)}`;
}

/** WGSL expression: the Rows in a workgroup array whose first vec4 is at index `at`, the others `stride` on. In place: see products.ts. */
export const readRows = (array: string, at: string, rows: number, stride: number) =>
  `Rows(${range(rows / 4)
    .map((v) => `${array}[${plus(at, v * stride)}]`)
    .join(', ')})`;

/** WGSL functions that write the registers of a thread of `rows` rows to workgroup memory, `threadRows` threads beside each other. */
export function workgroupAccess(rows: number, threadRows: number): string {
  return `fn putRows(i: u32, value: Rows) {
${lines(range(rows / 4).map((v) => `  weights[${plus('i', v * threadRows)}] = value.r${v};`))}
}
// Four keys, one after another.
fn putQuad(i: u32, value: Quad) {
${lines(LANES.map((lane, key) => `  putRows(${key === 0 ? 'i' : `i + ${times('rowVectors', key)}`}, value.${lane});`))}
}
`;
}
