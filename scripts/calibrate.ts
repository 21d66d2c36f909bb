/**
 * Simulates runs under noise of many kinds and prints how often intervals hold the truth and how often two runs of the same
 * thing are called different. Exit code 1 where a row within the bounds fails them. `-- --trials N`, `--seed N`; `--write` puts
 * the table into docs/reliability.md.
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { MIN_PROCESSES } from '../src/measure/statistics.ts';
import { alignColumns } from '../src/report/columns.ts';
import {
  calibrate,
  calibratePairs,
  DESIGNS,
  type Design,
  PAIRED_DESIGNS,
  type PairedCalibration,
} from './calibrate/calibrate.ts';
import { NOISES, type Noise } from './calibrate/noise.ts';

const { values: options } = parseArgs({
  options: {
    trials: { type: 'string', default: '2000' },
    seed: { type: 'string', default: '1' },
    write: { type: 'boolean', default: false },
  },
});
const DOCUMENT = new URL('../docs/reliability.md', import.meta.url);
/** Coverage outside and alarms above fail, beyond three standard errors of the simulation. */
const [LEAST_COVERAGE, MOST_COVERAGE, MOST_ALARMS] = [0.93, 0.98, 0.05];

const [trials, seed] = [Number(options.trials), Number(options.seed)];
const error = (share: number) => 3 * Math.sqrt((share * (1 - share)) / trials);
const percent = (value: number) => (100 * value).toFixed(value < 0.1 ? 1 : 0);
const problems: string[] = [];
/** The coverage of a cell, or "-" for a design without intervals. */
const held = (noise: Noise, { name, processes }: Design, { known, coverage }: PairedCalibration, what: string) => {
  const where = `${noise.name}, ${what}${name}`;
  if (known !== (processes < MIN_PROCESSES ? 0 : 1)) problems.push(`${where}: ${percent(known)} % have an interval`);
  const short = coverage < LEAST_COVERAGE - error(LEAST_COVERAGE);
  const wide = coverage > MOST_COVERAGE + error(MOST_COVERAGE) && noise.drifts !== true;
  if (noise.bound && (short || wide)) problems.push(`${where}: covers ${percent(coverage)} %`);
  return known === 0 ? '-' : percent(coverage);
};
const rowName = ({ name, bound, drifts }: Noise) => `${name}${bound && drifts !== true ? '' : ' *'}`;

const body = NOISES.map((noise) => {
  const found = DESIGNS.map((design) => ({ design, of: calibrate(noise, design, trials, seed) }));
  for (const { design, of } of found) {
    if (noise.bound && of.alarms > MOST_ALARMS + error(MOST_ALARMS)) {
      problems.push(`${noise.name}, ${design.name}: alarms ${percent(of.alarms)} %`);
    }
  }
  const [one, most] = ['40', '5 x 6'].map((name) => found.find(({ design }) => design.name === name)?.of);
  if (one === undefined || most === undefined) throw new Error('the designs whose power is shown are not there');
  return [
    rowName(noise),
    ...found.map(({ design, of }) => `${held(noise, design, of, '')} ${percent(of.alarms)}`),
    `${percent(one.power)}, ${percent(most.power)}; ± ${percent(most.halfWidth)}`,
  ];
});
const header = ['noise', ...DESIGNS.map(({ name }) => name), '10 % found'];
const pairs = NOISES.map((noise) => [
  rowName(noise),
  ...PAIRED_DESIGNS.map((design) => held(noise, design, calibratePairs(noise, design, trials, seed), 'paired ')),
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
