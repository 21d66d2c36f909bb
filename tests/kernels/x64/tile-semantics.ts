/** What instructions over tiles do (AMX; Intel's manual, volume 2, and volume 1, chapter 18). */

import type { Memory, Operand } from '../../../kernels/x64/text/instruction.ts';
import { flush, fma, fromBf16 } from './floats.ts';
import { addressOf, check, type Machine, READ, readGeneral, type Semantics, WRITE } from './machine.ts';

const TILE_BYTES = 1024;
const ROW_BYTES = 64;

/** A tile as bytes, rows of 64, and how much of it there is. Throws where it is not configured. */
function tile({ tiles }: Machine, operand: Operand | undefined) {
  const i = Number((operand as string).slice(3));
  const [rows = 0, rowBytes = 0] = [tiles.rows[i], tiles.rowBytes[i]];
  if (!tiles.configured || rows === 0 || rowBytes === 0) throw new RangeError(`${operand} is not configured`);
  return { bytes: new DataView(tiles.bytes.buffer, i * TILE_BYTES, TILE_BYTES), rows, rowBytes };
}

/** Address of a row: the index register is the stride. */
function rowAddress(machine: Machine, memory: Memory, row: number): number {
  if (memory.index === undefined) throw new RangeError('tiles in memory have a stride');
  const base = addressOf(machine, { base: memory.base, offset: memory.offset });
  return base + row * readGeneral(machine, memory.index) * (memory.scale ?? 1);
}

export const tileSemantics: Record<string, Semantics> = {
  ldtilecfg: (machine, [from]) => {
    const address = addressOf(machine, from as Memory);
    check(machine, address, 64, READ);
    const byte = (at: number) => machine.memory.getUint8(address + at);
    if (byte(0) !== 1 || byte(1) !== 0) throw new RangeError('only palette 1 from row 0 is known here');
    for (const at of [...range(2, 16), ...range(32, 48), ...range(56, 64)]) {
      if (byte(at) !== 0) throw new RangeError(`reserved byte ${at} of the tile configuration is not 0`);
    }
    const rowBytes = range(0, 8).map((i) => byte(16 + 2 * i) + 256 * byte(17 + 2 * i));
    const rows = range(0, 8).map((i) => byte(48 + i));
    if (rowBytes.some((bytes) => bytes > ROW_BYTES) || rows.some((count) => count > 16)) {
      throw new RangeError('a tile is larger than a tile can be');
    }
    machine.tiles = { configured: true, bytes: new Uint8Array(8 * TILE_BYTES), rows, rowBytes };
  },
  tilerelease: (machine) => {
    machine.tiles = { configured: false, bytes: new Uint8Array(8 * TILE_BYTES), rows: [], rowBytes: [] };
  },
  tilezero: (machine, [to]) => {
    const { bytes } = tile(machine, to);
    for (let at = 0; at < TILE_BYTES; at += 1) bytes.setUint8(at, 0);
  },
  tileloadd: (machine, [to, from]) => {
    const { bytes, rows, rowBytes } = tile(machine, to);
    for (let at = 0; at < TILE_BYTES; at += 1) bytes.setUint8(at, 0);
    for (let row = 0; row < rows; row += 1) {
      const address = rowAddress(machine, from as Memory, row);
      check(machine, address, rowBytes, READ);
      for (let i = 0; i < rowBytes; i += 1) bytes.setUint8(row * ROW_BYTES + i, machine.memory.getUint8(address + i));
    }
  },
  tilestored: (machine, [to, from]) => {
    const { bytes, rows, rowBytes } = tile(machine, from);
    for (let row = 0; row < rows; row += 1) {
      const address = rowAddress(machine, to as Memory, row);
      check(machine, address, rowBytes, WRITE);
      for (let i = 0; i < rowBytes; i += 1) machine.memory.setUint8(address + i, bytes.getUint8(row * ROW_BYTES + i));
    }
  },
  // Even and odd products are summed apart, in the order of the steps, each rounded; then both, then that and what the tile held.
  tdpbf16ps: (machine, [to, left, right]) => {
    if (new Set([to, left, right]).size < 3) throw new RangeError('tdpbf16ps takes three different tiles');
    const [sums, a, b] = [tile(machine, to), tile(machine, left), tile(machine, right)];
    if (a.rows !== sums.rows || b.rowBytes !== sums.rowBytes || a.rowBytes !== b.rows * 4) {
      throw new RangeError('tiles do not fit each other');
    }
    const bf16 = (bytes: DataView, row: number, i: number) =>
      flush(fromBf16(bytes.getUint16(row * ROW_BYTES + i * 2, true)));
    for (let row = 0; row < sums.rows; row += 1) {
      for (let column = 0; column < sums.rowBytes / 4; column += 1) {
        const parts = [0, 0];
        for (let step = 0; step < a.rowBytes / 4; step += 1) {
          for (const i of [0, 1] as const) {
            const term = fma(bf16(a.bytes, row, 2 * step + i), bf16(b.bytes, step, 2 * column + i), parts[i] as number);
            parts[i] = flush(term);
          }
        }
        const product = flush(Math.fround((parts[0] as number) + (parts[1] as number)));
        const at = row * ROW_BYTES + column * 4;
        const sum = Math.fround(flush(sums.bytes.getFloat32(at, true)) + product);
        sums.bytes.setFloat32(at, flush(sum), true);
      }
    }
  },
};

function range(first: number, end: number): number[] {
  return Array.from({ length: end - first }, (_, i) => first + i);
}
