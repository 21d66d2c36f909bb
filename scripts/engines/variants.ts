/** Every WGSL text that the kernels here can become: for each kind of device, shape of workload, and configuration of the tuner. */

import type { Probe } from '../../kernels/ceilings/probe.ts';
import * as probes from '../../kernels/ceilings/wgsl.ts';
import { matrixProbes } from '../../kernels/ceilings/wgsl-matrix.ts';
import type { DeviceProfile, SubgroupMatrix, SubgroupMatrixShape } from '../../kernels/device.ts';
import { ALL_KERNELS } from '../../kernels/index.ts';
import type { Configuration, Kernel, Program } from '../../kernels/kernel.ts';
import { describeConfiguration } from '../../kernels/tunable.ts';
import { TYPICAL_DEVICE } from '../../kernels/typical-device.ts';
import { describe, groupSize, type Workload } from '../../src/problem/workload.ts';

/** A text, and what it was made of. */
export interface Variant {
  kernel: string;
  /** Device, workload and configuration: the first of those that give this text. */
  from: string;
  code: string;
}

/** A kind of device that texts are built for. */
interface DeviceKind {
  name: string;
  profile: DeviceProfile;
}

const KIB = 1024;

function kind(
  name: string,
  workgroupKib: number,
  workgroupInvocations: number,
  features: Partial<DeviceProfile['features']>,
): DeviceKind {
  const limits = { ...TYPICAL_DEVICE.limits, workgroupMemoryBytes: workgroupKib * KIB, workgroupInvocations };
  return { name, profile: { limits, features: { ...TYPICAL_DEVICE.features, relaxedSimd: false, ...features } } };
}

const halves = (m: number, n: number, k: number): SubgroupMatrixShape => ({ m, n, k, component: 'f16' });
const floats = (m: number, n: number, k: number): SubgroupMatrixShape => ({ m, n, k, component: 'f32' });

/** The matrices of a device, in both spellings that browsers know. */
const spelled = (threads: number, shapes: SubgroupMatrixShape[]): SubgroupMatrix[] =>
  (['template', 'argument'] as const).map((spelling) => ({ threads, shapes, spelling }));

/** What devices have by way of subgroup matrices: those that drivers are known to list. */
const MATRICES: { vendor: string; workgroupKib: number; matrices: SubgroupMatrix[] }[] = [
  { vendor: 'apple', workgroupKib: 32, matrices: spelled(32, [floats(8, 8, 8)]) },
  { vendor: 'nvidia', workgroupKib: 48, matrices: spelled(32, [halves(16, 16, 16), halves(16, 8, 16)]) },
  { vendor: 'nvidia', workgroupKib: 48, matrices: spelled(32, [halves(16, 8, 16)]) },
  { vendor: 'amd', workgroupKib: 32, matrices: spelled(64, [halves(16, 16, 16)]) },
  { vendor: 'amd', workgroupKib: 32, matrices: spelled(32, [halves(16, 16, 16)]) },
  { vendor: 'intel', workgroupKib: 32, matrices: spelled(32, [halves(8, 16, 16)]) },
  { vendor: 'intel', workgroupKib: 32, matrices: spelled(16, [halves(8, 16, 16)]) },
  { vendor: 'mesa', workgroupKib: 32, matrices: spelled(8, [halves(8, 8, 8)]) },
];

const DEVICES: readonly DeviceKind[] = [
  kind('the least that WebGPU promises', 16, 256, {}),
  kind('a software adapter', 32, 256, { software: true, subgroups: true }),
  ...['amd', 'apple', 'intel', 'nvidia', 'qualcomm'].flatMap((vendor) => [
    kind(`${vendor}, 16 KiB`, 16, 256, { vendor, f16: true, subgroups: true }),
    kind(`${vendor}, ${vendor === 'nvidia' ? 48 : 32} KiB`, vendor === 'nvidia' ? 48 : 32, 1024, { vendor, f16: true }),
  ]),
  kind('nvidia, subgroups of 32 in order', 48, 1024, { vendor: 'nvidia', subgroups: true, linearSubgroups: 32 }),
  ...MATRICES.flatMap(({ vendor, workgroupKib, matrices }) =>
    matrices.map((subgroupMatrix) => {
      const { shapes, threads, spelling } = subgroupMatrix;
      const sizes = shapes.map(({ m, n, k, component }) => `${m}x${n}x${k} ${component}`).join(', ');
      const name = `${vendor}, matrices ${sizes}, subgroups of ${threads}, spelling '${spelling}'`;
      return kind(name, workgroupKib, 1024, { vendor, f16: true, subgroups: true, subgroupMatrix });
    }),
  ),
];

/** Multiples of 16; rows that are no whole vec4s or chunks; wide heads; v of its own, of both kinds. */
const HEAD_DIMS: readonly string[] = [
  ...Array.from({ length: 15 }, (_, index) => `${32 + 16 * index}`),
  ...['1', '7', '24', '40', '72', '90', '320', '512', '576'],
  ...['192/128', '576/512', '21/8', '36/50'],
];
/** Head dimensions for which the tuner's configurations are built. */
const TUNED_HEAD_DIMS = ['64', '128', '256'];

/** The dimensions of "128", or of "192/128" where v has its own. */
function dimsOf(text: string): Pick<Workload, 'headDim' | 'headDimV'> {
  const [headDim = 0, headDimV] = text.split('/').map(Number);
  return { headDim, ...(headDimV === undefined ? {} : { headDimV }) };
}

/** Whether probes run at such head dimensions: they store whole vec4s of one row. */
const isOfProbes = (headDims: string) => Number(headDims) % 4 === 0;

const workload = (headDims: string, changes: Partial<Workload>): Workload => ({
  ...{ batch: 1, queryHeads: 16, kvHeads: 16, ...dimsOf(headDims), seqQuery: 4096, seqKv: 4096 },
  ...{ mask: 'full', window: null, dtype: 'f32', scale: 1 / Math.sqrt(dimsOf(headDims).headDim) },
  ...changes,
});

/** Whole heads, groups of query heads that divide a block and that do not, a window, and decoding with and without groups. */
const SHAPES: readonly Partial<Workload>[] = [
  {},
  { mask: 'causal', window: 100 },
  { queryHeads: 32, kvHeads: 4 },
  { queryHeads: 12, kvHeads: 4, mask: 'causal' },
  { seqQuery: 1, seqKv: 32768 },
  { seqQuery: 1, seqKv: 32768, queryHeads: 32, kvHeads: 4 },
  // More heads than a block has rows.
  { seqQuery: 1, seqKv: 32768, queryHeads: 128, kvHeads: 1 },
];

const shapesOf = (headDims: string): Workload[] =>
  SHAPES.flatMap((changes) => (['f32', 'f16'] as const).map((dtype) => workload(headDims, { ...changes, dtype })));

/** Our own kernels in WGSL, ablations too. */
export const WGSL_KERNELS: readonly Kernel[] = ALL_KERNELS.filter(
  ({ backend, library }) => backend === 'webgpu' && library === undefined,
);

/**
 * Every text that differs from all others, kernel by kernel. `kernels` and `headDims` narrow what is built. Of the tuner's
 * configurations so many that any two values of any two fields that occur together do so in one of them.
 */
export function variants(kernels: readonly string[] | null = null, headDims: readonly string[] = HEAD_DIMS): Variant[] {
  const found = new Map<string, Variant>();
  const add = (kernel: string, from: string, program: Program) => {
    if (program.kind !== 'wgsl') return;
    for (const { label, code } of program.passes) {
      if (!found.has(code)) found.set(code, { kernel, from: `${from}, pass ${label}`, code });
    }
  };
  const wanted = WGSL_KERNELS.filter(({ name }) => kernels?.includes(name) ?? true);
  for (const { name: device, profile } of DEVICES) {
    for (const dims of headDims) {
      for (const w of shapesOf(dims)) {
        for (const kernel of wanted.filter((item) => isForThis(item, w, profile))) {
          add(kernel.name, `${device}: ${describe(w)}`, kernel.build(w, profile));
          if (w.seqQuery === 1 || !TUNED_HEAD_DIMS.includes(dims) || kernel.ablation !== undefined) continue;
          if (groupSize(w) > 1 || w.window !== null) continue;
          for (const configuration of spread(kernel.tunable?.shortlist(w, profile).candidates ?? [])) {
            const from = `${device}: ${describe(w)}, ${describeConfiguration(configuration)}`;
            const program = kernel.tunable?.build(configuration, w, profile);
            if (program !== undefined) add(kernel.name, from, program);
          }
        }
      }
      for (const probe of kernels === null && isOfProbes(dims) ? probesOf(profile) : []) {
        const w = workload(dims, {});
        add('ceilings', `${device}: ${probe.name}, head dimension ${dims}`, probe.build(w, profile));
      }
    }
  }
  return [...found.values()];
}

/** Whether a kernel runs a workload on a device and, where that has matrices, only because of them: others are built elsewhere. */
function isForThis(kernel: Kernel, w: Workload, profile: DeviceProfile): boolean {
  if (kernel.unsupported(w, profile) !== undefined) return false;
  const { subgroupMatrix, ...features } = profile.features;
  return subgroupMatrix === undefined || kernel.unsupported(w, { ...profile, features }) !== undefined;
}

/** Of configurations those that bring two values of two fields together for the first time. */
function spread(configurations: readonly Configuration[]): Configuration[] {
  const met = new Set<string>();
  return configurations.filter((configuration) => {
    const values = Object.entries(configuration).map(([name, value]) => `${name} ${value}`);
    const pairs = values.flatMap((a, index) => values.slice(index + 1).map((b) => `${a}, ${b}`));
    const fresh = pairs.filter((pair) => !met.has(pair));
    for (const pair of fresh) met.add(pair);
    return fresh.length > 0;
  });
}

const isProbe = (value: unknown): value is Probe => typeof value === 'object' && value !== null && 'expected' in value;

/** The probes that a device can run. */
function probesOf(profile: DeviceProfile): Probe[] {
  const plain = Object.values(probes).filter(isProbe);
  return [...plain.filter(({ name }) => profile.features.f16 || !name.endsWith('f16')), ...matrixProbes(profile)];
}
