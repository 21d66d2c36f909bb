/** bench repro: a recorded run measured once more and compared with its record. */

import { Command, CommanderError } from 'commander';
import { SUITES } from '../../../bench/index.ts';
import { badRunFile, UsageError } from '../../messages.ts';
import { presetAxes } from '../../problem/sweep.ts';
import type { Recorded } from '../actions/repro.ts';
import type { Finish } from '../finish.ts';
import { choose } from '../nearest.ts';
import { addAdapterOptions, addRunOptions, addShapeOptions, collect, type Raw } from '../options.ts';

const BUDGET_SECONDS = 30;

export function addReproCommand(program: Command, finish: Finish): void {
  const command = program
    .command('repro')
    .argument('<file>', 'journal or JSON document of a run')
    .description(
      'measure what a run measured once more, with its kernels, threads, variant and inputs, and compare: faster, slower, same or unclear, and what differs in the environment; exit code 1 where a case is slower or failed',
    );
  addAdapterOptions(command)
    .option('--variant <name>', "WebAssembly variant (default: the record's, where it has one)")
    .option('--threads <count>', "WebAssembly threads (default: the record's, where this machine has as many cores)")
    .option('--host <names>', "where to run: node, browser, or node,browser for both (default: the record's)")
    .option('--browser <path>', 'the Chromium to launch for --host browser (default: the one that is found)')
    .option('--connect <address>', 'run in the browser behind a Playwright server, ws://HOST:PORT/', collect)
    .option('--kernel <names>', 'only these of its kernels', collect)
    .option('--tiles <which>', 'default: the shipped tiles; or a file of tiles')
    .option('--label <text>', 'a name for the new run, kept in its record')
    .option('--budget <seconds>', "bound on the measuring of the whole command (default: the recorded command's)")
    .option('--samples <count>', "take exactly this many samples of every case (default: the recorded command's)")
    .option('--format <name>', 'what stdout gets: table or json', 'table')
    .option('--output <file>', 'write it to a file instead of stdout')
    .option('--chart <file>', 'draw the chart of the new run: .svg, .png, .html or .vl.json')
    .option('--no-chart', 'draw no chart')
    .option('--results <folder>', 'where the new journal goes', 'results/runs')
    .option('--dry-run', 'show the cases, their work and their memory, and stop', false)
    .option('--quiet', 'no progress on stderr', false)
    .action(async (file: string, raw: Raw) => {
      choose('--format', String(raw['format']), ['table', 'json'] as const);
      const given = Object.fromEntries(
        Object.entries(raw).filter(([name]) => command.getOptionValueSource(name) === 'cli'),
      );
      const { repeatRun } = await import('../actions/repro.ts');
      finish(await repeatRun(file, given, recordedOptions));
    });
}

/**
 * The options of a recorded command that say how it measured: what says where the output went, or names a file or an address
 * of that machine, is left behind. Throws UsageError where the command line cannot be read.
 */
function recordedOptions(argv: readonly string[], file: string): Recorded {
  const reader = addRunOptions(addShapeOptions(new Command(), presetAxes('mha')), BUDGET_SECONDS)
    .allowUnknownOption()
    .allowExcessArguments()
    .exitOverride()
    .configureOutput({ writeErr() {} });
  try {
    reader.parse([...argv], { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) {
      throw new UsageError(badRunFile(file, `its command line cannot be read again (${error.message})`));
    }
    throw error;
  }
  const suite = SUITES.find(({ name }) => argv[0] === 'suite' && argv[1] === name);
  const all = reader.opts<Raw>();
  const kept: Raw = {
    ...(suite?.baseline === undefined ? {} : { baseline: suite.baseline }),
    ...(suite?.samples === undefined ? {} : { samples: String(suite.samples) }),
  };
  for (const name of ['adapter', 'limits', 'full', 'budget', 'samples', 'baseline'] as const) {
    if (all[name] !== undefined) kept[name] = all[name];
  }
  const configurationsFile = all['tiles'] !== undefined && all['tiles'] !== 'default';
  if (all['tiles'] === 'default') kept['tiles'] = 'default';
  return { options: kept, budgetSeconds: suite?.budgetSeconds ?? BUDGET_SECONDS, configurationsFile };
}
