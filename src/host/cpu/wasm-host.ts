/** A host for WebAssembly programs: compiles the text, lays the tensors into one memory and drives the threads. */

import type { Features } from '../../../kernels/device.ts';
import type { WasmProgram } from '../../../kernels/kernel.ts';
import { packingShare } from '../../problem/seen-keys.ts';
import { sliceFlops } from '../../problem/slice.ts';
import type { Host, PrepareRequest } from '../contract.ts';
import { keyParts } from '../footprint.ts';
import { NO_WORKGROUPS } from '../plain-device.ts';
import { createPoison, type Poisoned } from '../poison.ts';
import { createPreparedTable } from '../prepared-table.ts';
import { sumsOf } from '../row-sums.ts';
import { copyRows, layoutOf, type TensorLayout } from '../tensor-layout.ts';
import { wallClock } from '../wall-clock.ts';
import { createCompiler, hasRelaxedSimd } from './wasm-compiler.ts';
import { allocate, WASM_MEMORY_BYTES } from './wasm-memory.ts';
import { createControl, PHASE, stopThreads, type Threads, takeCopy, timedPhase } from './wasm-phases.ts';
import { createThread, type ThreadJob } from './wasm-thread.ts';

/** The engine and the machine of a WebAssembly host, which differ between Node and browsers. */
export interface WasmHostOptions {
  deviceName: string;
  /** Memory that the machine can spare, bytes. */
  memoryBytes: number;
  threads: number;
  /** True where the engine was started with its revectoriser on. */
  simd256: boolean;
  /** False forbids fused multiply-adds even where the engine has them. */
  relaxedSimd: boolean;
  /** Whether threads can share memory; where they cannot, one runs on memory of its own. */
  sharedMemory: boolean;
  /** Starts a worker that calls serveThread, and waits until it has; returns how to end it. */
  startThread: (job: ThreadJob) => Promise<{ stop(): Promise<void> }>;
}

interface PreparedWasm extends Threads {
  layout: TensorLayout;
  output: Float32Array;
  /** Undefined for a ceiling, which writes no rows. */
  poisoned: Poisoned | undefined;
  flops: number;
  /** Share of the time of packing that a sample is charged. */
  packShare: number;
  /** Copies of k and v, of which each run takes the next. */
  copies: number;
  runs: number;
  /** Parts of a KV head's keys that are merged at the end; 0 where the program packs. */
  keyParts: number;
}

/** Opens a host. Its first step is to ask the engine for relaxed SIMD. */
export async function createWasmHost(options: WasmHostOptions): Promise<Host> {
  const { simd256, memoryBytes, sharedMemory } = options;
  const threads = sharedMemory ? options.threads : 1;
  const features: Features = {
    relaxedSimd: options.relaxedSimd && (await hasRelaxedSimd()),
    simd256,
    f16: false,
    unsharedMemory: !sharedMemory,
  };
  const compile = createCompiler();
  const table = createPreparedTable<PreparedWasm>();

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
          ...NO_WORKGROUPS,
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
      const prepared = await prepare(request, program, module, { ...options, threads });
      const end = performance.now();
      return {
        id: table.add(prepared),
        compileSeconds: (middle - begin) / 1000,
        prepareSeconds: (end - middle) / 1000,
        ...(prepared.copies > 1 ? { copies: prepared.copies } : {}),
      };
    },
    async run(id) {
      const prepared = table.get(id);
      const { flops, keyParts, packShare, poisoned, output } = prepared;
      poisoned?.poison();
      takeCopy(prepared.control, prepared.runs % prepared.copies);
      prepared.runs += 1;
      // A program that packs has no parts of keys.
      const packSeconds = keyParts === 0 ? timedPhase(prepared, PHASE.pack) * packShare : 0;
      const seconds = timedPhase(prepared, PHASE.attend);
      const mergeSeconds = keyParts > 1 ? timedPhase(prepared, PHASE.merge) : 0;
      poisoned?.check(output);
      return { seconds: packSeconds + seconds + mergeSeconds, flops, clock: 'wall' };
    },
    async read(id, rows) {
      const { layout, output } = table.get(id);
      return copyRows(output, layout, rows);
    },
    async sums(id, seed) {
      const { layout, output } = table.get(id);
      return sumsOf(output, layout, seed);
    },
    async dispose(id) {
      await stopThreads(table.take(id));
    },
    async close() {
      await Promise.all(table.all().map(stopThreads));
    },
  };
}

function requireWasm(program: PrepareRequest['program']): WasmProgram {
  if (program.kind !== 'wasm') throw new TypeError(`a WebAssembly host cannot run a ${program.kind} program`);
  return program;
}

/** Allocates and fills the memory of a slice and starts the threads, no more of them than there are work tiles. */
async function prepare(
  request: PrepareRequest,
  program: WasmProgram,
  module: WebAssembly.Module,
  { threads: most, sharedMemory, startThread }: WasmHostOptions,
): Promise<PreparedWasm> {
  const { workload: w, slice } = request;
  const layout = layoutOf(w, slice);
  const { keyMultiple, packedDims, splitRows, inPlace } = program;
  const parts = inPlace === undefined ? 0 : keyParts(w, inPlace).length;
  const pieces =
    inPlace === undefined
      ? layout.tiles
      : layout.shape.batch * parts * Math.ceil(layout.shape.kvHeads / inPlace.splitHeads);
  const threads = Math.max(1, Math.min(most, pieces));
  const { memory, addresses, copies, scratch, output } = allocate(request, program, layout, threads, sharedMemory);
  const control = createControl(sharedMemory);
  const job = {
    module,
    memory,
    control,
    workload: w,
    slice,
    keyMultiple,
    packedDims,
    splitRows,
    inPlace,
    addresses,
    copies,
  };
  const [own = 0, ...others] = scratch;
  const workers = await Promise.all(others.map((address) => startThread({ ...job, scratch: address })));
  const run = createThread({ ...job, scratch: own });
  const poisoned = request.data.kind === 'none' ? undefined : createPoison(output, layout);
  const share = {
    flops: sliceFlops(w, slice),
    packShare: packingShare(w, slice),
    keyParts: parts,
    copies: copies.count,
    runs: 0,
  };
  return { control, run, workers, layout, output, poisoned, ...share };
}
