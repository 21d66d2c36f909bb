/** The three techniques of the AVO paper as options of the kernels here: each ablation differs from the tuned kernel in one of them. */

import { wgslConfiguration } from './configurations.ts';
import { wasmConfiguration } from './cpu-configurations.ts';
import type { Kernel } from './kernel.ts';
import type { WasmConfiguration } from './wasm/configuration.ts';
import { emitWasmFlash, wasmFlash } from './wasm/flash.ts';
import { wgslConfigurationProblem } from './wgsl/candidates.ts';
import type { WgslConfiguration } from './wgsl/configuration.ts';
import { buildWgslFlash, wgslFlash, wgslFlashUnsupported } from './wgsl/flash.ts';
import { rowDimsOf } from './wgsl/row-dims.ts';

type Technique = NonNullable<Kernel['ablation']>['technique'];

function varied(
  option: string,
  summary: string,
  change: Partial<WasmConfiguration>,
  ablation?: Pick<NonNullable<Kernel['ablation']>, 'of' | 'technique'>,
): Kernel {
  return {
    ...wasmFlash,
    name: `wasm-flash-${option}`,
    summary,
    ...(ablation === undefined ? {} : { ablation: { ...ablation, change: 'removes' } }),
    build: (w, device) => emitWasmFlash(w, { ...wasmConfiguration(w, device), ...change }, device.features),
  };
}

/**
 * wasm-flash with running maxima in every block. The shipped one leaves them out where norms bound the logits, as they do on normal
 * data: there a branch on whether a maximum moved is never taken. So both sides of branch-free rescaling take them always.
 */
const wasmMaxima = varied('maxima', 'wasm-flash with running maxima in every block, even where they are not needed', {
  maxima: 'always',
});
const ofWasmFlash = (technique: Technique) => ({ of: wasmFlash.name, technique });

export const WASM_ABLATIONS: readonly Kernel[] = [
  wasmMaxima,
  varied(
    'branch',
    'wasm-flash-maxima, sums rescaled only where the maximum of a row of the register tile moved',
    { maxima: 'always', rescale: 'branch' },
    { of: wasmMaxima.name, technique: 'branchless' },
  ),
  varied(
    'phases',
    'wasm-flash, all scores of a block, then all its softmax, then all its sums',
    { order: 'phases' },
    ofWasmFlash('overlap'),
  ),
  varied(
    'small',
    'wasm-flash, register tile of 4 rows: fewer registers than there are',
    { rows: 4 },
    ofWasmFlash('registers'),
  ),
  varied(
    'large',
    'wasm-flash, register tile of 8 rows: more registers than there are',
    { rows: 8 },
    ofWasmFlash('registers'),
  ),
];

function wgsl(
  option: string,
  technique: Technique,
  summary: string,
  change: (config: WgslConfiguration) => Partial<WgslConfiguration>,
): Kernel {
  const changed = (config: WgslConfiguration): WgslConfiguration => ({ ...config, ...change(config) });
  return {
    ...wgslFlash,
    name: `wgsl-flash-${option}`,
    summary,
    ablation: { of: wgslFlash.name, technique, change: technique === 'overlap' ? 'adds' : 'removes' },
    unsupported: (w, device) => {
      const dims = rowDimsOf(w);
      const config = changed(wgslConfiguration(dims, device));
      return wgslConfigurationProblem(config, dims, device.limits) ?? wgslFlashUnsupported(config, w, device);
    },
    build: (w, device) => buildWgslFlash(changed(wgslConfiguration(rowDimsOf(w), device)), w, device),
  };
}

export const WGSL_ABLATIONS: readonly Kernel[] = [
  wgsl('branch', 'branchless', 'wgsl-flash, sums rescaled only where the maximum of a row of the thread moved', () => ({
    rescale: 'branch',
  })),
  wgsl('overlap', 'overlap', 'wgsl-flash, first values loaded before the softmax instead of after it', () => ({
    values: 'before-softmax',
  })),
  wgsl('small', 'registers', 'wgsl-flash, half the keys a thread: fewer registers than there are', (config) => ({
    keys: config.keys / 2,
  })),
  wgsl(
    'large',
    'registers',
    'wgsl-flash, one and a half times the keys a thread: more registers than many devices have',
    (config) => ({
      keys: Math.ceil((config.keys * 1.5) / 4) * 4,
      weightParts: config.threadColumns / 2,
      valueKeys: 8,
    }),
  ),
];
