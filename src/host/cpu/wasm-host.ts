/** Runs WebAssembly kernels: assembles the text, lays the tensors into shared memory and drives the threads. */

import wabt from 'wabt';
import type { Features } from '../../../kernels/device.ts';
import type { WasmProgram } from '../../../kernels/kernel.ts';
import { groupShare, sliceFlops } from '../../problem/slice.ts';
import type { Host, PrepareRequest } from '../contract.ts';
import { footprint, usesValuesInPlace } from '../footprint.ts';
import { createPreparedTable } from '../prepared-table.ts';
import { fillTensors, layoutOf, type TensorLayout } from '../tensor-layout.ts';
import { wallClock } from '../wall-clock.ts';
import { CONTROL, createThread, PHASE, type ThreadJob } from './wasm-thread.ts';

const PAGE = 65536;
/** How the kernels import their memory, and how they do without sharing. */
const SHARED_MEMORY = '(memory 1 65536 shared)';
const OWN_MEMORY = '(memory 1 65536)';
/** 32-bit addresses. */
export const WASM_MEMORY_BYTES = 2 ** 32;
/** Bytes at address 0 that stay zero: the row that stands in for rows and keys past the end. */
const ZEROS = 1024;

export interface WasmHostOptions {
  deviceName: string;
  memoryBytes: number;
  threads: number;
  simd256: boolean;
  /** False forbids fused multiply-adds even where the engine has them. */
  relaxedSimd: boolean;
  /** Whether threads can share memory; where they cannot, one runs on memory of its own. */
  sharedMemory: boolean;
  /** Starts a worker that calls serveThread, and waits until it has; returns how to be rid of it. */
  startThread: (job: ThreadJob) => Promise<{ stop(): Promise<void> }>;
}

interface PreparedWasm {
  control: Int32Array;
  layout: TensorLayout;
  output: Float32Array;
  headDim: number;
  run: (phase: number) => void;
  workers: { stop(): Promise<void> }[];
  flops: number;
  packShare: number;
}

/** True where the engine compiles relaxed SIMD: the smallest module that uses it validates. */
export async function hasRelaxedSimd(): Promise<boolean> {
  const text =
    '(module (func (param v128) (result v128) (f32x4.relaxed_madd (local.get 0) (local.get 0) (local.get 0))))';
  return WebAssembly.validate(await assemble(text));
}

async function assemble(text: string): Promise<Uint8Array<ArrayBuffer>> {
  const { parseWat } = await wabt();
  const module = parseWat('kernel.wat', text, { simd: true, relaxed_simd: true, threads: true });
  try {
    return new Uint8Array(module.toBinary({}).buffer);
  } finally {
    module.destroy();
  }
}

export async function createWasmHost(options: WasmHostOptions): Promise<Host> {
  const { simd256, memoryBytes } = options;
  const threads = options.sharedMemory ? options.threads : 1;
  const features: Features = { relaxedSimd: options.relaxedSimd && (await hasRelaxedSimd()), simd256, f16: false };
  const compiled = new Map<string, WebAssembly.Module>();
  const table = createPreparedTable<PreparedWasm>();

  const compile = async (program: WasmProgram) => {
    let module = compiled.get(program.text);
    if (module === undefined) {
      const text = options.sharedMemory ? program.text : program.text.replace(SHARED_MEMORY, OWN_MEMORY);
      module = await WebAssembly.compile(await assemble(text));
      compiled.set(program.text, module);
    }
    return module;
  };

  return {
    async environment() {
      return {
        device: {
          name: options.deviceName,
          backend: 'wasm',
          software: false,
          features: ['simd', ...(features.relaxedSimd ? ['relaxed-simd'] : []), ...(simd256 ? ['revectorize'] : [])],
          threads,
          variant: null,
          variantReason: null,
          clock: wallClock(),
        },
        deviceLimits: { memoryBytes: WASM_MEMORY_BYTES },
        limits: {
          memoryBytes: Math.min(memoryBytes, WASM_MEMORY_BYTES),
          tensorBytes: WASM_MEMORY_BYTES,
          workgroupMemoryBytes: Number.POSITIVE_INFINITY,
          workgroupInvocations: Number.POSITIVE_INFINITY,
        },
        features,
      };
    },
    async compile(program) {
      const begin = performance.now();
      await compile(requireWasm(program));
      return (performance.now() - begin) / 1000;
    },
    async prepare(request) {
      const program = requireWasm(request.program);
      const begin = performance.now();
      const module = await compile(program);
      const middle = performance.now();
      const entry = await allocate(request, program, module, { ...options, threads });
      const end = performance.now();
      return {
        id: table.add(entry),
        compileSeconds: (middle - begin) / 1000,
        prepareSeconds: (end - middle) / 1000,
      };
    },
    async run(id) {
      const entry = table.get(id);
      const packSeconds = runPhase(entry, PHASE.pack);
      const seconds = runPhase(entry, PHASE.attend);
      return { seconds: seconds + packSeconds * entry.packShare, flops: entry.flops, clock: 'wall' };
    },
    async read(id, rows) {
      const { layout, output, headDim } = table.get(id);
      return rows.map((address) => {
        const offset = layout.locate(address);
        // A copy outside the shared memory, so that it can be sent anywhere.
        return new Float32Array(output.subarray(offset, offset + headDim));
      });
    },
    async dispose(id) {
      await stopWorkers(table.take(id));
    },
    async close() {
      await Promise.all(table.all().map(stopWorkers));
    },
  };
}

function requireWasm(program: PrepareRequest['program']): WasmProgram {
  if (program.kind !== 'wasm') throw new TypeError(`a WebAssembly host cannot run a ${program.kind} program`);
  return program;
}

/** Allocates memory for the slice, fills the tensors and starts the threads. */
async function allocate(
  request: PrepareRequest,
  program: WasmProgram,
  module: WebAssembly.Module,
  options: WasmHostOptions,
): Promise<PreparedWasm> {
  const { workload: w, slice, data } = request;
  const layout = layoutOf(w, slice);
  const threads = Math.max(1, Math.min(options.threads, layout.tiles));
  const keysPadded = Math.ceil(w.seqKv / program.keyMultiple) * program.keyMultiple;

  let top = ZEROS;
  const take = (bytes: number) => {
    const address = top;
    // A line more than the size, so that tensors of a power of two do not fall on the same cache sets.
    top += Math.ceil(bytes / 64) * 64 + 192;
    return address;
  };
  const scratch = Array.from({ length: threads }, () => take(program.scratchBytes));
  const packedBytes = layout.kvHeads * keysPadded * w.headDim * 4;
  const tensors = {
    q: take(layout.qElements * 4),
    k: take(layout.kvElements * 4),
    v: take(layout.kvElements * 4),
    o: take(layout.qElements * 4),
  };
  const packedV = usesValuesInPlace(program, layout.shape) ? tensors.v : take(packedBytes);
  const keyNorms = take((layout.kvHeads * keysPadded * 4) / program.keyMultiple);
  const addresses = { ...tensors, packedK: take(packedBytes), packedV, keyNorms };
  const pages = Math.ceil(top / PAGE);
  if (pages > PAGE) throw new RangeError(`needs ${footprint(program, w, slice, threads)} bytes of WebAssembly memory`);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: PAGE, shared: options.sharedMemory });
  const view = (address: number, elements: number) => new Float32Array(memory.buffer, address, elements);
  fillTensors(data, w, slice, {
    q: view(addresses.q, layout.qElements),
    k: view(addresses.k, layout.kvElements),
    v: view(addresses.v, layout.kvElements),
  });
  const output = view(addresses.o, layout.qElements).fill(Number.NaN);

  const bytes = CONTROL.size * 4;
  const control = new Int32Array(options.sharedMemory ? new SharedArrayBuffer(bytes) : new ArrayBuffer(bytes));
  const { keyMultiple, splitRows } = program;
  const job = { module, memory, control, workload: w, slice, keysPadded, keyMultiple, splitRows, addresses };
  const workers = await Promise.all(
    scratch.slice(1).map((address) => options.startThread({ ...job, scratch: address })),
  );
  const run = createThread({ ...job, scratch: scratch[0] as number });
  const flops = sliceFlops(w, slice);
  return { control, layout, output, headDim: w.headDim, run, workers, flops, packShare: groupShare(w, slice) };
}

/** Blocks until `count` workers have reported. This thread may block: it is never one that a user interface runs on. */
function waitForWorkers(control: Int32Array, count: number): void {
  for (let done = Atomics.load(control, CONTROL.done); done < count; done = Atomics.load(control, CONTROL.done)) {
    if (Atomics.wait(control, CONTROL.done, done, 60_000) === 'timed-out') {
      throw new Error('a WebAssembly thread did not answer within 60 s');
    }
  }
  Atomics.store(control, CONTROL.done, 0);
}

function startPhase(control: Int32Array, phase: number): void {
  Atomics.store(control, CONTROL.next, 0);
  Atomics.store(control, CONTROL.phase, phase);
  Atomics.add(control, CONTROL.generation, 1);
  Atomics.notify(control, CONTROL.generation);
}

/** Runs one phase on all threads, this one included; seconds. */
function runPhase(entry: PreparedWasm, phase: number): number {
  const begin = performance.now();
  startPhase(entry.control, phase);
  entry.run(phase);
  waitForWorkers(entry.control, entry.workers.length);
  return (performance.now() - begin) / 1000;
}

async function stopWorkers(entry: PreparedWasm): Promise<void> {
  startPhase(entry.control, PHASE.exit);
  await Promise.all(entry.workers.map((worker) => worker.stop()));
}
