/**
 * Calls of a host over a channel that carries JSON only: arrays of floats travel as base64 of their bytes, so that NaN
 * arrives too.
 */

import type { Request, Response } from './protocol.ts';

/** The arrays that travel, by the name under which their bytes do. */
const ARRAYS = { float32: Float32Array, float64: Float64Array } as const;
type ArrayName = keyof typeof ARRAYS;
const NAMES = Object.keys(ARRAYS) as ArrayName[];

type Encoded = Partial<Record<ArrayName, string>>;

/** A request that JSON can carry. */
export const encodeRequest = (request: Request): Request => encode(request) as Request;
/** The request as it was made. */
export const decodeRequest = (request: Request): Request => decode(request) as Request;
/** A response that JSON can carry. */
export const encodeResponse = (response: Response): Response => encode(response) as Response;
/** The response as the host gave it. */
export const decodeResponse = (response: Response): Response => decode(response) as Response;

function encode(value: unknown): unknown {
  const name = NAMES.find((array) => value instanceof ARRAYS[array]);
  if (name === undefined) return walk(value, encode);
  const { buffer, byteOffset, byteLength } = value as Float32Array | Float64Array;
  const bytes = new Uint8Array(buffer, byteOffset, byteLength);
  // In pieces: a call takes only so many arguments.
  const pieces: string[] = [];
  for (let at = 0; at < bytes.length; at += 8192) {
    pieces.push(String.fromCharCode(...bytes.subarray(at, at + 8192)));
  }
  return { [name]: btoa(pieces.join('')) };
}

function decode(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const name = NAMES.find((array) => typeof (value as Encoded)[array] === 'string');
  if (name === undefined) return walk(value, decode);
  const text = atob((value as Encoded)[name] as string);
  return new ARRAYS[name](Uint8Array.from(text, (character) => character.charCodeAt(0)).buffer);
}

function walk(value: unknown, step: (inner: unknown) => unknown): unknown {
  if (Array.isArray(value)) return value.map(step);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, step(inner)]));
}
