/** How q, k, v and o lie in a GPU's memory: f32, or f16 with arithmetic in f32, by the device's own type or packed in pairs of bits. */

import type { Dtype } from '../../src/problem/workload.ts';
import type { Features } from '../device.ts';

/** 'packed-f16' needs nothing of the device: two halves in a u32, unpacked by a builtin of the language. */
export type Storage = 'f32' | 'f16' | 'packed-f16';

export function storageOf(dtype: Dtype, features: Features): Storage {
  if (dtype === 'f32') return 'f32';
  return features.f16 ? 'f16' : 'packed-f16';
}

/** The directive that a module begins with. */
export const enableOf = (storage: Storage) => (storage === 'f16' ? 'enable f16;\n\n' : '');

const ELEMENTS = { f32: 'vec4f', f16: 'vec4<f16>', 'packed-f16': 'vec2u' } as const;

/** Declarations of the tensors at bindings 1 to 4, and functions that read and write four elements of them as vec4f. */
export function tensors(storage: Storage): string {
  const element = ELEMENTS[storage];
  const read = (at: string) =>
    ({ f32: at, f16: `vec4f(${at})`, 'packed-f16': `vec4f(unpack2x16float(${at}.x), unpack2x16float(${at}.y))` })[
      storage
    ];
  const write = {
    f32: 'value',
    f16: 'vec4<f16>(value)',
    'packed-f16': 'vec2u(pack2x16float(value.xy), pack2x16float(value.zw))',
  }[storage];
  return `@group(0) @binding(1) var<storage, read> q: array<${element}>;
@group(0) @binding(2) var<storage, read> k: array<${element}>;
@group(0) @binding(3) var<storage, read> v: array<${element}>;
@group(0) @binding(4) var<storage, read_write> o: array<${element}>;

fn readQ(i: u32) -> vec4f {
  return ${read('q[i]')};
}
fn readK(i: u32) -> vec4f {
  return ${read('k[i]')};
}
fn readV(i: u32) -> vec4f {
  return ${read('v[i]')};
}
fn writeO(i: u32, value: vec4f) {
  o[i] = ${write};
}`;
}
