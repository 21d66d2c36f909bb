/**
 * Runs in a process of its own, under Node or under Deno: reads WGSL texts as a JSON array, compiles each, and writes what the
 * compiler says of each, null where it accepts it, and now and then a line with how many it has seen. Node has Dawn's null backend, which knows every feature, validates as any other
 * and needs no device; Deno has wgpu, whose compiler is naga, on the Vulkan driver that it finds.
 */

import { readFileSync } from 'node:fs';

/** What is found of a list of texts. */
export interface Compiled {
  adapter: string;
  features: string[];
  /** In the order of the texts: null where it was accepted. */
  messages: (string | null)[];
}

/** A line of output while more is to come. */
export interface Progress {
  compiled: number;
}

/** Texts between two lines of progress. */
const PROGRESS_STEP = 100;

const WANTED = ['shader-f16', 'subgroups', 'chromium-experimental-subgroup-matrix'];

async function findAdapter(): Promise<GPUAdapter | null> {
  if ('Deno' in globalThis) return navigator.gpu.requestAdapter();
  const { create, globals } = await import('webgpu');
  Object.assign(globalThis, globals);
  const gpu = create(['backend=null', 'enable-dawn-features=allow_unsafe_apis']);
  // Kept until the process ends: Dawn must not collect it.
  Object.assign(globalThis, { gpu });
  return gpu.requestAdapter();
}

/** The compiler's warnings come on standard output as well, and may end in the middle of a line. */
const tell = (line: Progress | Compiled, then?: () => void) =>
  process.stdout.write(`\n${JSON.stringify(line)}\n`, then);

async function compileAll(codes: readonly string[]): Promise<Compiled> {
  const adapter = await findAdapter();
  if (adapter === null) throw new Error('no WebGPU adapter');
  const features = WANTED.filter((feature) => adapter.features.has(feature)) as GPUFeatureName[];
  const device = await adapter.requestDevice({ requiredFeatures: features });
  Object.assign(globalThis, { adapter, device });
  const messages: (string | null)[] = [];
  for (const code of codes) {
    device.pushErrorScope('validation');
    device.createShaderModule({ code });
    messages.push((await device.popErrorScope())?.message ?? null);
    if (messages.length % PROGRESS_STEP === 0) tell({ compiled: messages.length });
  }
  return { adapter: adapter.info.description || adapter.info.device || 'null backend', features, messages };
}

const codes = JSON.parse(readFileSync(0, 'utf8')) as string[];
tell(await compileAll(codes), () => process.exit(0));
