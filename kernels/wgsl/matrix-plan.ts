/** Which of a device's subgroup matrices wgsl-matrix uses for a workload, and in which configuration. */

import { formatExactBytes } from '../../src/format.ts';
import { needsMemory } from '../../src/messages.ts';
import { groupSize, type Workload } from '../../src/problem/workload.ts';
import type { DeviceProfile, SubgroupMatrixShape } from '../device.ts';
import { combinations, distance, sameConfiguration } from '../tunable.ts';
import { excess, withoutLimits } from './excess.ts';
import { floatsOfLane, type MatrixConfiguration, type MatrixPlan, matrixSizes } from './matrix-configuration.ts';
import { storageOf } from './storage.ts';

/** The largest matrix for a workload. f32 tensors are never rounded to f16; f16 ones are multiplied as f16 where there is a choice. */
export function matrixShape(w: Workload, { features }: DeviceProfile): SubgroupMatrixShape | undefined {
  const wanted = w.dtype === 'f16' && features.f16 ? ['f16', 'f32'] : ['f32'];
  return wanted
    .flatMap((component) => features.subgroupMatrix?.shapes.filter((shape) => shape.component === component) ?? [])
    .find(({ n, k }) => n % 4 === 0 && k % 4 === 0 && w.headDim % n === 0 && w.headDim % k === 0);
}

/** A configuration on the matrices of a device; undefined where it offers none for the workload. */
export function matrixPlan(config: MatrixConfiguration, w: Workload, device: DeviceProfile): MatrixPlan | undefined {
  const shape = matrixShape(w, device);
  const offered = device.features.subgroupMatrix;
  if (shape === undefined || offered === undefined) return undefined;
  const { spelling, threads: lanes } = offered;
  return {
    config,
    shape,
    spelling,
    lanes,
    storage: storageOf(w.dtype, device.features),
    whole: w.seqKv >= config.keys,
  };
}

/** Why a plan cannot be built for a workload or run on a device with these limits, or undefined. */
export function matrixPlanProblem(plan: MatrixPlan, w: Workload, { limits }: DeviceProfile): string | undefined {
  const { config, shape, lanes, storage } = plan;
  const { rows, keys } = config;
  if (rows % shape.m !== 0) return `${rows} rows are no multiple of the matrices' ${shape.m}`;
  if (lanes % rows !== 0 && rows % lanes !== 0) return `${rows} rows do not share ${lanes} lanes evenly`;
  if (keys % shape.n !== 0 || keys % shape.k !== 0)
    return `${keys} keys are no multiple of the matrices' ${shape.n} and ${shape.k}`;
  const { laneVectors, threads, workgroupBytes } = matrixSizes(w.headDim, plan);
  if (threads % (keys / 4) !== 0) return `${threads} threads do not share ${keys} keys evenly`;
  if (!Number.isInteger(laneVectors)) return `${keys} keys of a row do not share its lanes in fours`;
  if (config.k === 'direct') {
    if (plan.spelling === 'argument') return "the device's compiler loads no matrices from tensors, which are vec4s";
    if (storage !== shape.component) return `K in memory is ${storage}, the matrices are ${shape.component}`;
    if (!plan.whole) return `${w.seqKv} keys are fewer than a block of ${keys}, which is read from memory whole`;
  }
  if (threads > limits.workgroupInvocations)
    return `it needs ${threads} threads in a workgroup; the device allows ${limits.workgroupInvocations}`;
  if (workgroupBytes > limits.workgroupMemoryBytes)
    return needsMemory(
      'workgroup memory',
      formatExactBytes(workgroupBytes),
      formatExactBytes(limits.workgroupMemoryBytes),
    );
  return undefined;
}

interface Row {
  component: SubgroupMatrixShape['component'];
  /** Lanes of a subgroup, at least. */
  lanes: number;
  headDim: number;
  config: MatrixConfiguration;
}

const FOUR: MatrixConfiguration = { subgroups: 4, rows: 16, keys: 32, k: 'staged', q: 'registers' };

/**
 * The shipped configurations; the first row that a matrix and a head dimension fit is taken, with fewer subgroups and keys where workgroup
 * memory is short. None was measured on a GPU.
 */
const TABLE: Row[] = [
  // AMD. Compiled for RDNA3 (navi31) by Mesa 25.0: docs/wgsl-attention.md has the counts.
  { component: 'f16', lanes: 64, headDim: 64, config: { ...FOUR, subgroups: 2, rows: 64, q: 'workgroup' } },
  { component: 'f16', lanes: 64, headDim: 128, config: { ...FOUR, subgroups: 2, rows: 32, q: 'workgroup' } },
  { component: 'f16', lanes: 64, headDim: 256, config: { ...FOUR, keys: 16, q: 'workgroup' } },
  // NVIDIA and Intel, not compiled here: a lane holds the q of a row block in 32 registers up to head dimension 128.
  { component: 'f16', lanes: 16, headDim: 128, config: FOUR },
  { component: 'f16', lanes: 16, headDim: 256, config: { ...FOUR, subgroups: 2, q: 'workgroup' } },
  // A CPU that emulates a GPU with narrow subgroups: workgroup memory is memory.
  { component: 'f16', lanes: 1, headDim: 256, config: { ...FOUR, rows: 8, subgroups: 2, k: 'direct', q: 'workgroup' } },
  // Apple, not compiled here.
  { component: 'f32', lanes: 1, headDim: 256, config: FOUR },
];

/** The shipped configuration of wgsl-matrix; undefined where the device offers no matrices for the workload or too little memory. */
export function shippedMatrixPlan(w: Workload, device: DeviceProfile): MatrixPlan | undefined {
  const shape = matrixShape(w, device);
  const lanes = device.features.subgroupMatrix?.threads ?? 0;
  const fitting = TABLE.find(
    (row) => row.component === shape?.component && lanes >= row.lanes && w.headDim <= row.headDim,
  );
  if (shape === undefined || fitting === undefined) return undefined;
  const { config } = fitting;
  // No more rows and subgroups than the workload has use for.
  const needed = w.seqQuery * groupSize(w);
  const rows = [64, 32, 16, 8].filter((number) => number >= shape.m && number <= Math.max(shape.m, config.rows));
  const useful = rows.filter((number) => number === shape.m || number < 2 * needed);
  const most = Math.min(config.subgroups, Math.ceil(needed / (useful[0] ?? shape.m)));
  const subgroups = [4, 2, 1].filter((number) => number === 1 || number <= most);
  const smaller = combinations<MatrixConfiguration>(config, {
    q: config.q === 'registers' ? ['registers'] : ['workgroup', 'registers'],
    k: config.k === 'direct' ? ['direct', 'staged'] : ['staged'],
    keys: [128, 64, 32, 16, 8].filter((keys) => keys <= config.keys),
    subgroups,
    rows: useful,
  });
  return smaller
    .map((one) => matrixPlan(one, w, device))
    .find((plan) => plan !== undefined && matrixPlanProblem(plan, w, device) === undefined);
}

/** Configurations that can be built for a workload, neighbours of the shipped one first. */
export function matrixCandidates(w: Workload, device: DeviceProfile): MatrixConfiguration[] {
  const shipped = shippedMatrixPlan(w, device)?.config;
  if (shipped === undefined) return [];
  const all = combinations<MatrixConfiguration>(shipped, {
    subgroups: [1, 2, 4, 8],
    rows: [8, 16, 32],
    keys: [16, 32, 64, 128],
    k: ['direct', 'staged'],
    q: ['registers', 'workgroup'],
  });
  return all
    .filter((config) => {
      const plan = matrixPlan(config, w, device);
      return (
        !sameConfiguration(config, shipped) &&
        plan !== undefined &&
        matrixPlanProblem(plan, w, withoutLimits(device)) === undefined
      );
    })
    .sort((a, b) => distance(a, shipped) - distance(b, shipped));
}

/** Why a configuration takes more than a device has; undefined where it fits. */
export function matrixExcess(config: MatrixConfiguration, w: Workload, device: DeviceProfile): string | undefined {
  const plan = matrixPlan(config, w, device);
  if (plan === undefined) return undefined;
  const { threads, workgroupBytes } = matrixSizes(w.headDim, plan);
  const shipped = shippedMatrixPlan(w, device);
  const shippedFloats = shipped === undefined ? 0 : floatsOfLane(w.headDim, shipped);
  return excess({ floats: floatsOfLane(w.headDim, plan), threads, workgroupBytes }, device, shippedFloats);
}
