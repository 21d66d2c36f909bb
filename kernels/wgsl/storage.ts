/** How q, k, v and o lie in a GPU's memory: f32, or f16 with arithmetic in f32, by the device's own type or packed in pairs of bits. */

import type { Dtype } from '../../src/problem/workload.ts';
import type { Features } from '../device.ts';

/** 'packed-f16' needs nothing of the device: two halves in a u32, unpacked by a builtin of the language. */
export type Storage = 'f32' | 'f16' | 'packed-f16';

/** How tensors of a dtype are stored on a device with these features. */
export function storageOf(dtype: Dtype, features: Features): Storage {
  if (dtype === 'f32') return 'f32';
  return features.f16 ? 'f16' : 'packed-f16';
}

/** Each storage: the directive that its module begins with, the type of four elements, and how it becomes and is made of vec4f. */
const STORAGES = {
  f32: { directive: '', type: 'vec4f', read: (at: string) => at, write: (value: string) => value },
  f16: {
    directive: 'enable f16;\n',
    type: 'vec4<f16>',
    read: (at: string) => `vec4f(${at})`,
    write: (value: string) => `vec4<f16>(${value})`,
  },
  'packed-f16': {
    directive: '',
    type: 'vec2u',
    read: (at: string) => `vec4f(unpack2x16float(${at}.x), unpack2x16float(${at}.y))`,
    write: (value: string) => `vec2u(pack2x16float(${value}.xy), pack2x16float(${value}.zw))`,
  },
};

/** The directive that a module begins with, if any. */
export const enableOf = (storage: Storage) => STORAGES[storage].directive;

/** Declarations of the tensors at bindings 1 to 4. */
export function tensors(storage: Storage): string {
  const { type } = STORAGES[storage];
  return `@group(0) @binding(1) var<storage, read> q: array<${type}>;
@group(0) @binding(2) var<storage, read> k: array<${type}>;
@group(0) @binding(3) var<storage, read> v: array<${type}>;
@group(0) @binding(4) var<storage, read_write> o: array<${type}>;`;
}

/** Functions that read and write four elements of the tensors as vec4f. */
export function tensorAccess(storage: Storage): string {
  const { read, write } = STORAGES[storage];
  return `fn readQ(i: u32) -> vec4f {
  return ${read('q[i]')};
}
fn readK(i: u32) -> vec4f {
  return ${read('k[i]')};
}
fn readV(i: u32) -> vec4f {
  return ${read('v[i]')};
}
fn writeO(i: u32, value: vec4f) {
  o[i] = ${write('value')};
}`;
}
