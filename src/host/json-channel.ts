/**
 * Calls of a host over a channel that carries JSON only: arrays of f32 travel as base64 of their bytes, so that NaN
 * arrives too.
 */

import type { Request, Response } from './protocol.ts';

interface Encoded {
  float32: string;
}

const isEncoded = (value: object): value is Encoded => typeof (value as Partial<Encoded>).float32 === 'string';

/** A request that JSON can carry. */
export const encodeRequest = (request: Request): Request => encode(request) as Request;
/** The request as it was made. */
export const decodeRequest = (request: Request): Request => decode(request) as Request;
/** A response that JSON can carry. */
export const encodeResponse = (response: Response): Response => encode(response) as Response;
/** The response as the host gave it. */
export const decodeResponse = (response: Response): Response => decode(response) as Response;

function encode(value: unknown): unknown {
  if (value instanceof Float32Array) {
    const bytes = new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
    // In pieces: a call takes only so many arguments.
    const pieces: string[] = [];
    for (let at = 0; at < bytes.length; at += 8192) {
      pieces.push(String.fromCharCode(...bytes.subarray(at, at + 8192)));
    }
    return { float32: btoa(pieces.join('')) };
  }
  return walk(value, encode);
}

function decode(value: unknown): unknown {
  if (typeof value === 'object' && value !== null && isEncoded(value)) {
    const text = atob(value.float32);
    return new Float32Array(Uint8Array.from(text, (character) => character.charCodeAt(0)).buffer);
  }
  return walk(value, decode);
}

function walk(value: unknown, step: (inner: unknown) => unknown): unknown {
  if (Array.isArray(value)) return value.map(step);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, step(inner)]));
}
