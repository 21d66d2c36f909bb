/** WGSL passes compiled into pipelines over the bindings that kernels/wgsl/abi.ts declares. */

import type { WgslProgram } from '../../../kernels/kernel.ts';
import { checked } from './error-scopes.ts';
import { BUFFER_USAGE, SHADER_STAGE_COMPUTE } from './usage-flags.ts';

/** The pipelines of a device; each text is compiled once. */
export interface Pipelines {
  /** Those of a program, one for each pass. Throws with the compiler's message where a pass does not compile. */
  compile(program: WgslProgram): Promise<GPUComputePipeline[]>;
  /** The same, and all that the driver leaves to the first dispatch is done too: the device executes. */
  makeReady(program: WgslProgram): Promise<GPUComputePipeline[]>;
}

/** Pipelines of a device, none yet. */
export function createPipelines(device: GPUDevice): Pipelines {
  const known = new Map<string, GPUComputePipeline>();
  const ready = new Set<GPUComputePipeline>();
  const create = (code: string, program: WgslProgram) => {
    const module = device.createShaderModule({ code });
    const layout = device.createPipelineLayout({ bindGroupLayouts: [bindGroupLayout(device, program)] });
    return device.createComputePipelineAsync({ layout, compute: { module, entryPoint: 'main' } });
  };
  const compile = async (program: WgslProgram) => {
    const pipelines: GPUComputePipeline[] = [];
    for (const { code } of program.passes) {
      const pipeline = known.get(code) ?? (await checked(device, () => create(code, program)));
      known.set(code, pipeline);
      pipelines.push(pipeline);
    }
    return pipelines;
  };
  return {
    compile,
    async makeReady(program) {
      const pipelines = await compile(program);
      for (const pipeline of pipelines.filter((item) => !ready.has(item))) {
        await checked(device, () => finishCompiling(device, pipeline, program));
        ready.add(pipeline);
      }
      return pipelines;
    },
  };
}

/** Bytes that any program binds: a buffer that subgroup matrices are loaded from must hold a whole one, 16 x 16 floats. */
const LEAST_BYTES = 1024;

/**
 * Some drivers compile a pipeline when it is dispatched first (llvmpipe, for a minute): a dispatch of no workgroups makes
 * them do so now, where no run is timed or watched. Its size comes from a buffer, since browsers warn of a 0 in the code.
 */
async function finishCompiling(device: GPUDevice, pipeline: GPUComputePipeline, program: WgslProgram): Promise<void> {
  const buffers: GPUBuffer[] = [];
  const create = (usage: number) => {
    const buffer = device.createBuffer({ size: LEAST_BYTES, usage });
    buffers.push(buffer);
    return buffer;
  };
  const entries = bindingTypes(program).map(({ type, binding }) => ({
    binding,
    resource: { buffer: create(type === 'uniform' ? BUFFER_USAGE.UNIFORM : BUFFER_USAGE.STORAGE) },
  }));
  try {
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, device.createBindGroup({ layout: bindGroupLayout(device, program), entries }));
    pass.dispatchWorkgroupsIndirect(create(BUFFER_USAGE.INDIRECT), 0);
    pass.end();
    device.queue.submit([encoder.finish()]);
    await device.queue.onSubmittedWorkDone();
  } finally {
    for (const buffer of buffers) buffer.destroy();
  }
}

/**
 * The bindings that kernels/wgsl/abi.ts declares: parameters, q, k, v, o, block starts and, for some programs, scratch
 * and sinks.
 */
export function bindGroupLayout(device: GPUDevice, program: Bound): GPUBindGroupLayout {
  return device.createBindGroupLayout({
    entries: bindingTypes(program).map(({ type, binding }) => ({
      binding,
      visibility: SHADER_STAGE_COMPUTE,
      buffer: { type },
    })),
  });
}

/** What decides the bindings of a program. */
type Bound = Pick<WgslProgram, 'scratchBytesPerTile' | 'sinks'>;

function bindingTypes({ scratchBytesPerTile, sinks }: Bound): { type: GPUBufferBindingType; binding: number }[] {
  const always = [
    'uniform',
    ...Array<'read-only-storage'>(3).fill('read-only-storage'),
    'storage',
    'read-only-storage',
  ];
  return [
    ...(always as GPUBufferBindingType[]).map((type, binding) => ({ type, binding })),
    ...(scratchBytesPerTile > 0 ? [{ type: 'storage' as const, binding: 6 }] : []),
    ...(sinks === true ? [{ type: 'read-only-storage' as const, binding: 7 }] : []),
  ];
}
