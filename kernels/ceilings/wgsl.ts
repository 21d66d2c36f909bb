/**
 * What a GPU can do at best in WGSL: multiply-adds in registers, exponentials, and reads of workgroup memory, of the shared cache and of main
 * memory.
 *
 * Each is a kernel with the bindings of any other, and does as much as the attention of its work tiles would take. A
 * runtime 1 (1 plus a zero from q) keeps compilers from folding the loops, and makes the sums count them.
 */

import type { Workload } from '../../src/problem/workload.ts';
import type { WgslProgram } from '../kernel.ts';
import { abi } from '../wgsl/abi.ts';
import { wgslMatrix } from '../wgsl/matrix.ts';
import { bothDims } from '../wgsl/row-dims.ts';
import type { Probe } from './probe.ts';
import { BLOCK_ROWS, iterations, loopProgram, THREADS } from './wgsl-loop.ts';

/** Independent vec4 chains of a thread, enough to hide the latency of an operation. */
const CHAINS = 8;
const UNROLL = 4;

const range = (count: number) => Array.from({ length: count }, (_, i) => i);
const each = (line: (i: number) => string) => range(CHAINS).map(line).join('\n');

/** FLOPs of one iteration of a workgroup: CHAINS vec4 multiply-adds, UNROLL times. */
const FLOPS = THREADS * CHAINS * 4 * 2 * UNROLL;

const sum = `(${range(CHAINS)
  .map((i) => `a${i}`)
  .join(' + ')})`;

/** f32 multiply-adds in registers. Every step adds 1 to every sum. */
export const wgslMultiplyAdd: Probe = {
  name: 'wgsl-multiply-add',
  backend: 'webgpu',
  summary: `f32 multiply-adds on ${CHAINS} independent vec4 sums a thread`,
  unsupported: () => undefined,
  // All but wgsl-matrix multiply and add in f32, f16 tensors too.
  limits: ({ name }) => name !== wgslMatrix.name,
  operationsPerFlop: () => 1,
  expected: (w) => CHAINS * UNROLL * iterations(w, 4 * w.headDim, FLOPS),
  build: (w) =>
    loopProgram('multiply-add', {
      headDim: w.headDim,
      perPair: (4 * w.headDim) / FLOPS,
      before: each((i) => `  var a${i} = vec4f();`),
      body: range(UNROLL)
        .map(() => each((i) => `    a${i} = fma(a${i}, vec4f(one), vec4f(one));`))
        .join('\n'),
      result: sum,
    }),
};

/** A compiler for AMD shuffles the halves of packed sums where the loop begins again: so it does so rarely. */
const F16_UNROLL = 8 * UNROLL;
const F16_FLOPS = (FLOPS / UNROLL) * F16_UNROLL;

/**
 * f16 multiply-adds in registers, two to a 32-bit lane where the device packs them. x becomes (x + 1) / 2, so all end
 * at 1.
 */
export const wgslMultiplyAddF16: Probe = {
  ...wgslMultiplyAdd,
  name: 'wgsl-multiply-add-f16',
  summary: `f16 multiply-adds on ${CHAINS} independent vec4 sums a thread; needs shader-f16`,
  expected: () => CHAINS,
  build: (w) =>
    loopProgram('multiply-add f16', {
      headDim: w.headDim,
      perPair: (4 * w.headDim) / F16_FLOPS,
      directives: 'enable f16;\n',
      before: `  let half = vec4h(f16(0.5 * one));\n${each((i) => `  var a${i} = vec4h(f16(f32(thread) * (one - 1.0)));`)}`,
      body: range(F16_UNROLL)
        .map(() => each((i) => `    a${i} = fma(a${i}, half, half);`))
        .join('\n'),
      result: `vec4f${sum}`,
    }),
};

const EXPONENTIALS = THREADS * CHAINS * 4;

/** Exponentials: x becomes 2^-x, which settles at 0.6411857. headDim of them for each query-key pair. */
export const wgslExponential: Probe = {
  name: 'wgsl-exponentials',
  backend: 'webgpu',
  summary: `exp2 on ${CHAINS} independent vec4 values a thread`,
  unsupported: () => undefined,
  operationsPerFlop: () => 1 / 4,
  expected: () => CHAINS * 0.6411857445,
  build: (w) =>
    loopProgram('exponentials', {
      headDim: w.headDim,
      perPair: w.headDim / EXPONENTIALS,
      before: each((i) => `  var a${i} = vec4f(one * ${i}.0);`),
      body: each((i) => `    a${i} = exp2(-a${i});`),
      result: sum,
    }),
};

/** vec4s of workgroup memory that are read: 8 KiB. */
const STAGED = 512;
const STAGED_BYTES = THREADS * CHAINS * 16;

/** Reads of workgroup memory, in iteration `i` of chain c the vec4 number `at(c)`. A byte for each FLOP of attention. */
function workgroupReads(label: string, at: (c: number) => string): Omit<Probe, 'name' | 'summary'> {
  return {
    backend: 'webgpu',
    unsupported: () => undefined,
    operationsPerFlop: () => 1,
    expected: (w) => CHAINS * iterations(w, 4 * w.headDim, STAGED_BYTES),
    build: (w) =>
      loopProgram(label, {
        headDim: w.headDim,
        perPair: (4 * w.headDim) / STAGED_BYTES,
        declarations: `var<workgroup> stage: array<vec4f, ${STAGED}>;`,
        before: `  for (var t = thread; t < ${STAGED}u; t += ${THREADS}u) {
    stage[t] = vec4f(one);
  }
  workgroupBarrier();
${each((c) => `  var a${c} = vec4f();`)}`,
        body: each((c) => `    a${c} += stage[(${at(c)}) % ${STAGED}u];`),
        result: sum,
      }),
  };
}

/** Workgroup memory: threads read neighbouring vec4s of ones and add them. */
export const wgslWorkgroupReads: Probe = {
  ...workgroupReads('workgroup reads', (c) => `thread + (i * ${CHAINS}u + ${c}u) * ${THREADS}u`),
  name: 'wgsl-workgroup-reads',
  summary: `vec4 reads of workgroup memory, ${CHAINS} in flight a thread`,
};

/** vec4s from one thread's to the next one's: 128 bytes, the width of 32 banks of 4 bytes. */
const CONFLICTING = 8;

/** The same where the vec4s of neighbouring threads lie in the same banks, on devices with 32 banks of 4 bytes. */
export const wgslBankConflicts: Probe = {
  ...workgroupReads('bank conflicts', (c) => `thread * ${CONFLICTING}u + i * ${CHAINS}u + ${c}u`),
  name: 'wgsl-bank-conflicts',
  summary: `vec4 reads of workgroup memory ${CONFLICTING} vec4s apart, which conflict in its banks`,
};

/** Main memory: the work tiles of a head read its K once between them, each its own part. */
export const wgslMemoryReads: Probe = {
  name: 'wgsl-memory-reads',
  backend: 'webgpu',
  summary: 'reads of a buffer too large for the caches',
  unsupported: () => undefined,
  // K has 4 seqKv headDim bytes; its FLOPs are counted once for every query row.
  operationsPerFlop: (w) => 1 / w.seqQuery,
  expected: (w) => Math.ceil(vectorsOfTile(w) / THREADS),
  build: (w) =>
    readsOfKeys('memory reads', w, vectorsOfTile(w), `first + tile.firstRow / tileTokens * ${vectorsOfTile(w)}u + i`),
};

/**
 * The cache that the cores of a GPU share: every work tile reads all of K, which should be larger than the caches of a core, each from
 * another place on. K has a power of two of vec4s.
 */
export const wgslCacheReads: Probe = {
  name: 'wgsl-cache-reads',
  backend: 'webgpu',
  summary: 'reads of a buffer that fits the cache that all cores share',
  unsupported: () => undefined,
  operationsPerFlop: (w) => 1 / Math.min(BLOCK_ROWS, w.seqQuery),
  expected: (w) => Math.ceil(vectorsOfKeys(w) / THREADS),
  build: (w) =>
    readsOfKeys(
      'cache reads',
      w,
      vectorsOfKeys(w),
      `first + (i + tile.firstRow / tileTokens * ${CACHE_STEP}u) % ${vectorsOfKeys(w)}u`,
    ),
};

/** vec4s from where one work tile begins to read to where the next one does; odd, so that all places come. */
const CACHE_STEP = 4097;

/** A work tile's threads in turn read `count` vec4s of K, number i at `at`, and count them. */
function readsOfKeys(label: string, { headDim }: Workload, count: number, at: string): WgslProgram {
  const code = `${abi({ ...bothDims(headDim), tokens: BLOCK_ROWS })}
@compute @workgroup_size(${THREADS})
fn main(@builtin(local_invocation_index) thread: u32, @builtin(workgroup_id) workgroup: vec3u) {
  let tile = findWorkTile(params.tileBase + workgroup.y);
  let first = tile.kv;
  var total = vec4f();
  for (var i = thread; i < ${count}u; i += ${THREADS}u) {
    total += k[${at}] + 1.0;
  }
  if (thread < columns) {
    o[tile.q + thread] = total;
  }
}
`;
  return {
    kind: 'wgsl',
    blockRows: BLOCK_ROWS,
    scratchBytesPerTile: 0,
    passes: [{ label, workgroupsPerTile: 1, code }],
  };
}

/** vec4s of K of one KV head. */
const vectorsOfKeys = (w: Workload) => (w.seqKv * w.headDim) / 4;

/** vec4s of K that one work tile reads, one KV head in memory. */
function vectorsOfTile(w: Workload): number {
  return Math.floor(vectorsOfKeys(w) / Math.ceil(w.seqQuery / BLOCK_ROWS));
}
