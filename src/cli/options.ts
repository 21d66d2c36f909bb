/** The options that measuring commands share: declared once, read once, wrong values answered in one line. */

import { type Command, Option } from 'commander';
import { ALL_KERNELS, BACKENDS, findKernel, KERNELS } from '../../kernels/index.ts';
import type { Backend, Kernel } from '../../kernels/kernel.ts';
import type { PublishedSet } from '../compare/published-figures.ts';
import { WASM_VARIANTS } from '../host/cpu/wasm-variants.ts';
import { badNumber, noBackendForKernel, UsageError } from '../messages.ts';
import { type Axes, expand, parseHeadDims, parseSizes } from '../problem/sweep.ts';
import type { Mask, Workload } from '../problem/workload.ts';
import { choose } from './nearest.ts';
import { checkHost, type RuntimeRequest } from './runtimes.ts';

export const FORMATS = ['table', 'chart', 'markdown', 'csv', 'json', 'jsonl'] as const;
export type Format = (typeof FORMATS)[number];

/** Everything that a measuring command was asked for, workloads aside. */
export interface RunOptions extends RuntimeRequest {
  /** 'default', a file of tiles, or null for those that bench tune found. */
  tiles: string | null;
  kernels: Kernel[];
  /** 'auto': backends that work here, a software adapter excepted. */
  backend: Backend | 'auto';
  label: string | null;
  budgetSeconds: number;
  samples: number | null;
  full: boolean;
  seed: number;
  baseline: string | null;
  published: PublishedSet;
  format: Format;
  output: string | null;
  chart: string | null;
  drawChart: boolean;
  results: string;
  dryRun: boolean;
  quiet: boolean;
}

/** Gathers an option that may be given several times. */
export const collect = (value: string, previous: string[] | undefined) => [...(previous ?? []), value];
const list = (flags: string, description: string) => new Option(flags, description).argParser(collect);

/** Options that say which problem to run; each takes a list, and every combination is a workload. */
export function addShapeOptions(command: Command, preset: Axes): Command {
  const sizes = preset.seq.map((size) => `${size / 1024}k`).join(',');
  return command
    .addOption(list('--seq <sizes>', `query tokens, a list is a sweep: 32k or 4k,8k or 1k-32k*2 (default: ${sizes})`))
    .addOption(list('--seq-kv <sizes>', 'key tokens, a list is a sweep (default: as many as query tokens)'))
    .addOption(list('--batch <sizes>', 'batch sizes, a list is a sweep (default: total tokens / seq)'))
    .option('--total-tokens <size>', 'batch x seq where --batch is not given', '32k')
    .addOption(list('--heads <counts>', `query heads, a list is a sweep (default: ${preset.heads[0]})`))
    .addOption(
      list(
        '--kv-heads <counts>',
        `KV heads, a list is a sweep (default: ${preset.kvHeads?.[0] ?? 'as many as query heads'})`,
      ),
    )
    .addOption(
      list('--head-dim <dims>', 'head dimensions, multiples of 16 from 32 to 256, a list is a sweep (default: 128)'),
    )
    .option('--causal <which>', 'both masks, only the causal one (true) or only the full one (false)', 'both')
    .option('--window <tokens>', 'sliding window in tokens, the own one included')
    .option('--dtype <type>', 'auto, f32 or f16: in memory, with f32 arithmetic (auto is f32)', 'auto')
    .option('--scale <factor>', 'softmax scale (default: 1/sqrt(head dimension))');
}

/** Options that choose a backend and a WebGPU adapter. */
export function addAdapterOptions(command: Command): Command {
  return command
    .option('--backend <name>', `auto, ${BACKENDS.join(', ')}`, 'auto')
    .option('--adapter <text>', 'WebGPU adapter whose name contains this')
    .option('--allow-software', 'use a software WebGPU adapter where there is no hardware one', false)
    .addOption(list('--limits <name=value>', 'ask the WebGPU device for a lower limit; may be repeated'));
}

/** Options that say where and how to run. */
export function addTargetOptions(command: Command): Command {
  return addAdapterOptions(command)
    .option('--variant <name>', `WebAssembly variant: ${WASM_VARIANTS.join(', ')} (default: the fastest in a probe)`)
    .option('--threads <count>', 'WebAssembly threads (default: all cores)')
    .option('--host <names>', 'where to run: node, browser, or node,browser for both in one run', 'node')
    .option('--browser <path>', 'the Chromium to launch for --host browser (default: the one that is found)')
    .addOption(
      list(
        '--connect <address>',
        'run in the browser behind a Playwright server, ws://HOST:PORT/; several make a fleet',
      ),
    );
}

/** Options that say how long to measure and what to write. */
export function addRunOptions(command: Command, budgetSeconds: number | null): Command {
  const budget = budgetSeconds === null ? "the suite's own" : `${budgetSeconds}`;
  return addTargetOptions(command)
    .addOption(
      list('--kernel <names>', `kernels: ${KERNELS.map(({ name }) => name).join(', ')} (default: all of the backends)`),
    )
    .option('--tiles <which>', 'default: the shipped tiles, not those that bench tune found; or a file of tiles')
    .option('--label <text>', 'a name for this run, kept in its record')
    .option('--budget <seconds>', `bound on the measuring of the whole command (default: ${budget})`)
    .option('--samples <count>', 'take exactly this many samples of every case')
    .option('--full', 'run whole workloads, never slices', false)
    .option('--seed <number>', 'seed of the random inputs', '1')
    .option('--baseline <kernel>', 'kernel that the others are divided by, in paired rounds')
    .option('--published <set>', 'avo: figures of the AVO paper; all: those of other sources too', 'avo')
    .option('--format <name>', `what stdout gets: ${FORMATS.join(', ')}`, 'table')
    .option('--output <file>', 'write it to a file instead of stdout')
    .option('--chart <file>', 'draw the chart: .svg, .png, .html or .vl.json (default: an SVG beside the journal)')
    .option('--no-chart', 'draw no chart')
    .option('--results <folder>', 'where the journal goes', 'results/runs')
    .option('--dry-run', 'show the cases, their work and their memory, and stop', false)
    .option('--quiet', 'no progress on stderr', false);
}

/** A number option. Throws UsageError outside [minimum, maximum] or where it is no number. */
export function parseNumber(option: string, text: string, minimum: number, maximum: number, whole: boolean): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (!(value >= minimum && value <= maximum) || (whole && !Number.isInteger(value))) {
    throw new UsageError(
      badNumber(option, text, `${whole ? 'a whole number' : 'a number'} from ${minimum} to ${maximum}`),
    );
  }
  return value;
}

/** Options as commander reads them, by their names in camel case. */
export type Raw = Record<string, string | string[] | boolean | undefined>;
const text = (raw: Raw, name: string) => (typeof raw[name] === 'string' ? raw[name] : null);
const texts = (raw: Raw, name: string) => (Array.isArray(raw[name]) ? raw[name] : null);

/** The workloads that the shape options ask for. */
export function readWorkloads(raw: Raw, preset: Axes): Workload[] {
  const sizes = <T>(option: string, name: string, otherwise: T) => {
    const given = texts(raw, name);
    return given === null ? otherwise : parseSizes(option, given);
  };
  const causal = choose('--causal', text(raw, 'causal') ?? 'both', ['both', 'true', 'false'] as const);
  const masks: Mask[] = causal === 'both' ? ['full', 'causal'] : [causal === 'true' ? 'causal' : 'full'];
  const dtype = choose('--dtype', text(raw, 'dtype') ?? 'auto', ['auto', 'f32', 'f16'] as const);
  const [window, scale, headDim] = [text(raw, 'window'), text(raw, 'scale'), texts(raw, 'headDim')];
  return expand({
    seq: sizes('--seq', 'seq', preset.seq),
    seqKv: sizes('--seq-kv', 'seqKv', preset.seqKv),
    batch: sizes('--batch', 'batch', preset.batch),
    totalTokens: parseSizes('--total-tokens', [text(raw, 'totalTokens') ?? '32k'])[0] ?? preset.totalTokens,
    heads: sizes('--heads', 'heads', preset.heads),
    kvHeads: sizes('--kv-heads', 'kvHeads', preset.kvHeads),
    headDim: headDim === null ? preset.headDim : parseHeadDims(headDim),
    masks,
    window: window === null ? null : (parseSizes('--window', [window])[0] ?? null),
    dtype: dtype === 'auto' ? 'f32' : dtype,
    scale: scale === null ? null : parseNumber('--scale', scale, 1e-6, 1e6, false),
  });
}

/** One kernel by name. Throws UsageError naming the nearest. */
export function readKernel(name: string): Kernel {
  const known = choose(
    'kernel',
    name,
    ALL_KERNELS.map((kernel) => kernel.name),
  );
  return findKernel(known);
}

/** Kernels by name, or all of the wanted backend. Throws UsageError for unknown names and for kernels of another backend. */
function readKernels(names: readonly string[] | null, backend: Backend | 'auto'): Kernel[] {
  if (names === null) {
    return KERNELS.filter((kernel) => (backend === 'auto' ? kernel.backend !== 'peers' : kernel.backend === backend));
  }
  const known = ALL_KERNELS.map(({ name }) => name);
  const chosen = new Set(
    names.flatMap((item) => item.split(',')).map((name) => choose('--kernel', name.trim(), known)),
  );
  const kernels = ALL_KERNELS.filter(({ name }) => chosen.has(name));
  const foreign = kernels.find((kernel) => backend !== 'auto' && kernel.backend !== backend);
  if (foreign !== undefined) throw new UsageError(noBackendForKernel(foreign.name, backend));
  return kernels;
}

/** Where and how to run, from the options of addTargetOptions. */
export function readTarget(raw: Raw) {
  const backend = choose('--backend', text(raw, 'backend') ?? 'auto', ['auto', ...BACKENDS] as const);
  const [variant, threads] = [text(raw, 'variant'), text(raw, 'threads')];
  const limits = (texts(raw, 'limits') ?? []).map((item): [string, number] => {
    const [name = '', value = ''] = item.split('=');
    const known = [
      'maxBufferSize',
      'maxStorageBufferBindingSize',
      'maxComputeWorkgroupStorageSize',
      'maxComputeInvocationsPerWorkgroup',
    ] as const;
    return [choose('--limits', name, known), parseNumber(`--limits ${name}`, value, 1, 2 ** 53, true)];
  });
  const connect = (texts(raw, 'connect') ?? []).flatMap((item) => item.split(','));
  const host = text(raw, 'host') ?? 'node';
  checkHost(host, text(raw, 'browser'), connect);
  return {
    backend,
    browser: text(raw, 'browser'),
    connect,
    variant: variant === null ? null : choose('--variant', variant, WASM_VARIANTS),
    // An address to connect to is a browser's.
    host: connect.length > 0 && host === 'node' ? 'browser' : host,
    adapter: text(raw, 'adapter'),
    allowSoftware: raw['allowSoftware'] === true,
    threads: threads === null ? null : parseNumber('--threads', threads, 1, 1024, true),
    limits: Object.fromEntries(limits),
  };
}

/** All run options. `budgetSeconds` is the default budget. */
export function readRunOptions(raw: Raw, budgetSeconds: number): RunOptions {
  const target = readTarget(raw);
  const kernels = readKernels(texts(raw, 'kernel'), target.backend);
  const [budget, samples, baseline] = [text(raw, 'budget'), text(raw, 'samples'), text(raw, 'baseline')];
  return {
    ...target,
    kernels,
    tiles: text(raw, 'tiles'),
    label: text(raw, 'label'),
    budgetSeconds: budget === null ? budgetSeconds : parseNumber('--budget', budget, 0.1, 1e6, false),
    samples: samples === null ? null : parseNumber('--samples', samples, 1, 10_000, true),
    full: raw['full'] === true,
    seed: parseNumber('--seed', text(raw, 'seed') ?? '1', 0, 2 ** 31 - 1, true),
    baseline:
      baseline === null
        ? null
        : choose(
            '--baseline',
            baseline,
            kernels.map(({ name }) => name),
          ),
    published: choose('--published', text(raw, 'published') ?? 'avo', ['avo', 'all'] as const),
    format: choose('--format', text(raw, 'format') ?? 'table', FORMATS),
    output: text(raw, 'output'),
    chart: text(raw, 'chart'),
    drawChart: raw['chart'] !== false,
    results: text(raw, 'results') ?? 'results/runs',
    dryRun: raw['dryRun'] === true,
    quiet: raw['quiet'] === true,
  };
}
