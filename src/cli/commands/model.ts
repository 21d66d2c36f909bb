/** bench model: why the published figures are what they are, and the same reasoning for this machine. */

import type { Command } from 'commander';
import { UsageError } from '../../messages.ts';
import { presetAxes } from '../../problem/sweep.ts';
import { checkWritable } from '../../record/files.ts';
import type { Finish } from '../finish.ts';
import { choose } from '../nearest.ts';
import { addShapeOptions, addTargetOptions, parseNumber, readRunOptions, readWorkloads } from '../options.ts';

const LOCAL_BUDGET_SECONDS = 20;

export function addModelCommand(program: Command, finish: Finish): void {
  const model = program
    .command('model')
    .description('a model of attention on B200: fitted on five figures of each library, it predicts the others');
  addB200(model, finish);
  addLocal(model, finish);
  addWhatIf(model, finish);
}

function addB200(model: Command, finish: Finish): void {
  model
    .command('b200')
    .description('why 1668 TFLOPS: constants, fitted and predicted figures, the simulated ablation')
    .option('--figure <name>', 'only mha, gqa, ablation or timeline (one block of the simulated pipeline)')
    .option('--format <name>', 'table or json', 'table')
    .option('--chart <file>', 'draw it: .svg, .png, .html or .vl.json')
    .action(async (raw) => {
      const format = choose('--format', raw.format, ['table', 'json'] as const);
      const figures = ['mha', 'gqa', 'ablation', 'timeline'] as const;
      const figure = raw.figure === undefined ? null : choose('--figure', raw.figure, figures);
      const { showB200 } = await import('../actions/model-b200.ts');
      await showB200(figure, format, raw.chart ?? null);
      finish(0);
    });
}

function addLocal(model: Command, finish: Finish): void {
  const preset = { ...presetAxes('mha'), seq: [4096] };
  const command = model
    .command('local')
    .description('what the measured limits of this machine allow attention to reach, beside what it reaches');
  addTargetOptions(addShapeOptions(command, preset))
    .option('--budget <seconds>', 'bound on the measuring', String(LOCAL_BUDGET_SECONDS))
    .option('--samples <count>', 'take exactly this many rounds of every workload')
    .option('--seed <number>', 'seed of the random inputs', '1')
    .option('--tiles <which>', 'default: the shipped tiles, not those that bench tune found; or a file of tiles')
    .option('--format <name>', 'table or json', 'table')
    .option('--output <file>', 'write it to a file instead of stdout')
    .option('--results <folder>', 'where the journal goes', 'results/runs')
    .option('--quiet', 'no progress on stderr', false)
    .action(async (raw) => {
      const workloads = readWorkloads(raw, preset);
      const format = choose('--format', raw.format, ['table', 'json'] as const);
      const options = readRunOptions(raw, LOCAL_BUDGET_SECONDS);
      if (options.backend === 'peers' || options.backend === 'scalar') {
        throw new UsageError(`--backend ${options.backend} has no model; choose auto, wasm or webgpu`);
      }
      if (options.output !== null) checkWritable(options.output);
      const { measureLocal } = await import('../actions/model-local.ts');
      const { formatLocal } = await import('../../report/local-text.ts');
      const { writeOutput } = await import('../output.ts');
      const found = await measureLocal(workloads, options);
      writeOutput(format === 'json' ? `${JSON.stringify(found, null, 2)}\n` : formatLocal(found), options.output);
      process.stderr.write(`Record: ${found.journal}\n`);
      finish(found.context.cancelled ? 130 : found.points.length > 0 && found.missing.length === 0 ? 0 : 1);
    });
}

/** Options of what-if: the field of Chip that each changes, its unit and bounds. */
const CHANGES = [
  { option: 'sms', field: 'units', text: 'streaming multiprocessors (148)', scale: 1, most: 4096, whole: true },
  { option: 'clock', field: 'clockHz', text: 'clock in MHz (1850)', scale: 1e6, most: 1e5, whole: false },
  {
    option: 'tensorRate',
    field: 'tensorFlopsPerClock',
    text: 'BF16 FLOPs a clock and SM (8192)',
    scale: 1,
    most: 1e7,
    whole: false,
  },
  {
    option: 'expRate',
    field: 'exponentialsPerClock',
    text: 'exponentials a clock and SM (16; GB300 has 32)',
    scale: 1,
    most: 1e5,
    whole: false,
  },
  {
    option: 'sharedRate',
    field: 'sharedBytesPerClock',
    text: 'bytes of shared memory a clock and SM (128)',
    scale: 1,
    most: 1e6,
    whole: false,
  },
  {
    option: 'memory',
    field: 'memoryBytesPerSecond',
    text: 'main memory in TB/s (8)',
    scale: 1e12,
    most: 1e4,
    whole: false,
  },
] as const;

const flag = (option: string) => `--${option.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

function addWhatIf(model: Command, finish: Finish): void {
  const command = model
    .command('what-if')
    .description("AVO's kernel on a changed B200, and what such a chip needs to reach 1668 TFLOPS")
    .option('--correction-clocks <clocks>', 'clocks of the correction group for 16 columns of a tile (150, assumed)')
    .option('--format <name>', 'table or json', 'table');
  for (const { option, text } of CHANGES) command.option(`${flag(option)} <number>`, text);
  command.action(async (raw: Record<string, string | undefined>) => {
    const format = choose('--format', raw['format'] ?? 'table', ['table', 'json'] as const);
    const changes = CHANGES.flatMap(({ option, field, scale, most, whole }) => {
      const given = raw[option];
      if (given === undefined) return [];
      return [[field, parseNumber(flag(option), given, whole ? 1 : 1e-3, most, whole) * scale]];
    });
    const part = raw['correctionClocks'];
    const timing =
      part === undefined ? {} : { correctionPart: parseNumber('--correction-clocks', part, 1, 1e4, false) };
    const { whatIf } = await import('../../model/what-if.ts');
    const { formatWhatIf } = await import('../../report/what-if-text.ts');
    const found = whatIf(Object.fromEntries(changes), timing);
    process.stdout.write(format === 'json' ? `${JSON.stringify(found, null, 2)}\n` : formatWhatIf(found));
    finish(0);
  });
}
