/** The record of a run: one schema for the JSON document, the journal's lines, the page and every later reader. */

import { z } from 'zod';
import { contextSchema, type loadSchema, type settingsSchema } from './context-schema.ts';
import { amount, count, positive, workloadSchema } from './workload-schema.ts';

/** Name and version of the schema; every document and journal begins with it. */
export const SCHEMA_ID = 'attnbench/1';

const sampleSchema = z.object({
  seconds: positive,
  flops: positive.describe('FLOPs that ran, exact rule'),
  clock: z.enum(['gpu-timestamp', 'wall', 'mock']),
  passes: count.optional().describe('passes that seconds and flops are of, one after the other; absent: one'),
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
  restSeconds: amount.describe('without work before it'),
  samples: z
    .array(
      z.object({
        at: amount.describe('seconds from the first run to the begin of this one'),
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
    .array(z.object({ at: amount, hertz: positive }))
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
  compileSeconds: amount,
  prepareSeconds: amount,
  copies: count
    .optional()
    .describe('of k and v, which runs took in turn so that none found its own in a cache; absent where there was one'),
  tflops: z.object({
    median: positive.describe('geometric mean of the medians of 3 processes or more, else the median of all samples'),
    low: positive.optional().describe('95 % interval of the rate, over processes; absent where there are fewer than 3'),
    high: positive.optional(),
  }),
  passSeconds: positive.describe('the whole workload at this rate'),
  ceiling: z
    .object({
      name: z.string(),
      tflops: positive,
      share: positive.describe('median over rounds of this kernel over the ceiling'),
      shareLow: positive
        .optional()
        .describe('95 % interval of the share, over processes; absent where there are fewer than 3'),
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
          'the limit of the other kind, arithmetic or memory, in the same rounds: it is higher; absent where only one kind was run',
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
    maxAbsoluteError: amount,
    maxRelativeError: amount.describe(
      'the error that comes closest to what is allowed, over the root mean square of its row',
    ),
    tolerance: positive,
    everyRow: z
      .object({
        rows: z
          .number()
          .int()
          .positive()
          .max(2 ** 40),
        maxRelativeError: amount.describe('the error that comes closest to what is allowed, over the size of its row'),
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

const publishedSchema = z.object({
  library: z.string(),
  version: z.string(),
  device: z.string(),
  workload: workloadSchema,
  tflops: positive,
  error: amount.nullable().describe('error bar in TFLOPS'),
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
  ratioError: amount.nullable(),
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
  low: positive.optional().describe('95 % interval of the ratio, over processes; absent where there are fewer than 3'),
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

/** Values of JavaScript in messages, and what they stand for in JSON. */
const NO_JSON: Record<string, string> = { undefined: 'nothing', Infinity: 'one that is too large', NaN: 'none' };

/** The first thing that is wrong with a document, and where; `whole` is the name of the document itself. */
export function schemaProblem({ issues: [issue] }: z.ZodError, whole = 'the document'): string {
  const what = issue?.message.replace(/(?<=received )-?(\w+)$/, (found, word: string) => NO_JSON[word] ?? found);
  return `${issue?.path.join('.') || whole}: ${what}`;
}

/** The schema as JSON Schema, for readers in other languages; results/schema.json holds it. */
export function documentJsonSchema(): unknown {
  return z.toJSONSchema(documentSchema);
}
