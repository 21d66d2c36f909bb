/** The tensors of a safetensors file that are an attention problem: found by name, read once, told if they hold no numbers. */

import {
  type ByteSource,
  readHeader,
  readTensor,
  SafetensorsError,
  type StoredDtype,
  type Tensor,
} from './safetensors.ts';
import { type AskedRole, type NamedTensors, nameTensors, type Role } from './tensor-names.ts';

/** The tensors that a file gives for attention. */
export interface TensorSet extends NamedTensors {
  /** By role, as they lie in the file. */
  tensors: ReadonlyMap<Role, Tensor>;
  /** What could be sinks or a mask, which nobody asked for: a hint may find that o was made with it. */
  others: ReadonlyMap<AskedRole, Tensor>;
}

/** How much of a file has been read, from 0 to 1. */
export type ReadProgress = (share: number) => void;

/** Finds and reads the tensors. Throws SafetensorsError where the file cannot be read or has no problem in it. */
export function readTensorSet(
  source: ByteSource,
  map: Partial<Record<Role, string>> = {},
  progress: ReadProgress = () => {},
  sinks = false,
): TensorSet {
  const header = readHeader(source);
  const named = nameTensors([...header.entries.keys()], map, sinks);
  const tensors = new Map<Role, Tensor>();
  let done = 0;
  for (const [role, name] of Object.entries(named.names) as [Role, string][]) {
    const tensor = readTensor(source, header, name, (bytes) => {
      done += bytes;
      progress(done / source.size);
    });
    if (tensor.dtype === 'BOOL' && role !== 'mask') {
      throw new SafetensorsError(`tensor '${name}' has dtype BOOL, which only a mask can have; give it as F32`);
    }
    tensors.set(role, tensor);
  }
  const others = new Map<AskedRole, Tensor>();
  for (const [role, name] of Object.entries(named.offered) as [AskedRole, string][]) {
    const tensor = unlessUnreadable(() => readTensor(source, header, name));
    if (tensor !== undefined) others.set(role, tensor);
  }
  return { ...named, tensors, others };
}

/** A tensor that is not needed may be of a type that cannot be read: then it is none. */
function unlessUnreadable(read: () => Tensor): Tensor | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof SafetensorsError) return undefined;
    throw error;
  }
}

/** The set with some of what was not asked for in use. */
export function withOthers(set: TensorSet, roles: readonly AskedRole[]): TensorSet {
  const tensors = new Map(set.tensors);
  for (const role of roles) {
    const tensor = set.others.get(role);
    if (tensor !== undefined) tensors.set(role, tensor);
  }
  return { ...set, names: { ...set.names, ...set.offered }, tensors };
}

/** A tensor that was found, with the name that it has in the file. */
export function tensorOf(set: TensorSet, role: Role): { name: string; tensor: Tensor } | undefined {
  const [name, tensor] = [set.names[role], set.tensors.get(role)];
  return name === undefined || tensor === undefined ? undefined : { name, tensor };
}

/** The type that o is stored in; undefined without an o. */
export const storedOutput = (set: TensorSet): StoredDtype | undefined => set.tensors.get('o')?.dtype;

/** Where a tensor holds values that are no numbers. */
export interface NotFinite {
  tensor: string;
  nan: number;
  infinite: number;
  /** The first of them, by the tensor's own axes. */
  first: number[];
}

/** The tensors with NaN or infinity in them. */
export function notFinite(set: TensorSet): NotFinite[] {
  return [...set.tensors].flatMap(([role, { values, shape }]): NotFinite[] => {
    let [nan, infinite, first] = [0, 0, -1];
    values.forEach((value, index) => {
      // In a mask it hides a key.
      if (Number.isFinite(value) || (role === 'mask' && value === Number.NEGATIVE_INFINITY)) return;
      if (first < 0) first = index;
      if (Number.isNaN(value)) nan += 1;
      else infinite += 1;
    });
    if (first < 0) return [];
    const position = shape.map((size, axis) => {
      const step = shape.slice(axis + 1).reduce((product, each) => product * each, 1);
      return Math.floor(first / step) % size;
    });
    return [{ tensor: set.names[role] ?? role, nan, infinite, first: position }];
  });
}

/** Throws for a set whose tensors disagree, in the words of its shapes. */
export function disagree(name: string, shape: readonly number[], wanted: readonly number[]): never {
  throw new SafetensorsError(
    `tensor '${name}' has shape [${shape.join(', ')}]; [${wanted.join(', ')}] fits the others`,
  );
}
