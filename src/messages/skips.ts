/** Why something is not run: reasons of devices, of kernels and of packages that are missing. */

import { withoutSteering } from './errors.ts';

export const needsMemory = (what: string, need: string, limit: string) =>
  `${what} needs ${need}; the limit is ${limit}`;
export const noHardwareAdapter = (software: readonly string[]) =>
  software.length > 0
    ? `no hardware WebGPU adapter here, only software (${software.join(', ')}); --allow-software uses it`
    : 'no hardware WebGPU adapter here; --allow-software looks for a software one';
export const noAdapterAtAll =
  'no WebGPU adapter on this machine, neither hardware nor software; install a Vulkan driver, or run --backend wasm';
export const noMatchingAdapter = (wanted: string, found: readonly string[]) =>
  `no WebGPU adapter matches --adapter '${withoutSteering(wanted)}'; found: ${found.length > 0 ? found.join(', ') : 'none'}`;
export const noWebgpuInBrowser =
  'this browser has no WebGPU here; use a current Chrome, Edge, Firefox or Safari, over https or on localhost';
export const noBrowser =
  'no Chromium was found to run in; install Chrome, Edge or Chromium, or name one with --browser PATH';
export const noSuchBrowser = (path: string) => `--browser: '${path}' cannot be run as a program`;
export const browserFailed = (path: string, why: string) => `the browser '${path}' could not be started (${why})`;
export const connectFailed = (number: number, why: string) =>
  `no browser behind --connect ${number} (${why}); start one there with Playwright's server of the same version`;
export const playwrightMissing = (why: string) =>
  `--host browser and --connect need the optional package playwright-core (${why}); the page of bench serve, opened by hand, works without it`;
export const webgpuUnavailable = (why: string) =>
  `WebGPU needs the optional package webgpu (${why}); install again without --omit=optional, or use --backend wasm`;
export const peersMissing = (inCheckout: boolean, why: string) =>
  `third-party kernels are not installed; ${inCheckout ? 'npm run peers' : 'npm install --ignore-scripts onnxruntime-node onnxruntime-web @tensorflow/tfjs-core @tensorflow/tfjs-backend-wasm, where attnbench is installed,'} installs them (${why})`;
export const noPeersInBrowser = 'third-party native kernels do not run in a browser; use --host node for them';
export const headDimUnsupported = (headDim: number, step: number, least: number, largest: number) =>
  `this kernel takes head dimensions ${step === 1 ? '' : `that are multiples of ${step} `}from ${least} to ${largest}, not ${headDim}; wasm-flash takes it`;
export const headDimVUnsupported = (headDim: number, headDimV: number) =>
  `this kernel takes v of the head dimension of q and k, not ${headDimV} beside ${headDim}; wasm-flash takes both`;
export const headDimTooLarge = (headDim: number, largest: number) =>
  `head dimension ${headDim} is above ${largest}, the largest that kernels here take`;
export const subgroupMatrixMissing =
  'this kernel needs subgroup matrices, an experimental feature of WebGPU that the device does not offer';
export const subgroupMatrixNoShape = (dtype: string) =>
  `the device offers no subgroup matrices that multiply ${dtype} with sums of f32 at this head dimension`;
/** Why a configuration of subgroup matrices that a device lists is used or not. */
export const matrixUse = {
  first: 'used by wgsl-matrix',
  inTeams: 'used by wgsl-matrix, the output split over subgroups, as such GPUs have few registers',
  second: 'used by wgsl-matrix where a larger one does not fit the head dimension',
  component: (type: string) => `no kernel here multiplies ${type}`,
  result: (type: string) => `kernels here sum in f32, not in ${type}`,
  widened: 'kernels here sum in f32, not in f16; f16 tensors are multiplied by the matrices of f32',
  unknownSpelling: "the device's compiler takes none of the spellings that are known here",
  unknownSubgroup: 'the device does not say how large its subgroups are',
  noneListed: 'none: the device has the feature, but lists no configuration',
} as const;
export const subgroupsMissing = 'this kernel needs subgroup operations, which the device does not offer';
export const peerTakesNoWindow = 'its sliding windows are not measured here; leave --window out';
export const peerTakesEqualLengths = 'its causal operator takes as many queries as keys; leave --seq-kv out';
export const peerHasNoGroups =
  'its WebGPU provider has no grouped attention under a full mask: it would run on the CPU';
export const peerCountsIn32Bits = (headDim: number, tokens: number) =>
  `its 32-bit build cannot count the operations of a head so long; at head dimension ${headDim} it takes ${tokens} tokens, for example --seq 2k`;
const SCORE_OPTIONS = {
  softcap: 'soft-capped scores',
  sinks: 'attention sinks',
  alibi: 'ALiBi',
  maskTensor: 'mask tensors',
} as const;
export const scoresUnsupported = (refused: readonly (keyof typeof SCORE_OPTIONS)[]) =>
  `this kernel has no ${refused.map((option) => SCORE_OPTIONS[option]).join(' and no ')}; choose scalar-flash, which has them`;
export const dtypeUnsupported = (dtype: string, known: readonly string[]) =>
  `this kernel takes ${known.join(' and ')}, not ${dtype}; use --dtype ${known[0]}`;

/** Why bench tune finds nothing to do for a kernel at a workload. */
export const nothingToChoose =
  'few query rows have a program of their own there, which reads K and V in place and has no configuration: nothing to tune; a longer --seq, without --seq-kv, has';
