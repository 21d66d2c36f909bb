/** WGSL passes compiled into pipelines over the bindings that kernels/wgsl/abi.ts declares. */

import type { WgslProgram } from '../../../kernels/kernel.ts';
import { checked } from './error-scopes.ts';
import { SHADER_STAGE_COMPUTE } from './usage-flags.ts';

/** The pipelines of a program, one for each pass. Throws with the compiler's message where a pass does not compile. */
export type CompilePasses = (program: WgslProgram) => Promise<GPUComputePipeline[]>;

/** A compiler for a device, which compiles the same text once. */
export function createPipelines(device: GPUDevice): CompilePasses {
  const known = new Map<string, GPUComputePipeline>();
  const compile = async (code: string, hasScratch: boolean) => {
    const module = device.createShaderModule({ code });
    const layout = device.createPipelineLayout({ bindGroupLayouts: [bindGroupLayout(device, hasScratch)] });
    return device.createComputePipelineAsync({ layout, compute: { module, entryPoint: 'main' } });
  };
  return async (program) => {
    const pipelines: GPUComputePipeline[] = [];
    for (const { code } of program.passes) {
      const pipeline = known.get(code) ?? (await checked(device, () => compile(code, program.scratchBytesPerTile > 0)));
      known.set(code, pipeline);
      pipelines.push(pipeline);
    }
    return pipelines;
  };
}

/**
 * The bindings that kernels/wgsl/abi.ts declares: parameters, q, k, v, o, block starts and, for some kernels, scratch.
 */
export function bindGroupLayout(device: GPUDevice, hasScratch: boolean): GPUBindGroupLayout {
  const types: GPUBufferBindingType[] = [
    'uniform',
    'read-only-storage',
    'read-only-storage',
    'read-only-storage',
    'storage',
    'read-only-storage',
  ];
  if (hasScratch) types.push('storage');
  return device.createBindGroupLayout({
    entries: types.map((type, binding) => ({ binding, visibility: SHADER_STAGE_COMPUTE, buffer: { type } })),
  });
}
