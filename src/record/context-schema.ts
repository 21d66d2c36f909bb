/** The schema of what a run ran on and how: program, settings, load and devices. */

import { z } from 'zod';
import { amount, count, finite, positive } from './workload-schema.ts';

const deviceSchema = z.object({
  name: z.string(),
  backend: z.enum(['scalar', 'wasm', 'native', 'webgpu', 'peers']),
  software: z.boolean(),
  features: z.array(z.string()),
  threads: count.nullable(),
  variant: z.string().nullable().describe('how the kernels are compiled, where the backend has a choice'),
  variantReason: z.string().nullable(),
  browser: z.string().nullable().optional().describe('the browser that it was used through; absent in Node'),
  clock: z.object({
    clock: z.enum(['gpu-timestamp', 'wall', 'mock']),
    quantumSeconds: amount,
    emptySeconds: amount,
    note: z.string().nullable(),
    selfTest: z
      .object({ gpuSeconds: finite, wallSeconds: finite })
      .optional()
      .describe('one kernel by both clocks; absent where none was run, and in records made before it was kept'),
  }),
  matrices: z
    .array(
      z.object({
        ...{ m: count, n: count, k: count },
        component: z.string().describe('type of the factors: f16, f32, u8, i8'),
        result: z.string().describe('type of their sums'),
        used: z.boolean(),
        why: z.string().describe('why a kernel uses it, or none'),
      }),
    )
    .optional()
    .describe('subgroup matrices that it lists, largest first; absent without that feature, and in older records'),
});

/** How a run measured. */
export const settingsSchema = z.object({
  budget: positive.describe('seconds of measuring for the whole run'),
  samples: count.nullable().describe('exactly this many of every case; null leaves them to the stopping rule'),
  processes: count
    .nullable()
    .optional()
    .describe(
      'fresh processes of every case; null: as the budget allowed; absent: one, in records made before it was kept',
    ),
  full: z.boolean().describe('whole workloads, never slices'),
  seed: z.number().int().min(0),
  baseline: z.string().nullable().describe('kernel that the others are divided by'),
  adapter: z.string().nullable().describe('text that the name of the WebGPU adapter had to contain'),
  limits: z.record(z.string(), z.number()).describe('limits asked of the WebGPU device'),
  tiles: z
    .enum(['tuned', 'default', 'file'])
    .describe('which kernel configurations: those of bench tune, the shipped ones, or a file'),
});

/** The load of a machine. */
export const loadSchema = z.object({
  average: amount.describe('programs that ran or waited, mean of the minute before the run'),
  cores: count,
});

/** Program, settings and devices of a run. */
export const contextSchema = z.object({
  argv: z
    .array(z.string())
    .describe("the command line with the user's own defaults that shaped the run; paths shortened to their last part"),
  label: z.string().nullable(),
  startedAt: z.iso.datetime(),
  versions: z.record(z.string(), z.string()),
  seed: z.number().int(),
  settings: settingsSchema.optional().describe('how the run measured; absent in records made before it was kept'),
  load: loadSchema
    .optional()
    .describe('what else the machine did when the run began; absent where the system does not tell'),
  models: z
    .array(z.string())
    .optional()
    .describe('models whose kinds of layers the workloads are, as --model names them; absent where there are none'),
  devices: z.array(deviceSchema),
  cancelled: z.boolean(),
});
