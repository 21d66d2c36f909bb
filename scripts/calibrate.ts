/**
 * Simulates runs under noise of many kinds and prints how often intervals hold the truth and how often two runs of the same
 * thing are called different. Exit code 1 where a row within the bounds fails them. `-- --trials N`, `--seed N`; `--write` puts
 * the table into docs/reliability.md.
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { alignColumns } from '../src/report/columns.ts';
import { type Calibration, calibrate, calibratePairs, DESIGNS, PAIRED_DESIGNS } from './calibrate/calibrate.ts';
import { NOISES } from './calibrate/noise.ts';

const { values: options } = parseArgs({
  options: {
    trials: { type: 'string', default: '600' },
    seed: { type: 'string', default: '1' },
    write: { type: 'boolean', default: false },
  },
});
const DOCUMENT = new URL('../docs/reliability.md', import.meta.url);
/** Coverage below and alarms above fail, beyond three standard errors of the simulation; so do runs with a wrong interval. */
const [LEAST_COVERAGE, MOST_ALARMS, MOST_WRONG] = [0.93, 0.05, 0.05];
/** Several processes also fail above this; one cannot be held to it (docs/reliability.md). */
const MOST_COVERAGE = 0.98;
/** An interval that is hardly ever given cannot be judged. */
const RARE = 0.1;

const trials = Number(options.trials);
const error = (share: number, of: number) => 3 * Math.sqrt((share * (1 - share)) / Math.max(1, of));
const percent = (value: number) => (100 * value).toFixed(value < 0.1 ? 1 : 0);
const held = ({ known, coverage }: Pick<Calibration, 'known' | 'coverage'>) =>
  known < RARE ? '-' : `${percent(coverage)}${known < 0.95 ? `/${percent(known)}` : ''}`;
const problems: string[] = [];
const body = NOISES.map((noise) => {
  const found = DESIGNS.map((design) => ({ design, of: calibrate(noise, design, trials, Number(options.seed)) }));
  for (const { design, of } of found) {
    const short = of.known >= RARE && of.coverage < LEAST_COVERAGE - error(LEAST_COVERAGE, of.known * trials);
    const wide = design.processes > 1 && of.coverage > MOST_COVERAGE + error(MOST_COVERAGE, trials);
    const wrong = of.known === 0 ? 0 : of.known * (1 - of.coverage);
    const what = `${noise.name}, ${design.name}`;
    if (noise.bound && noise.middle === undefined && wide) problems.push(`${what}: covers ${percent(of.coverage)} %`);
    if (noise.bound && design.processes === 1 && wrong > MOST_WRONG + error(MOST_WRONG, trials)) {
      problems.push(`${what}: ${percent(wrong)} % of runs have a wrong interval`);
    }
    if (noise.bound && short) problems.push(`${what}: coverage ${percent(of.coverage)} %`);
    if (noise.bound && of.alarms > MOST_ALARMS + error(MOST_ALARMS, trials)) {
      problems.push(`${what}: alarms ${percent(of.alarms)} %`);
    }
  }
  const last = found.at(-2)?.of;
  return [
    `${noise.name}${noise.bound ? '' : ' *'}`,
    ...found.map(({ of }) => `${held(of)} ${percent(of.alarms)}`),
    last === undefined ? '' : `${percent(last.power)}; ± ${percent(last.halfWidth)}`,
  ];
});
const header = ['noise', ...DESIGNS.map(({ name }) => name), '10 % found'];
const pairs = NOISES.map((noise) => [
  `${noise.name}${noise.bound ? '' : ' *'}`,
  ...PAIRED_DESIGNS.map((design) => held(calibratePairs(noise, design, trials, Number(options.seed)))),
]);
// Aligned text: as Markdown tables their rows would be too long to read.
const text = (rows: string[][]) => `\`\`\`text\n${alignColumns(rows).join('\n')}\n\`\`\`\n`;
const pairedHeader = ['noise of each side', ...PAIRED_DESIGNS.map(({ name }) => name)];
const table = `${text([header, ...body])}\nPaired ratios:\n\n${text([pairedHeader, ...pairs])}`;
process.stdout.write(`Coverage; alarms, %. ${trials} runs and pairs of them in each cell.\n\n${table}`);
process.stdout.write(problems.length === 0 ? 'All within bounds.\n' : `${problems.join('\n')}\n`);
if (options.write) {
  const [begin, end] = ['<!-- npm run calibrate -- --write: -->\n', '<!-- until here -->'];
  const [before, rest] = readFileSync(DOCUMENT, 'utf8').split(begin);
  const after = rest?.split(end)[1];
  if (before === undefined || after === undefined) throw new Error('docs/reliability.md has no place for the table');
  writeFileSync(DOCUMENT, `${before}${begin}${table}${end}${after}`);
}
if (problems.length > 0) process.exitCode = 1;
