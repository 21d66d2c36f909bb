/** One attention head in a memory, for a program in machine code: run by the interpreter or by the CPU, and read back. */

import type { X64Program } from '../../../kernels/kernel.ts';
import { CALL_BYTES, type Given, slotOffset } from '../../../kernels/x64/call.ts';
import { type Data, fillRow, sinkValue, type TensorName } from '../../../src/problem/data.ts';
import { valueDim, visibility, type Workload } from '../../../src/problem/workload.ts';
import { fromBf16, toBits } from './floats.ts';
import { READ, WRITE } from './machine.ts';

/** Where things lie, bytes. */
export interface Head {
  workload: Workload;
  program: X64Program;
  image: Uint8Array<ArrayBuffer>;
  at: Record<'q' | 'k' | 'v' | 'o' | 'packedK' | 'packedV' | 'scratch' | 'zeros' | 'sink' | 'call' | 'stack', number>;
  /** What code may do with each byte. */
  allowed: Uint8Array;
}

/** Elements between the rows of a tensor, as other heads' lie there; no code may touch them. */
const GAP = 3;
const ADDRESSES = ['q', 'k', 'v', 'o', 'packedK', 'packedV', 'scratch', 'zeros', 'sink'] as const;
const elementBytes = ({ dtype }: Workload) => (dtype === 'bf16' ? 2 : 4);
const dimsOf = (w: Workload, tensor: string) => (tensor === 'v' || tensor === 'o' ? valueDim(w) : w.headDim);
const rowBytes = (w: Workload, tensor: string) => dimsOf(w, tensor) * elementBytes(w);
const strideOf = (w: Workload, tensor: string) => rowBytes(w, tensor) + GAP * elementBytes(w);
const paddedKeys = ({ seqKv }: Workload, { keyMultiple }: X64Program) => Math.ceil(seqKv / keyMultiple) * keyMultiple;

/** The one head of a workload, filled; all that is not a tensor's or the row of zeros is NaN. */
export function createHead(w: Workload, program: X64Program, data: Data): Head {
  let top = 64;
  const regions: { at: number; bytes: number; how: number }[] = [];
  const take = (bytes: number, how: number) => {
    const at = top;
    top += Math.ceil(bytes / 64) * 64 + 64;
    regions.push({ at, bytes, how });
    return at;
  };
  const tensor = (name: string, rows: number, how: number) => {
    const at = take(rows * strideOf(w, name), 0);
    for (let row = 0; row < rows; row += 1) {
      regions.push({ at: at + row * strideOf(w, name), bytes: rowBytes(w, name), how });
    }
    return at;
  };
  const keys = paddedKeys(w, program);
  const dims = program.packedDims ?? { k: w.headDim, v: valueDim(w) };
  const zeroBytes = Math.max(rowBytes(w, 'k'), rowBytes(w, 'v'));
  const at = {
    q: tensor('q', w.seqQuery, READ),
    k: tensor('k', w.seqKv, READ),
    v: tensor('v', w.seqKv, READ),
    o: tensor('o', w.seqQuery, WRITE),
    packedK: take(keys * dims.k * 4, READ | WRITE),
    packedV: take(keys * dims.v * 4, READ | WRITE),
    scratch: take(program.scratchBytes, READ | WRITE),
    zeros: take(zeroBytes, READ),
    sink: take(4, READ),
    call: take(CALL_BYTES, READ | WRITE),
    stack: take(1024, READ | WRITE) + 1024,
  };
  const image = new Uint8Array(top).fill(0xff);
  const allowed = new Uint8Array(top);
  for (const region of regions) allowed.fill(region.how, region.at, region.at + region.bytes);
  image.fill(0, at.zeros, at.zeros + zeroBytes);
  new DataView(image.buffer).setFloat32(at.sink, w.sinks === true ? sinkValue(data, 0) : Number.NaN, true);
  for (const name of ['q', 'k', 'v'] as const) fill(w, image, name, at[name], data);
  return { workload: w, program, image, at, allowed };
}

/** Writes a tensor in the type of its workload. */
function fill(w: Workload, image: Uint8Array<ArrayBuffer>, tensor: TensorName, at: number, data: Data): void {
  const row = new Float32Array(dimsOf(w, tensor));
  const view = new DataView(image.buffer);
  for (let token = 0; token < (tensor === 'q' ? w.seqQuery : w.seqKv); token += 1) {
    fillRow(data, w, tensor, 0, 0, token, row, 0);
    const place = at + token * strideOf(w, tensor);
    for (const [dim, value] of row.entries()) {
      if (w.dtype === 'bf16') view.setUint16(place + dim * 2, toBits(value) >>> 16, true);
      else view.setFloat32(place + dim * 4, value, true);
    }
  }
}

/** Packs K and V and attends to all work tiles. `memory` holds the image at address `base`; `invoke` runs a function on a pointer. */
export function attend(
  head: Head,
  memory: DataView,
  base: bigint,
  invoke: (name: 'pack' | 'attend', pointer: bigint) => void,
): void {
  const { program, at, workload: w } = head;
  const set = (name: Given, value: number | bigint) =>
    memory.setBigInt64(at.call + slotOffset(name), BigInt(value), true);
  for (const name of ADDRESSES) set(name, base + BigInt(at[name]));
  for (const name of ['q', 'k', 'v', 'o'] as const) set(`${name}Stride`, strideOf(w, name));
  const keys = paddedKeys(w, program);
  const { windowLow, windowHigh } = visibility(w);
  set('seqKv', w.seqKv);
  set('keysPadded', keys);
  set('windowLow', windowLow);
  set('windowHigh', windowHigh);
  set('scale', 0);
  memory.setFloat32(at.call + slotOffset('scale'), w.scale, true);
  set('firstPanel', 0);
  set('endPanel', keys / program.keyMultiple);
  const pointer = base + BigInt(at.call);
  invoke('pack', pointer);
  for (let row = 0; row < w.seqQuery; row += program.blockRows) {
    set('q', base + BigInt(at.q + row * strideOf(w, 'q')));
    set('o', base + BigInt(at.o + row * strideOf(w, 'o')));
    set('rows', Math.min(program.blockRows, w.seqQuery - row));
    set('firstRow', row);
    invoke('attend', pointer);
  }
}

/** The output rows. */
export function outputOf({ workload: w, at }: Head, memory: DataView): Float32Array[] {
  return Array.from({ length: w.seqQuery }, (_, row) =>
    Float32Array.from({ length: valueDim(w) }, (_, dim) => {
      const place = at.o + row * strideOf(w, 'o') + dim * elementBytes(w);
      return w.dtype === 'bf16' ? fromBf16(memory.getUint16(place, true)) : memory.getFloat32(place, true);
    }),
  );
}
