/** How many floats a thread of wgsl-flash keeps in registers, and how many the GPUs of a vendor have room for. */

import { sizes, type WgslConfiguration } from './configuration.ts';

/** Floats of S and O that a thread keeps while it walks over the keys, at a head dimension of v; beside them it needs maxima, sums, operands and addresses. */
export function floatsOfThread(headDimV: number, config: WgslConfiguration): number {
  return config.rows * (config.keys + 4 * sizes(headDimV, config).threadColumns);
}

/**
 * Floats of S and O that a compiler finds registers for, by vendor as WebGPU names it. More are spilled to memory in the loops.
 *
 * Compiled for RDNA2 in a hundred shapes, 25 November 2026. Of 256 registers (AMD; NVIDIA has 255, and at 240 room for eight warps a
 * multiprocessor) 192 floats leave at most two spilled, 224 a dozen and more. Of 128, which workgroups of 1,024 threads get there, 64
 * floats leave up to 15 spilled, 80 in 4 keys a thread up to three, 96 nine to two hundred.
 *
 * GUESSES, no such GPU was at hand: Apple's have about 128 registers of 32 bits a thread. Intel's before Xe2 have about 64 a lane at SIMD16;
 * 48 floats leave 16 for all else, and where that does not do their compiler has SIMD8 with twice as many.
 */
const FLOATS = new Map([
  ['apple', 80],
  ['intel', 48],
]);
const FLOATS_OF_OTHERS = 192;

/** Floats of S and O that a thread may keep on a vendor's GPUs; those of a vendor that is not known or not said are taken for large. */
export const floatsThatFit = (vendor: string | undefined) => FLOATS.get(vendor ?? '') ?? FLOATS_OF_OTHERS;

/** Whether a vendor's GPUs have fewer registers than most. */
export const hasFewRegisters = (vendor: string | undefined) => floatsThatFit(vendor) < FLOATS_OF_OTHERS;
