/** A file of tensors, read in parts: it may be larger than what can be read at once. */

import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import type { ByteSource } from '../problem/safetensors.ts';
import { orUnreadable } from '../record/files.ts';

/** Calls `use` with the bytes of a file, and closes it. Throws UsageError where it cannot be read. */
export function withTensorFile<T>(path: string, use: (source: ByteSource) => T): T {
  // A pipe that nobody writes to would block the opening.
  const file = orUnreadable(path, () => openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)));
  try {
    const size = orUnreadable(path, () => {
      const status = fstatSync(file);
      if (status.isDirectory()) throw Object.assign(new Error('a folder'), { code: 'EISDIR' });
      // Pipes and devices cannot be read from the middle.
      if (!status.isFile()) throw Object.assign(new Error('no regular file'), { code: 'ESPIPE' });
      return status.size;
    });
    return use({
      size,
      read(offset, length) {
        const bytes = new Uint8Array(length);
        const got = orUnreadable(path, () => readAll(file, bytes, offset));
        return bytes.subarray(0, got);
      },
    });
  } finally {
    closeSync(file);
  }
}

/** Reads until `bytes` is full or the file ends; how many bytes came. */
function readAll(file: number, bytes: Uint8Array, offset: number): number {
  let got = 0;
  while (got < bytes.length) {
    const count = readSync(file, bytes, got, bytes.length - got, offset + got);
    if (count === 0) break;
    got += count;
  }
  return got;
}
