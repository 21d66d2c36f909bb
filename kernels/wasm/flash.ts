/** wasm-flash: flash attention in WebAssembly SIMD, two register-tiled products around an online softmax. */

import { wasmConfiguration } from '../configurations.ts';
import type { Features } from '../device.ts';
import type { Kernel, WasmProgram } from '../kernel.ts';
import { unsupportedShape } from '../supported-shapes.ts';
import { tunable } from '../tunable.ts';
import { emitAttend, scratchLayout } from './attend.ts';
import { emitBounded } from './bounds.ts';
import { wasmCandidates, wasmConfigurationProblem } from './candidates.ts';
import { panelWidth, type WasmConfiguration, wasmConfigurationSchema } from './configuration.ts';
import { emitPack } from './pack.ts';
import { emitScores, emitValues, multiplyAddOf } from './products.ts';
import { emitFill, emitSoftmax } from './softmax.ts';
import { get, i32, indent } from './wat.ts';

/** Parts of a unit at the end of a run: a sixth of the time that a thread waits for another's last unit. */
const PARTS = 6;

export const wasmFlash: Kernel = {
  name: 'wasm-flash',
  backend: 'wasm',
  summary: 'WebAssembly SIMD on all cores: packed K and V, register-tiled products, online softmax in the cache',
  unsupported: (workload) => unsupportedShape(workload),
  build: (workload, device) => emitWasmFlash(workload.headDim, wasmConfiguration(workload, device), device.features),
  tunable: tunable({
    schema: wasmConfigurationSchema,
    shipped: wasmConfiguration,
    candidates: wasmCandidates,
    problem: wasmConfigurationProblem,
    build: (config, workload, { features }) => emitWasmFlash(workload.headDim, config, features),
  }),
};

/** The program for a head dimension, tile and feature set; sequence lengths, strides and the mask are arguments of it. */
export function emitWasmFlash(headDim: number, config: WasmConfiguration, features: Features): WasmProgram {
  const multiplyAdd = multiplyAddOf(features);
  const globals = ['seqKv', 'keysPadded', 'windowLow', 'windowHigh', 'qStride', 'kvStride'];
  const text = indent(`
;; Flash attention, head dimension ${headDim}. Register tile ${config.rows} x ${config.vectors} vectors, ${config.blockRows} query rows x ${config.blockKeys} keys a block.
;; Strides are in bytes. Address 0 holds a row of zeros.
(module
(import "host" "memory" (memory 1 65536 shared))
${globals.map((name) => `(global $${name} (mut i32) ${i32(0)})`).join('\n')}
(global $scale (mut f32) (f32.const 0))
(func (export "configure") ${globals.map((name) => `(param $${name} i32)`).join(' ')} (param $scale f32)
${globals.map((name) => `(global.set $${name} ${get(name)})`).join('\n')}
(global.set $scale ${get('scale')}))
${emitPack(headDim, config)}
${emitScores(headDim, config, multiplyAdd)}
${emitValues(headDim, config, multiplyAdd)}
${emitSoftmax(config, features)}
${emitFill}
${emitBounded(headDim)}
${emitAttend(headDim, config)}
)`);
  return {
    kind: 'wasm',
    text,
    blockRows: config.blockRows,
    keyMultiple: panelWidth(config),
    scratchBytes: scratchLayout(headDim, config).bytes,
    plainValues: config.values === 'rows',
    // Whole row groups, so that a row's result does not depend on where its unit was cut.
    splitRows: config.rows * Math.ceil(config.blockRows / config.rows / PARTS),
  };
}
