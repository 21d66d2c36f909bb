/** How q, k, v and o lie in a GPU's memory: f32, or f16 with arithmetic in f32, by the device's own type or packed in pairs of bits. */

import type { Dtype } from '../../src/problem/workload.ts';
import type { Features } from '../device.ts';
import { LANES, lines, plus } from './emit.ts';
import { isOwnV, isWhole, type RowDims } from './row-dims.ts';

/** 'packed-f16' needs nothing of the device: two halves in a u32, unpacked by a builtin of the language. */
export type Storage = 'f32' | 'f16' | 'packed-f16';

/** How tensors of a dtype are stored on a device with these features. */
export function storageOf(dtype: Dtype, features: Features): Storage {
  if (dtype === 'f32') return 'f32';
  return features.f16 ? 'f16' : 'packed-f16';
}

/**
 * Each storage: the directive that its module begins with; the type of four elements, and how it becomes and is made of vec4f; and the same
 * of one element, number `i` of a tensor, for rows that are no multiple of four.
 */
const STORAGES = {
  f32: {
    directive: '',
    type: 'vec4f',
    read: (at: string) => at,
    write: (value: string) => value,
    one: { type: 'f32', output: 'f32', read: (tensor: string, i: string) => `${tensor}[${i}]`, write: 'o[i] = value;' },
  },
  f16: {
    directive: 'enable f16;\n',
    type: 'vec4<f16>',
    read: (at: string) => `vec4f(${at})`,
    write: (value: string) => `vec4<f16>(${value})`,
    one: {
      ...{ type: 'f16', output: 'f16' },
      read: (tensor: string, i: string) => `f32(${tensor}[${i}])`,
      write: 'o[i] = f16(value);',
    },
  },
  'packed-f16': {
    directive: '',
    type: 'vec2u',
    read: (at: string) => `vec4f(unpack2x16float(${at}.x), unpack2x16float(${at}.y))`,
    write: (value: string) => `vec2u(pack2x16float(${value}.xy), pack2x16float(${value}.zw))`,
    one: {
      ...{ type: 'u32', output: 'atomic<u32>' },
      read: (tensor: string, i: string) => `unpack2x16float(${tensor}[${i} / 2u] >> (${i} % 2u * 16u)).x`,
      // The other half of the word may be another row's, which another thread writes at the same time.
      write: `let shift = i % 2u * 16u;
  atomicAnd(&o[i / 2u], ~(0xffffu << shift));
  atomicOr(&o[i / 2u], pack2x16float(vec2f(value, 0.0)) << shift);`,
    },
  },
};

/** The directive that a module begins with, if any. */
export const enableOf = (storage: Storage) => STORAGES[storage].directive;

/** Declarations of the tensors at bindings 1 to 4. */
export function tensors(storage: Storage, { headDim, headDimV }: RowDims): string {
  const { type, one } = STORAGES[storage];
  const element = (dim: number) => (isWhole(dim) ? type : one.type);
  return `@group(0) @binding(1) var<storage, read> q: array<${element(headDim)}>;
@group(0) @binding(2) var<storage, read> k: array<${element(headDim)}>;
@group(0) @binding(3) var<storage, read> v: array<${element(headDimV)}>;
@group(0) @binding(4) var<storage, read_write> o: array<${isWhole(headDimV) ? type : one.output}>;`;
}

/** Functions that read and write four elements of the tensors as vec4f. */
export function tensorAccess(storage: Storage, dims: RowDims): string {
  const { read, write } = STORAGES[storage];
  const reader = (tensor: 'q' | 'k' | 'v') => {
    const name = `read${tensor.toUpperCase()}`;
    const dim = tensor === 'v' ? dims.headDimV : dims.headDim;
    return isWhole(dim)
      ? `fn ${name}(i: u32) -> vec4f {
  return ${read(`${tensor}[i]`)};
}`
      : readOneByOne(storage, name, tensor, tensor === 'v' ? nameOfV(dims) : 'headDim');
  };
  const writer = isWhole(dims.headDimV)
    ? `fn writeO(i: u32, value: vec4f) {
  o[i] = ${write('value')};
}`
    : writeOneByOne(storage, nameOfV(dims));
  return [reader('q'), reader('k'), reader('v'), writer].join('\n');
}

/** WGSL constant: elements of a row of v and o. */
const nameOfV = (dims: RowDims) => (isOwnV(dims) ? 'headDimV' : 'headDim');

/** A function that reads the four elements of a row from 4 * column on; past the row's end they are zeros. */
function readOneByOne(storage: Storage, name: string, tensor: string, dim: string): string {
  const elements = LANES.map((lane) => STORAGES[storage].one.read(tensor, `i.${lane}`));
  return `fn ${name}(row: u32, column: u32) -> vec4f {
  let dims = column * 4u + vec4u(0u, 1u, 2u, 3u);
  let i = row + min(dims, vec4u(${dim} - 1u));
  let four = vec4f(
${lines(elements.map((element) => `    ${element},`))}
  );
  return select(vec4f(), four, dims < vec4u(${dim}));
}`;
}

/** Functions that write those that lie in the row. */
function writeOneByOne(storage: Storage, dim: string): string {
  const elements = LANES.map(
    (lane, n) => `  if (${plus('column * 4u', n)} < ${dim}) {\n    writeOne(${plus('i', n)}, value.${lane});\n  }`,
  );
  return `fn writeOne(i: u32, value: f32) {
  ${STORAGES[storage].one.write}
}
fn writeO(row: u32, column: u32, value: vec4f) {
  let i = row + column * 4u;
${lines(elements)}
}`;
}
