/** The suites that `bench suite` knows. */

import type { Suite } from '../src/problem/cases.ts';
import { ablation } from './ablation.ts';
import { figureGqa } from './figure-gqa.ts';
import { figureMha } from './figure-mha.ts';
import { models } from './models.ts';
import { peersCpu } from './peers-cpu.ts';
import { peersWasm } from './peers-wasm.ts';
import { peersWebgpu } from './peers-webgpu.ts';

/** Every suite, in the order in which they are listed. */
export const SUITES: readonly Suite[] = [figureMha, figureGqa, ablation, models, peersCpu, peersWasm, peersWebgpu];
