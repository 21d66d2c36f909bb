/** Which of a device's subgroup matrices wgsl-matrix uses for a workload, and in which configuration. */

import { formatExactBytes } from '../../src/format.ts';
import { needsMemory } from '../../src/messages.ts';
import { groupSize, type Workload } from '../../src/problem/workload.ts';
import { matrixConfiguration } from '../configurations.ts';
import type { DeviceProfile, SubgroupMatrixShape } from '../device.ts';
import { combinations, distance, sameConfiguration } from '../tunable.ts';
import { excess, withoutLimits } from './excess.ts';
import {
  floatsOfLane,
  isFilled,
  type MatrixConfiguration,
  type MatrixPlan,
  matrixSizes,
} from './matrix-configuration.ts';
import { floatsThatFit } from './registers.ts';
import { type RowDims, rowDimsOf } from './row-dims.ts';
import { storageOf } from './storage.ts';

/** The largest matrix for a workload. f32 tensors are never rounded to f16; f16 ones are multiplied as f16 where there is a choice. */
export function matrixShape(w: Workload, { features }: DeviceProfile): SubgroupMatrixShape | undefined {
  const wanted = w.dtype === 'f16' && features.f16 ? ['f16', 'f32'] : ['f32'];
  const shapes = wanted
    .flatMap((component) => features.subgroupMatrix?.shapes.filter((shape) => shape.component === component) ?? [])
    .filter((shape) => shape.n % 4 === 0 && shape.k % 4 === 0);
  const dims = rowDimsOf(w);
  return shapes.find((shape) => filledDim(dims, shape) === dims.headDim && dims.headDim === dims.headDimV) ?? shapes[0];
}

/** The head dimension of whole matrices that holds those of q, k and v. */
function filledDim({ headDim, headDimV }: RowDims, { n, k }: SubgroupMatrixShape): number {
  const step = (n * k) / commonDivisor(n, k);
  return step * Math.ceil(Math.max(headDim, headDimV) / step);
}

const commonDivisor = (a: number, b: number): number => (b === 0 ? a : commonDivisor(b, a % b));

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
    dims: rowDimsOf(w),
    headDim: filledDim(rowDimsOf(w), shape),
    whole: w.seqKv >= config.keys,
  };
}

/** Why a plan cannot be built for a workload or run on a device with these limits, or undefined. */
export function matrixPlanProblem(plan: MatrixPlan, w: Workload, { limits }: DeviceProfile): string | undefined {
  const { config, shape, lanes, storage } = plan;
  const { subgroups, team, rows, keys } = config;
  if (subgroups % team !== 0) return `${subgroups} subgroups are no multiple of the ${team} of a team`;
  if (rows % shape.m !== 0) return `${rows} rows are no multiple of the matrices' ${shape.m}`;
  const { softmaxRows, laneVectors, threads, workgroupBytes } = matrixSizes(plan);
  if (lanes % softmaxRows !== 0 && softmaxRows % lanes !== 0)
    return `${softmaxRows} rows do not share ${lanes} lanes evenly`;
  if (keys % (shape.n * team) !== 0 || keys % shape.k !== 0)
    return `${keys} keys are no multiple of the matrices' ${shape.n * team} and ${shape.k}`;
  if (plan.headDim % (shape.n * team) !== 0)
    return `head dimension ${plan.headDim} has no ${team} parts of the matrices' ${shape.n} columns`;
  if (config.v === 'staged' && threads % (keys / 4) !== 0) return `${threads} threads do not share ${keys} keys evenly`;
  if (!Number.isInteger(laneVectors)) return `${keys} keys of a row do not share its lanes in fours`;
  if (config.k === 'direct' || config.v === 'direct') {
    if (plan.spelling === 'argument') return "the device's compiler loads no matrices from tensors, which are vec4s";
    if (storage !== shape.component) return `K and V in memory are ${storage}, the matrices are ${shape.component}`;
    if (isFilled(plan)) return `head dimensions are filled up to ${plan.headDim} where K and V are staged`;
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

/**
 * The shipped configuration of wgsl-matrix: that of the table, or the first that is smaller in some field, so that it can be built and, if
 * any does, fits the registers of the vendor's GPUs. Undefined where the device offers no matrices for the workload or too little memory.
 */
export function shippedMatrixPlan(w: Workload, device: DeviceProfile): MatrixPlan | undefined {
  const { subgroupMatrix, vendor, software } = device.features;
  const shape = matrixShape(w, device);
  if (shape === undefined || subgroupMatrix === undefined) return undefined;
  const config = matrixConfiguration(filledDim(rowDimsOf(w), shape), shape.component, subgroupMatrix.threads, vendor);
  if (config === undefined) return undefined;
  // No more rows and subgroups than the workload has use for.
  const needed = w.seqQuery * groupSize(w);
  const rows = [64, 32, 16, 8].filter((number) => number >= shape.m && number <= Math.max(shape.m, config.rows));
  const useful = rows.filter((number) => number === shape.m || number < 2 * needed);
  const teams = Math.ceil(needed / (useful[0] ?? shape.m));
  const smaller = combinations<MatrixConfiguration>(config, {
    q: config.q === 'registers' ? ['registers'] : ['workgroup', 'registers'],
    k: config.k === 'direct' ? ['direct', 'staged'] : ['staged'],
    v: config.v === 'direct' ? ['direct', 'staged'] : ['staged'],
    keys: [128, 64, 32, 16, 8].filter((keys) => keys <= config.keys),
    team: [8, 4, 2, 1].filter((team) => team <= config.team),
    subgroups: [8, 4, 2, 1],
    rows: useful,
  });
  const plans = smaller
    .filter(({ subgroups, team }) => subgroups === team || subgroups <= Math.min(config.subgroups, teams * team))
    .flatMap((one) => matrixPlan(one, w, device) ?? []);
  const most = software === true ? Number.POSITIVE_INFINITY : floatsThatFit(vendor);
  const usable = (plan: MatrixPlan) => matrixPlanProblem(plan, w, device) === undefined;
  return plans.find((plan) => floatsOfLane(plan) <= most && usable(plan)) ?? plans.find(usable);
}

/** Configurations that can be built for a workload, neighbours of the shipped one first. */
export function matrixCandidates(w: Workload, device: DeviceProfile): MatrixConfiguration[] {
  const shipped = shippedMatrixPlan(w, device)?.config;
  if (shipped === undefined) return [];
  const all = combinations<MatrixConfiguration>(shipped, {
    subgroups: [1, 2, 4, 8],
    team: [1, 2, 4, 8],
    rows: [8, 16, 32],
    keys: [16, 32, 64, 128],
    k: ['direct', 'staged'],
    v: ['direct', 'staged'],
    q: ['registers', 'workgroup'],
    loads: ['q-first', 'k-first'],
    padding: ['vector', 'none'],
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
  const { threads, workgroupBytes } = matrixSizes(plan);
  const shipped = shippedMatrixPlan(w, device);
  const shippedFloats = shipped === undefined ? 0 : floatsOfLane(shipped);
  return excess({ floats: floatsOfLane(plan), threads, workgroupBytes }, device, shippedFloats);
}
