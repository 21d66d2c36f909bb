/** The three ideas of the AVO paper as options of the kernels here: each ablation differs from the tuned kernel in one of them. */

import type { Kernel } from './kernel.ts';
import type { WgslTile } from './configurations.ts';
import { wasmTile, wgslTile } from './configurations.ts';
import { emitWasmFlash, wasmFlash } from './wasm/flash.ts';
import type { WasmTile } from './wasm/configuration.ts';
import { buildWgslFlash, wgslFlash, wgslFlashUnsupported } from './wgsl/flash.ts';

type Idea = NonNullable<Kernel['ablation']>['idea'];

function wasm(option: string, idea: Idea, summary: string, change: Partial<WasmTile>): Kernel {
  return {
    ...wasmFlash,
    name: `wasm-flash-${option}`,
    summary,
    ablation: { of: wasmFlash.name, idea, change: 'removes' },
    build: (w, features) => emitWasmFlash(w.headDim, { ...wasmTile(features, w), ...change }, features),
  };
}

export const WASM_ABLATIONS: readonly Kernel[] = [
  wasm('branch', 'branchless', 'wasm-flash, sums rescaled only where the maximum of a row of the tile moved', {
    rescale: 'branch',
  }),
  wasm('phases', 'overlap', 'wasm-flash, all scores of a block, then all its softmax, then all its sums', {
    order: 'phases',
  }),
  wasm('small', 'registers', 'wasm-flash, register tile of 4 rows: fewer registers than there are', { rows: 4 }),
  wasm('large', 'registers', 'wasm-flash, register tile of 8 rows: more registers than there are', { rows: 8 }),
];

function wgsl(option: string, idea: Idea, summary: string, change: (tile: WgslTile) => Partial<WgslTile>): Kernel {
  const varied = (tile: WgslTile) => ({ ...tile, ...change(tile) });
  return {
    ...wgslFlash,
    name: `wgsl-flash-${option}`,
    summary,
    ablation: { of: wgslFlash.name, idea, change: idea === 'overlap' ? 'adds' : 'removes' },
    unsupported: (w, limits) => wgslFlashUnsupported(w, limits, varied(wgslTile(w.headDim, {}, limits))),
    build: (w, features, limits) => buildWgslFlash(w, features, varied(wgslTile(w.headDim, features, limits))),
  };
}

export const WGSL_ABLATIONS: readonly Kernel[] = [
  wgsl('branch', 'branchless', 'wgsl-flash, sums rescaled only where the maximum of a row of the thread moved', () => ({
    rescale: 'branch',
  })),
  wgsl('overlap', 'overlap', 'wgsl-flash, first values loaded before the softmax instead of after it', () => ({
    values: 'before-softmax',
  })),
  wgsl('small', 'registers', 'wgsl-flash, half the keys a thread: fewer registers than there are', (tile) => ({
    keys: tile.keys / 2,
  })),
  wgsl(
    'large',
    'registers',
    'wgsl-flash, half as many keys more a thread: more registers than many devices have',
    (tile) => ({
      keys: tile.keys * 1.5,
      weightParts: tile.threadColumns / 2,
      valueKeys: 8,
    }),
  ),
];
