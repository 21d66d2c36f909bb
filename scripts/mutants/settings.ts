/** What mutants run on: whole runs of few heads, and slices of the default shapes, as users run them. */

import type { Workload } from '../../src/problem/workload.ts';
import type { Setting } from './mutant.ts';

const shape = (changes: Partial<Workload> & { headDim: number; seqQuery: number }): Workload => ({
  ...{ batch: 1, queryHeads: 2, kvHeads: 1, seqKv: changes.seqQuery, mask: 'causal', window: null, dtype: 'f32' },
  ...{ scale: 1 / Math.sqrt(changes.headDim) },
  ...changes,
});
/** The default shape of a length. */
const usual = (seqQuery: number, mask: Workload['mask']) =>
  shape({ batch: 32768 / seqQuery, queryHeads: 16, kvHeads: 16, headDim: 128, seqQuery, mask });
const whole = (name: string, workload: Workload): Setting => ({ name, workload, full: true, budgetSeconds: 0.4 });
const slice = (name: string, workload: Workload, budgetSeconds: number): Setting => ({
  ...{ name, workload, budgetSeconds },
  full: false,
});

/** Of the fast kernels on the CPU. */
const CPU = [
  whole('4k whole', shape({ headDim: 64, seqQuery: 4096 })),
  whole('4k full mask', shape({ headDim: 128, seqQuery: 4096, mask: 'full' })),
  whole('32k whole', shape({ headDim: 32, seqQuery: 32768 })),
  slice('4k slice', usual(4096, 'causal'), 1),
  slice('32k slice', usual(32768, 'causal'), 2),
];
const SETTINGS: Record<string, Setting[]> = {
  scalar: [
    whole('4k whole', shape({ headDim: 32, seqQuery: 4096 })),
    slice('4k slice', usual(4096, 'causal'), 1),
    slice('32k slice', usual(32768, 'full'), 2),
  ],
  wasm: CPU,
  native: CPU,
  webgpu: [whole('1k whole', shape({ batch: 2, headDim: 64, seqQuery: 1024 }))],
};
/** Matrix kernels compile for minutes at larger head dimensions on a software adapter. */
const HALVES = shape({ batch: 2, headDim: 32, seqQuery: 1024, dtype: 'f16' });
const MATRIX = [
  whole('1k whole', HALVES),
  // Maxima rise by more than is let pass.
  whole('1k, large logits', { ...HALVES, scale: 6 * HALVES.scale }),
];

/** The settings of a kernel. */
export const settingsOf = (kernel: { name: string; backend: string }): readonly Setting[] =>
  kernel.name === 'wgsl-matrix' ? MATRIX : (SETTINGS[kernel.backend] ?? []);
