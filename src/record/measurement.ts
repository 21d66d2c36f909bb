/** The record of a run: one schema for the JSON document, the journal's lines, the page and every later reader. */

import { z } from 'zod';

/** Name and version of the schema; every document and journal begins with it. */
export const SCHEMA_ID = 'attnbench/1';

/** Rates, times and ratios: no machine comes near these bounds, and within them no arithmetic on them overflows. */
const positive = z.number().min(1e-30).max(1e30);
/** More tokens, heads or samples than any run has; sums and products of them stay exact. */
const count = z
  .number()
  .int()
  .positive()
  .max(2 ** 24);

const workloadSchema = z.object({
  batch: count,
  queryHeads: count,
  kvHeads: count,
  headDim: count,
  headDimV: count.optional().describe('head dimension of v and o; absent: headDim'),
  seqQuery: count,
  seqKv: count,
  mask: z.enum(['full', 'causal']),
  window: count.nullable().describe('sliding window in tokens, or null'),
  dtype: z.enum(['f32', 'f16', 'bf16']),
  scale: z.number().describe('factor on q k^T'),
  softcap: positive
    .nullable()
    .optional()
    .describe('C of s = C tanh(s / C), after the scale and before the mask; null or absent: none'),
  sinks: z
    .boolean()
    .optional()
    .describe('a logit of each query head joins the sum of the weights and has no value; absent: none'),
  alibi: z
    .boolean()
    .optional()
    .describe('slope of the query head times the distance of query and key is taken from the scores; absent: not'),
  maskTensor: z.boolean().optional().describe('a tensor of a file is added to the scores; absent: none'),
});

const sampleSchema = z.object({
  seconds: positive,
  flops: positive.describe('FLOPs that ran, exact rule'),
  clock: z.enum(['gpu-timestamp', 'wall', 'mock']),
  round: z
    .number()
    .int()
    .min(0)
    .optional()
    .describe(
      'round of the run: samples of one round ran one after another; absent in records made before it was kept',
    ),
  process: z
    .number()
    .int()
    .min(0)
    .optional()
    .describe('which of the fresh processes of the case it ran in, from 0; absent: all samples ran in one'),
});

const caseSchema = z.object({
  kernel: z.string(),
  backend: z.enum(['scalar', 'wasm', 'native', 'webgpu', 'peers']),
  host: z.string(),
  device: z.number().int().min(0).nullable().describe('index into context.devices; null where none could be opened'),
  variant: z.string().nullable(),
  threads: count.nullable(),
  kernelHash: z.string().nullable().describe('SHA-256 of the program, first 16 hexadecimal digits'),
  workload: workloadSchema,
});

const sustainedSchema = z.object({
  seconds: positive.describe('that it ran without a pause'),
  restSeconds: z.number().min(0).describe('without work before it'),
  samples: z
    .array(
      z.object({
        at: z.number().min(0).describe('seconds from the first run to the begin of this one'),
        seconds: positive,
        flops: positive,
        clock: z.enum(['gpu-timestamp', 'wall', 'mock']),
      }),
    )
    .min(1)
    .describe('in time order; short runs that follow each other are added up'),
  burst: positive.describe('TFLOPS of the first second after the rest, or of the first run where that took longer'),
  sustained: positive.describe('TFLOPS of the second half of the time'),
  clocks: z
    .array(z.object({ at: z.number().min(0), hertz: positive }))
    .optional()
    .describe(
      'clock of a core, by a chain of dependent additions between the runs; absent where it cannot be measured',
    ),
});

const measuredSchema = caseSchema.extend({
  state: z.literal('measured'),
  samples: z.array(sampleSchema).min(1).describe('in time order'),
  converged: z.boolean().describe('the stopping rule was met'),
  coverage: positive.max(1).describe('share of the FLOPs of the workload that each sample ran'),
  compileSeconds: z.number().min(0),
  prepareSeconds: z.number().min(0),
  copies: count
    .optional()
    .describe('of k and v, which runs took in turn so that none found its own in a cache; absent where there was one'),
  tflops: z.object({
    median: positive,
    low: positive
      .optional()
      .describe('95 % interval of the median; absent where samples are too few or too much alike'),
    high: positive.optional(),
  }),
  passSeconds: positive.describe('the whole workload at this rate'),
  ceiling: z
    .object({
      name: z.string(),
      tflops: positive,
      share: positive.describe('median over rounds of this kernel over the ceiling'),
      shareLow: positive.optional(),
      shareHigh: positive.optional(),
      roof: z
        .enum(['compute', 'memory'])
        .optional()
        .describe('which limit binds, arithmetic or memory; absent in records made before it was kept: arithmetic'),
      gigabytesPerSecond: positive.optional().describe('what memory gave, where it binds; absent elsewhere'),
      other: z
        .object({ name: z.string(), tflops: positive })
        .optional()
        .describe(
          'the limit of the other kind, arithmetic or memory, in the same rounds: it is higher; absent where one was run',
        ),
      coreHertz: positive
        .optional()
        .describe(
          'clock of a core, by a chain of dependent additions; absent on GPUs, and in records made before it was kept',
        ),
    })
    .optional()
    .describe('the limit of the device that binds this kernel, run in the same rounds'),
  sustained: sustainedSchema.optional().describe('the kernel by itself without a pause, where --sustain asked for it'),
  verification: z.object({
    rows: count,
    maxAbsoluteError: z.number().min(0),
    maxRelativeError: z
      .number()
      .min(0)
      .describe('the error that comes closest to what is allowed, over the root mean square of its row'),
    tolerance: positive,
    everyRow: z
      .object({
        rows: z
          .number()
          .int()
          .positive()
          .max(2 ** 40),
        maxRelativeError: z
          .number()
          .min(0)
          .describe('the error that comes closest to what is allowed, over the size of its row'),
        tolerance: positive,
      })
      .optional()
      .describe('every row that ran, by two weighted sums of its elements'),
  }),
});

const measurementSchema = z.discriminatedUnion('state', [
  measuredSchema,
  caseSchema.extend({ state: z.literal('skipped'), reason: z.string() }),
  caseSchema.extend({ state: z.literal('failed'), message: z.string() }),
]);

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
    quantumSeconds: z.number().min(0),
    emptySeconds: z.number().min(0),
    note: z.string().nullable(),
    selfTest: z
      .object({ gpuSeconds: z.number(), wallSeconds: z.number() })
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

const settingsSchema = z.object({
  budget: positive.describe('seconds of measuring for the whole run'),
  samples: count.nullable().describe('exactly this many of every case; null leaves them to the stopping rule'),
  processes: count
    .nullable()
    .optional()
    .describe('fresh processes of every case; null: as the budget allowed; absent: one'),
  full: z.boolean().describe('whole workloads, never slices'),
  seed: z.number().int().min(0),
  baseline: z.string().nullable().describe('kernel that the others are divided by'),
  adapter: z.string().nullable().describe('text that the name of the WebGPU adapter had to contain'),
  limits: z.record(z.string(), z.number()).describe('limits asked of the WebGPU device'),
  tiles: z
    .enum(['tuned', 'default', 'file'])
    .describe('which kernel configurations: those of bench tune, the shipped ones, or a file'),
});

const loadSchema = z.object({
  average: z.number().min(0).describe('programs that ran or waited, mean of the minute before the run'),
  cores: count,
});

const contextSchema = z.object({
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

const publishedSchema = z.object({
  library: z.string(),
  version: z.string(),
  device: z.string(),
  workload: workloadSchema,
  tflops: positive,
  error: z.number().min(0).nullable().describe('error bar in TFLOPS'),
  rule: z.enum(['exact', 'half-square']),
  kind: z.enum(['printed', 'figure', 'bound']),
  source: z.string(),
});

const comparisonSchema = z.object({
  measurement: z.number().int().min(0),
  kind: z
    .enum(['exact', 'nearest'])
    .optional()
    .describe(
      'whether the figure is of exactly this workload (dtype and scale aside) or of the nearest one; absent without a figure',
    ),
  published: publishedSchema.nullable(),
  ratio: positive.nullable().describe('published / measured: how many times slower'),
  ratioError: z.number().min(0).nullable(),
  caveats: z.array(z.string()),
});

const ratioSchema = z.object({
  kernel: z.string(),
  baseline: z.string(),
  workload: workloadSchema,
  threads: count.nullable(),
  device: z.number().int().min(0).nullable(),
  baselineDevice: z
    .number()
    .int()
    .min(0)
    .nullable()
    .optional()
    .describe('where the baseline ran; absent where kernel and baseline ran on one device'),
  ratio: positive.describe('throughput of kernel over baseline, median of paired rounds'),
  low: positive.optional(),
  high: positive.optional(),
});

const layerSumSchema = z.object({
  model: z.string().describe('as --model names it'),
  label: z.string(),
  seq: count,
  batch: count,
  layers: z.array(
    z.object({
      kind: z.enum(['local', 'global']).describe('with a sliding window or without'),
      count: count.describe('layers of this kind'),
      workload: workloadSchema,
      kernel: z.string().nullable().describe('the fastest measured one; null where none was measured'),
      seconds: positive.nullable().describe('time of one layer, times their number'),
    }),
  ),
  flops: positive.describe('attention of all layers in one forward pass'),
  seconds: positive.nullable().describe('sum over the layers; null unless every kind was measured'),
});

/** The whole record: what --format json prints and what a journal holds, line by line. */
export const documentSchema = z.object({
  schema: z.literal(SCHEMA_ID),
  context: contextSchema,
  measurements: z.array(measurementSchema),
  comparisons: z.array(comparisonSchema),
  ratios: z.array(ratioSchema),
  layerSums: z
    .array(layerSumSchema)
    .optional()
    .describe('the attention of whole models, added up from measurements of single layers; absent where there is none'),
});

/** One kernel at one case: measured, skipped with a reason, or failed with a message. */
export type Measurement = z.infer<typeof measurementSchema>;
/** A timed run as a record keeps it. */
export type RecordedSample = z.infer<typeof sampleSchema>;
/** A measurement that has samples. */
export type Measured = z.infer<typeof measuredSchema>;
/** A kernel by itself without a pause: its rate over time. */
export type Sustained = z.infer<typeof sustainedSchema>;
/** How a run measured. */
export type Settings = z.infer<typeof settingsSchema>;
/** The load of a machine. */
export type Load = z.infer<typeof loadSchema>;
/** Program, settings and devices of a run. */
export type Context = z.infer<typeof contextSchema>;
/** A cited figure. */
export type Published = z.infer<typeof publishedSchema>;
/** A measurement beside a published figure, or beside none. */
export type Comparison = z.infer<typeof comparisonSchema>;
/** Throughput of a kernel over its baseline, from paired rounds. */
export type Ratio = z.infer<typeof ratioSchema>;
/** The attention of a model in one forward pass: a sum over its layers, not a measurement. */
export type LayerSum = z.infer<typeof layerSumSchema>;
/** A whole run. */
export type RunDocument = z.infer<typeof documentSchema>;

/** The first thing that is wrong with a document, and where; `whole` is the name of the document itself. */
export function schemaProblem({ issues: [issue] }: z.ZodError, whole = 'the document'): string {
  return `${issue?.path.join('.') || whole}: ${issue?.message}`;
}

/** The schema as JSON Schema, for readers in other languages; results/schema.json holds it. */
export function documentJsonSchema(): unknown {
  return z.toJSONSchema(documentSchema);
}
