/** Options of measuring commands: how to measure, and what becomes of the result. */

import { kernelOptions, targetOptions } from './device.ts';
import { ALL_KERNEL_NAMES, FORMATS } from './names.ts';
import { anyNumber, asText, choice, option, toggle, under, type ValuesOf, wholeNumber } from './typed-option.ts';

/** The heading of options that say how to measure. */
export const MEASURING = 'Measuring:';
/** The heading of options that say what becomes of the result. */
export const OUTPUT = 'Output:';

/** Seconds of measuring where neither the user nor a suite nor a record says otherwise. */
export const BUDGET_SECONDS = 30;

/** The limit on the time of a command, in seconds. */
export const budgetOption = (budget: number, described?: string) =>
  option('--budget <seconds>', 'limit on the measuring of the whole command', anyNumber(0.1, 1e6), budget, described);

/** Samples of every case; null until the budget or the precision ends it. */
export const samplesOption = () =>
  option('--samples <count>', 'take exactly this many samples of every case', wholeNumber(1, 10_000), null);

/** Fresh processes of every case; null: as many as the budget allows. */
const processesOption = () =>
  option(
    '--processes <count>',
    'spread the rounds of every case over so many fresh processes; 3 or more give an interval',
    wholeNumber(1, 100),
    null,
    '3 to 5 where the budget allows, else 1; 1 in a browser',
  );

/** A run without a pause after the samples. */
export const sustainOption = () =>
  option(
    '--sustain <seconds>',
    'then run each kernel by itself for so long without a pause: its rate over time, beside the budget',
    anyNumber(0.1, 1e5),
    null,
  );

/** The seed of q, k and v. */
export const seedOption = () => option('--seed <number>', 'seed of the random inputs', wholeNumber(0, 2 ** 31 - 1), 1);

/** Which published figures a run is set beside. */
export const publishedOption = () =>
  choice('--published <set>', 'figures of the AVO paper, or those of other sources too', ['avo', 'all'], 'avo');

/** Table or JSON, for commands that know no other format. */
export const tableOrJson = () => choice('--format <name>', 'what stdout gets', ['table', 'json'], 'table');

/** The file that gets what stdout would get. */
export const outputOption = () => option('--output <file>', 'write it to a file instead of stdout', asText, null);

/** The folder of records. */
export const resultsOption = (description = 'folder of the record and its chart') =>
  option('--results <folder>', description, asText, 'results/runs');

/** No progress. */
export const quietOption = () => toggle('--quiet', 'show no progress on stderr');

/** How much to measure; `budget` in seconds, described where the command sets another. */
const measuringOptions = (budget: number, described?: string) =>
  under(MEASURING, {
    budget: budgetOption(budget, described),
    samples: samplesOption(),
    processes: processesOption(),
    full: toggle('--full', 'run whole workloads, never parts of them'),
    seed: seedOption(),
    baseline: option(
      '--baseline <kernel>',
      'kernel that the others are divided by, in paired rounds',
      asText,
      null,
    ).suggest(ALL_KERNEL_NAMES),
  });

/** What is shown and kept of a run. */
const outputOptions = () =>
  under(OUTPUT, {
    format: choice('--format <name>', 'what stdout gets', FORMATS, 'table'),
    wide: toggle('--wide', 'show all columns of the table, however wide it gets'),
    output: outputOption(),
    published: publishedOption(),
    label: option('--label <text>', 'a name for this run, kept in its record', asText, null),
    chart: option(
      '--chart <file>',
      'draw the chart: .svg, .png, .html or .vl.json; why.svg, distance.png and so on draw that chart of a report',
      asText,
      null,
      'an SVG beside the record',
    ).orNot('draw no chart'),
    results: resultsOption(),
    dryRun: toggle('--dry-run', 'show the cases, their work and their memory, and stop'),
    quiet: quietOption(),
  });

/** All options of a measuring command, workloads aside. */
export const runOptions = (budget: number, described?: string) => ({
  ...kernelOptions(),
  ...targetOptions(),
  ...measuringOptions(budget, described),
  ...outputOptions(),
});

/** The values of runOptions. */
export type RunValues = ValuesOf<ReturnType<typeof runOptions>>;
