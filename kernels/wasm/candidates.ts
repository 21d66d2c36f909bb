/** Configurations of the WebAssembly kernel that may be worth trying, and what makes one impossible. */

import type { Workload } from '../../src/problem/workload.ts';
import { wasmConfiguration } from '../cpu-configurations.ts';
import type { DeviceProfile, Features } from '../device.ts';
import { combinations, distance, sameConfiguration } from '../tunable.ts';
import { panelWidth, type WasmConfiguration } from './configuration.ts';

/** Vector registers of x86 with AVX2, and of NEON at least as many. */
const REGISTERS = 16;

/** Why a configuration cannot be built: panels that do not divide, or unrolling past a panel. */
export function wasmConfigurationProblem(t: WasmConfiguration, _w: Workload): string | undefined {
  const width = panelWidth(t);
  if (t.rows > 16 || t.vectors > 16) return 'a register tile of more than 16 rows or vectors is not emitted';
  if ((width & (width - 1)) !== 0) return `vectors is ${t.vectors}, not a power of two`;
  if (t.blockRows % t.rows !== 0) return `blockRows ${t.blockRows} is not a multiple of rows ${t.rows}`;
  if (t.blockKeys % width !== 0) return `blockKeys ${t.blockKeys} is not a multiple of the panel width ${width}`;
  if (16 % t.unroll !== 0 || width % t.unroll !== 0) return `unroll ${t.unroll} does not divide 16 and ${width}`;
  return undefined;
}

/** Vector registers that the inner loop wants: sums, a row of the panel, a broadcast. */
function registers(config: WasmConfiguration, features: Features): number {
  const vectors = config.vectors / (features.simd256 ? 2 : 1);
  return vectors * (config.rows + 1) + 1;
}

/** Loads for each multiply-add of the inner loop. */
const loads = (config: WasmConfiguration) => 1 / config.rows + 1 / config.vectors;

/** Why a configuration does not fit the registers, or undefined. */
export const wasmExcess = (config: WasmConfiguration, { features }: DeviceProfile) =>
  registers(config, features) > REGISTERS ? `more than ${REGISTERS} vector registers` : undefined;

/** Configurations that can be built, fewest loads first. */
export function wasmCandidates(w: Workload, device: DeviceProfile): WasmConfiguration[] {
  const { features } = device;
  const shipped = wasmConfiguration(w, device);
  const shapes = combinations<WasmConfiguration>(shipped, {
    rows: [3, 4, 5, 6, 8],
    vectors: features.simd256 ? [2, 4, 8] : [1, 2, 4],
    blockRows: [96, 192, 288],
    blockKeys: [128, 256, 512],
    unroll: [4, 8],
    order: ['groups', 'phases'],
  });
  return shapes
    .map((config) => ({ ...config, blockRows: Math.ceil(config.blockRows / config.rows) * config.rows }))
    .filter((config) => !sameConfiguration(config, shipped) && wasmConfigurationProblem(config, w) === undefined)
    .sort((a, b) => loads(a) - loads(b) || distance(a, shipped) - distance(b, shipped));
}
