/** A host for programs that threads of a CPU run over one memory: compiles them, lays the tensors out and drives the threads. */

import type { Features } from '../../../kernels/device.ts';
import type { Backend, Program, ThreadedProgram } from '../../../kernels/kernel.ts';
import { packingShare } from '../../problem/seen-keys.ts';
import { sliceFlops } from '../../problem/slice.ts';
import type { Host, PrepareRequest } from '../contract.ts';
import { keyParts } from '../footprint.ts';
import { NO_WORKGROUPS } from '../plain-device.ts';
import { createPoison, type Poisoned } from '../poison.ts';
import { createPreparedTable } from '../prepared-table.ts';
import { sumsOf } from '../row-sums.ts';
import { floatsOf, type Stored } from '../stored.ts';
import { copyRows, layoutOf, type TensorLayout } from '../tensor-layout.ts';
import { wallClock } from '../wall-clock.ts';
import { createControl, PHASE, stopThreads, type Threads, takeCopy, timedPhase } from './phases.ts';
import { sampleOf } from './sample.ts';
import { allocate, MEMORY_BYTES } from './threaded-memory.ts';
import { createThread, type Instantiate, type ThreadJob } from './work-thread.ts';

/** The machine, and how its threads are started. */
export interface ThreadedHostOptions<Compiled> {
  deviceName: string;
  /** Memory that the machine can spare, bytes. */
  memoryBytes: number;
  threads: number;
  /** Whether threads can share memory; where they cannot, one runs on memory of its own. */
  sharedMemory: boolean;
  /** Starts a worker that calls serveThread, and waits until it has; returns how to end it. */
  startThread: (job: ThreadJob<Compiled>) => Promise<{ stop(): Promise<void> }>;
  /** Where things lie; in one memory without gaps where it is left out. */
  allocate?: typeof allocate;
}

/** What runs the code of a kind of programs. */
export interface CodeEngine<Compiled> {
  backend: Backend;
  /** Features as the record lists them. */
  listed: string[];
  features: Features;
  /** Compiles a program, each once. Throws TypeError for a program of another kind. */
  compile(program: Program): Promise<Compiled>;
  instantiate: Instantiate<Compiled>;
  /** Tells the system how a memory will be used, before it is. */
  advise?: (memory: ArrayBufferLike) => void;
}

interface PreparedThreads extends Threads {
  layout: TensorLayout;
  output: Stored;
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

/** A host whose code an engine runs. */
export function createThreadedHost<Compiled>(
  options: ThreadedHostOptions<Compiled>,
  engine: CodeEngine<Compiled>,
): Host {
  const { memoryBytes, sharedMemory } = options;
  const threads = sharedMemory ? options.threads : 1;
  const table = createPreparedTable<PreparedThreads>();

  return {
    async environment() {
      return {
        device: {
          name: options.deviceName,
          backend: engine.backend,
          software: false,
          features: engine.listed,
          threads,
          variant: null,
          variantReason: null,
          clock: wallClock(),
        },
        deviceLimits: { memoryBytes: MEMORY_BYTES },
        limits: {
          memoryBytes: Math.min(memoryBytes, MEMORY_BYTES),
          tensorBytes: MEMORY_BYTES,
          ...NO_WORKGROUPS,
        },
        features: engine.features,
      };
    },
    async compile(program) {
      const begin = performance.now();
      await engine.compile(program);
      return (performance.now() - begin) / 1000;
    },
    async prepare(request) {
      const begin = performance.now();
      const code = await engine.compile(request.program);
      const middle = performance.now();
      const prepared = await prepare(request, code, { ...options, threads }, engine);
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
      return sampleOf(flops, () => {
        poisoned?.poison();
        takeCopy(prepared.control, prepared.runs % prepared.copies);
        prepared.runs += 1;
        // A program that packs has no parts of keys.
        const packSeconds = keyParts === 0 ? timedPhase(prepared, PHASE.pack) * packShare : 0;
        const attendSeconds = timedPhase(prepared, PHASE.attend);
        const mergeSeconds = keyParts > 1 ? timedPhase(prepared, PHASE.merge) : 0;
        poisoned?.check(output);
        return packSeconds + attendSeconds + mergeSeconds;
      });
    },
    async read(id, rows) {
      const { layout, output } = table.get(id);
      return copyRows(floatsOf(output), layout, rows);
    },
    async sums(id, seed) {
      const { layout, output } = table.get(id);
      return sumsOf(floatsOf(output), layout, seed);
    },
    async dispose(id) {
      await stopThreads(table.take(id));
    },
    async close() {
      await Promise.all(table.all().map(stopThreads));
    },
  };
}

/** Allocates and fills the memory of a slice and starts the threads, no more of them than there are work tiles. */
async function prepare<Compiled>(
  request: PrepareRequest,
  code: Compiled,
  { threads: most, sharedMemory, startThread, allocate: place = allocate }: ThreadedHostOptions<Compiled>,
  { instantiate, advise }: CodeEngine<Compiled>,
): Promise<PreparedThreads> {
  const { workload: w, slice } = request;
  // The engine has compiled it: it is no other.
  const program = request.program as ThreadedProgram;
  const layout = layoutOf(w, slice);
  const { keyMultiple, packedDims, splitRows, inPlace } = program;
  const parts = inPlace === undefined ? 0 : keyParts(w, inPlace).length;
  const pieces =
    inPlace === undefined
      ? layout.tiles
      : layout.shape.batch * parts * Math.ceil(layout.shape.kvHeads / inPlace.splitHeads);
  const threads = Math.max(1, Math.min(most, pieces));
  const { memory, addresses, copies, scratch, output } = place(request, program, layout, threads, sharedMemory, advise);
  const control = createControl(sharedMemory);
  const job = {
    code,
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
  const run = createThread({ ...job, scratch: own }, instantiate);
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
