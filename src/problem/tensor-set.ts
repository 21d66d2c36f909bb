/** The tensors of a safetensors file that are an attention problem: found by name, read once, told if they hold no numbers. */

import {
  type ByteSource,
  readHeader,
  readTensor,
  SafetensorsError,
  type StoredDtype,
  type Tensor,
} from './safetensors.ts';
import { type NamedTensors, nameTensors, type Role } from './tensor-names.ts';

/** The tensors that a file gives for attention. */
export interface TensorSet extends NamedTensors {
  /** By role, as they lie in the file. */
  tensors: ReadonlyMap<Role, Tensor>;
}

/** How much of a file has been read, from 0 to 1. */
export type ReadProgress = (share: number) => void;

/** Finds and reads the tensors. Throws SafetensorsError where the file cannot be read or has no problem in it. */
export function readTensorSet(
  source: ByteSource,
  map: Partial<Record<Role, string>> = {},
  progress: ReadProgress = () => {},
): TensorSet {
  const header = readHeader(source);
  const named = nameTensors([...header.entries.keys()], map);
  const tensors = new Map<Role, Tensor>();
  let done = 0;
  for (const [role, name] of Object.entries(named.names) as [Role, string][]) {
    const tensor = readTensor(source, header, name, (bytes) => {
      done += bytes;
      progress(done / source.size);
    });
    tensors.set(role, tensor);
  }
  return { ...named, tensors };
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
      if (Number.isFinite(value)) return;
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
