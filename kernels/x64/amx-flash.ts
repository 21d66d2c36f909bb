/** amx-flash: flash attention in machine code on bf16 tensors, both products on the tile registers of AMX. */

import { unsupportedAmx } from '../../src/messages.ts';
import { amxConfiguration } from '../cpu-configurations.ts';
import type { Kernel } from '../kernel.ts';
import { unsupportedScores, unsupportedShape } from '../supported-shapes.ts';
import { BF16_SCORES, emitBf16Flash } from './bf16.ts';

export const amxFlash: Kernel = {
  name: 'amx-flash',
  backend: 'native',
  summary:
    'bf16 in machine code: products by tiles (AMX) with sums in f32, weights rounded to bf16, online softmax in the cache',
  unsupported: (workload, { features }) =>
    unsupportedScores(workload, BF16_SCORES) ??
    unsupportedShape(workload, ['bf16']) ??
    (features.bf16Sets?.includes('amx-bf16') === true ? undefined : unsupportedAmx),
  build: (workload) => emitBf16Flash(workload, amxConfiguration(workload)),
};
