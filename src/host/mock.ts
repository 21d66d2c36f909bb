/** A host without arithmetic or clock, for testing everything around the kernels: fixed rates, chosen failures, oracle outputs. */

import type { SubgroupMatrix } from '../../kernels/device.ts';
import type { Engine } from '../../kernels/kernel.ts';
import { badMockOption, hostStopped, UsageError } from '../messages.ts';
import { sliceFlops, sliceShape } from '../problem/slice.ts';
import type { PrepareRequest } from './contract.ts';
import { expectedSums, hasExpectedSums } from './expected-sums.ts';
import { oracle } from './oracle.ts';
import { createPreparedTable } from './prepared-table.ts';
import { emptySums, SUMS_PER_ROW } from './row-sums.ts';
import type { KillableHost } from './target.ts';

/** The matrices of a mock GPU that has some: NVIDIA's. */
const MATRICES: SubgroupMatrix = {
  shapes: [{ m: 16, n: 16, k: 16, component: 'f16' }],
  threads: 32,
  spelling: 'template',
};

/** What a mock host does. */
export interface MockOptions {
  /** FLOP/s of every program. */
  rate: number;
  /** Samples vary by this share, up and down in turn. */
  jitter: number;
  /** Seconds that a run really takes. */
  sleep: number;
  /** True for a GPU with f16 and subgroup matrices. */
  matrices: boolean;
  /**
   * What goes wrong, by backend or library: 'fail' throws in run, 'wrong' gives outputs 1 % off, 'memory' allows 1 KiB, 'beyond' runs
   * kernels three times as fast as their limits, by 'stopped' the clock stands, and by 'constant' every run takes 10 ms.
   */
  fault: Record<string, Fault>;
}

const FAULTS = ['fail', 'wrong', 'memory', 'beyond', 'stopped', 'constant'] as const;
type Fault = (typeof FAULTS)[number];

/** Reads "rate=1e9,jitter=0.01,sleep=0.1,matrices=yes,wasm=fail" (a backend or a library is given its fault). Throws UsageError. */
export function parseMockOptions(text: string): MockOptions {
  const options: MockOptions = { rate: 1e11, jitter: 0, sleep: 0, matrices: false, fault: {} };
  for (const part of text.split(',').filter((item) => item !== '')) {
    const [name = '', value = ''] = part.split('=');
    const number = value === '' ? Number.NaN : Number(value);
    if ((name === 'rate' || name === 'jitter' || name === 'sleep') && number >= 0 && number <= 1e20)
      options[name] = number;
    else if (name === 'matrices' && value === 'yes') options.matrices = true;
    else {
      const fault = FAULTS.find((known) => known === value);
      if (name === '' || fault === undefined) throw new UsageError(badMockOption(part));
      options.fault[name] = fault;
    }
  }
  return options;
}

/** The oracle of the last rows asked for: all kernels of a case are asked for the same, which takes seconds at 32k keys. */
const lastOracle = (() => {
  let last: { key: string; rows: ReturnType<typeof oracle> } | undefined;
  return (...problem: Parameters<typeof oracle>) => {
    // Given values would make a key as long as they are.
    if (problem[1].kind === 'values') return oracle(...problem);
    const key = JSON.stringify(problem);
    if (last?.key !== key) last = { key, rows: oracle(...problem) };
    return last.rows;
  };
})();

/** A host of an engine that does as the options say. */
export function createMockHost({ backend, library }: Engine, options: MockOptions): KillableHost {
  const table = createPreparedTable<{ request: PrepareRequest; runs: number }>();
  const fault = options.fault[library ?? backend];
  /** Ends the run that sleeps now. */
  let wake: (error: Error) => void = () => {};
  const sleep = () =>
    new Promise<void>((resolve, reject) => {
      const timer = setTimeout(resolve, options.sleep * 1000);
      wake = (error) => {
        clearTimeout(timer);
        reject(error);
      };
    });
  const memory = fault === 'memory' ? 1024 : Number.POSITIVE_INFINITY;
  return {
    async environment() {
      return {
        device: {
          name: 'Mock device',
          backend,
          library,
          software: false,
          features: [],
          threads: backend === 'webgpu' ? null : 1,
          variant: null,
          variantReason: null,
          clock: { clock: 'mock', quantumSeconds: 1e-9, emptySeconds: 0, note: null },
        },
        deviceLimits: {},
        limits: { memoryBytes: memory, tensorBytes: memory, workgroupMemoryBytes: 32768, workgroupInvocations: 256 },
        features: {
          ...{ relaxedSimd: true, simd256: false, instructionSet: 'avx2', f16: options.matrices, subgroups: true },
          ...(options.matrices ? { subgroupMatrix: MATRICES } : {}),
        },
      };
    },
    async compile() {
      return 0.001;
    },
    async prepare(request) {
      return { id: table.add({ request, runs: 0 }), compileSeconds: 0.001, prepareSeconds: 0.001 };
    },
    async run(id) {
      const entry = table.get(id);
      if (fault === 'fail') throw new Error('the mock device was told to fail');
      if (options.sleep > 0) await sleep();
      const { workload, slice, data } = entry.request;
      const flops = sliceFlops(workload, slice);
      entry.runs += 1;
      const factor = 1 + (entry.runs % 2 === 0 ? options.jitter : -options.jitter);
      const rate = fault === 'beyond' && data.kind !== 'none' ? 3 * options.rate : options.rate;
      const seconds = fault === 'stopped' ? 0 : fault === 'constant' ? 0.01 : flops / rate;
      return { seconds: seconds * factor, flops, clock: 'mock' };
    },
    async read(id, rows) {
      const { workload, data } = table.get(id).request;
      const factor = fault === 'wrong' ? 1.01 : 1;
      return lastOracle(workload, data, rows).map(({ output }) => Float32Array.from(output, (value) => value * factor));
    },
    async sums(id, seed) {
      const { workload, slice, data } = table.get(id).request;
      const { batch: batches, queryHeads, seqQuery: rows } = sliceShape(workload, slice);
      const sums = emptySums({ batches, queryHeads, rows });
      if (data.kind !== 'drawn' || !hasExpectedSums(workload)) return sums;
      const factor = fault === 'wrong' ? 1.01 : 1;
      const steps = expectedSums(workload, data, slice, seed, (index, { first, second }) => {
        sums[index * SUMS_PER_ROW] = first * factor;
        sums[index * SUMS_PER_ROW + 1] = second * factor;
      });
      while (steps.next().done !== true);
      return sums;
    },
    async dispose(id) {
      table.take(id);
    },
    async close() {},
    kill: () => wake(new Error(hostStopped)),
  };
}
