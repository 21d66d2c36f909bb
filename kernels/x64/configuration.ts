/** The configuration of the kernel in machine code: how much of the two matrix products is held in registers and in the caches. */

import { z } from 'zod';
import type { Workload } from '../../src/problem/workload.ts';
import { x64Configuration } from '../cpu-configurations.ts';
import type { CodeSet, DeviceProfile } from '../device.ts';
import { combinations, count, distance, sameConfiguration } from '../tunable.ts';

export const x64ConfigurationSchema = z.strictObject({
  set: z.enum(['avx2', 'avx512']),
  /** Query rows of the register tile. */
  rows: count,
  /** Vectors of the register tile: keys in q k^T, head dimensions in p v. A panel is as wide. */
  vectors: count,
  /** Query rows of one work tile, a multiple of `rows`. */
  blockRows: count,
  /** Keys of one step of the online softmax, a multiple of the panel width. */
  blockKeys: count,
});

export type X64Configuration = z.infer<typeof x64ConfigurationSchema>;
/** The same for any set. */
export type TileConfiguration = Omit<X64Configuration, 'set'> & { set: CodeSet };

/** Floats of a vector, and vector registers. */
export const LANES: Record<CodeSet, number> = { avx2: 8, avx512: 16, 'avx512-bf16': 16, 'amx-bf16': 16 };
const REGISTERS: Record<CodeSet, number> = { avx2: 16, avx512: 32, 'avx512-bf16': 32, 'amx-bf16': 32 };
/** Whether products are made by tile registers. */
export const usesTiles = (set: CodeSet): boolean => set === 'amx-bf16';

/** Columns of one packed panel: the keys (K) or head dimensions (V) that a register tile covers. */
export const panelWidth = ({ set, vectors }: TileConfiguration): number => LANES[set] * vectors;

/** Why a configuration cannot be built. */
export function x64ConfigurationProblem(t: TileConfiguration): string | undefined {
  const width = panelWidth(t);
  const registers = t.vectors * (t.rows + 1) + 1;
  if (registers > REGISTERS[t.set]) return `needs ${registers} vector registers, ${t.set} has ${REGISTERS[t.set]}`;
  if (t.rows > LANES[t.set]) return `rows is ${t.rows}: a vector has ${LANES[t.set]} lanes for their maxima`;
  if ((width & (width - 1)) !== 0) return `vectors is ${t.vectors}, not a power of two`;
  if (t.blockRows % t.rows !== 0) return `blockRows ${t.blockRows} is not a multiple of rows ${t.rows}`;
  if ((t.blockKeys & (t.blockKeys - 1)) !== 0) return `blockKeys is ${t.blockKeys}, not a power of two`;
  if (t.blockKeys % width !== 0) return `blockKeys ${t.blockKeys} is not a multiple of the panel width ${width}`;
  return undefined;
}

/** Why a configuration cannot run on a device: instructions that it lacks. */
export function x64Excess(
  { set }: X64Configuration,
  { dtype }: Workload,
  { features }: DeviceProfile,
): string | undefined {
  if (dtype === 'bf16') return set === 'avx512' ? undefined : 'bf16 is multiplied in vectors of 512 bits only';
  return set === 'avx512' && features.instructionSet !== 'avx512' ? 'AVX-512 is not used here' : undefined;
}

/** Loads for each multiply-add of the inner loop. */
const loads = (config: X64Configuration) => 1 / config.rows + 1 / config.vectors;

/** Configurations that can be built, fewest loads first. */
export function x64Candidates(w: Workload, device: DeviceProfile): X64Configuration[] {
  const shipped = x64Configuration(w, device);
  const shapes = combinations<X64Configuration>(shipped, {
    set: ['avx2', 'avx512'],
    rows: [4, 6, 8, 10, 12, 14],
    vectors: [1, 2],
    blockRows: [96, 192, 288, 576],
    blockKeys: [128, 256, 512],
  });
  return shapes
    .map((config) => ({ ...config, blockRows: Math.ceil(config.blockRows / config.rows) * config.rows }))
    .filter((config) => !sameConfiguration(config, shipped) && x64ConfigurationProblem(config) === undefined)
    .sort((a, b) => loads(a) - loads(b) || distance(a, shipped) - distance(b, shipped));
}
