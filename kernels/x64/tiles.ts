/** Tile registers (AMX): what they are told to be, and the product of two tiles by two. */

import { slot } from './call.ts';
import { phase } from './text/control.ts';
import { at, atIndex, type Code, type General, op, type Tile, times } from './text/instruction.ts';

/** Rows of a tile, each of 64 bytes: 16 floats or 32 bf16. */
export const TILE_ROWS = 16;
export const TILE_BYTES = 64;
/** Tile registers. */
const TILES = 8;
/** Pairs of bf16 in a row of a tile: steps of a product. */
export const TILE_PAIRS = 16;

/** tmm0 .. 3: sums by row and column of tiles; 4 and 5 the left side, 6 and 7 the right. */
export const sumTile = (row: number, column: number): Tile => `tmm${row * 2 + column}`;
const leftTile = (row: number): Tile => `tmm${4 + row}`;
const rightTile = (column: number): Tile => `tmm${6 + column}`;

/** All tiles as large as they can be: palette 1, 64 bytes a row, 16 rows (Intel's manual, volume 1, chapter 18). `place`: 64 bytes of the scratch. Changes rax and rdi. */
export function emitConfigureTiles(place: number): Code {
  const word = (value: number, offset: number) => [op('mov', 'eax', value), op('mov', at('rdi', offset), 'eax')];
  const two = TILE_BYTES | (TILE_BYTES << 16);
  const four = TILE_ROWS * 0x01010101;
  return phase(
    'tiles of 16 rows of 64 bytes',
    op('mov', 'rdi', slot('scratch')),
    op('add', 'rdi', place),
    word(1, 0),
    times(3, (i) => word(0, 4 + i * 4)),
    times(TILES / 2, (i) => word(two, 16 + i * 4)),
    times(4, (i) => word(0, 32 + i * 4)),
    times(TILES / 4, (i) => word(four, 48 + i * 4)),
    times(2, (i) => word(0, 56 + i * 4)),
    op('ldtilecfg', at('rdi')),
  );
}

/** Tiles in memory: the first one's address, a register with the bytes from a row to the next, bytes to the next tile. */
export interface TilesAt {
  base: General;
  stride: General;
  offset: number;
  next: number;
}

const tileAt = ({ base, stride, offset, next }: TilesAt, i: number) => atIndex(base, stride, 1, offset + i * next);

/** sums[r][c] += left[r] right[c] of 2 x 2 tiles, 16 pairs deep. */
export const emitTileStep = (left: TilesAt, right: TilesAt): Code => [
  op('tileloadd', leftTile(0), tileAt(left, 0)),
  times(2, (c) => [
    op('tileloadd', rightTile(c), tileAt(right, c)),
    op('tdpbf16ps', sumTile(0, c), leftTile(0), rightTile(c)),
  ]),
  op('tileloadd', leftTile(1), tileAt(left, 1)),
  times(2, (c) => op('tdpbf16ps', sumTile(1, c), leftTile(1), rightTile(c))),
];

/** Code for each of the four tiles of sums, with its place in rows of `rowBytes` bytes. */
export const eachSum = (rowBytes: number, each: (tile: Tile, offset: number) => Code): Code =>
  times(2, (r) => times(2, (c) => each(sumTile(r, c), r * TILE_ROWS * rowBytes + c * TILE_BYTES)));

/** Gives tile registers back, without which a system saves them for this thread from now on. */
export const emitReleaseTiles = (): Code => op('tilerelease');
