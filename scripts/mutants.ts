/**
 * Runs wrong kernels through the loop that users' runs go through, and says which the run itself finds. One that was measured is
 * missed where the right kernel writes other rows of the same slice, and else did not meet its fault: what ran decides, and
 * slices are the same on every machine (mutants/steady.ts). Exit code 1 where one is missed or ends by something else than
 * verification, where one meets its fault in no setting, where a right kernel fails, or where the text that a mutant edits is
 * not there any more. `-- --family NAME`,
 * `--fault TEXT`, `--setting TEXT`; `--write` brings the table of docs/verification.md up to date.
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { alignColumns } from '../src/report/columns.ts';
import { type Mutant, Stale } from './mutants/mutant.ts';
import { closeTargets, type Outcome, runMutant } from './mutants/run.ts';
import { scalarMutants } from './mutants/scalar.ts';
import { settingsOf } from './mutants/settings.ts';
import { wasmMutants } from './mutants/wasm.ts';
import { wgslMutants } from './mutants/wgsl.ts';
import { x64Mutants } from './mutants/x64.ts';

const { values: options } = parseArgs({
  options: {
    family: { type: 'string' },
    fault: { type: 'string' },
    setting: { type: 'string' },
    write: { type: 'boolean', default: false },
  },
});
if (options.write && (options.fault ?? options.setting) !== undefined)
  throw new Error('--write counts whole families: leave out --fault and --setting');
const DOCUMENT = new URL('../docs/verification.md', import.meta.url);

const chosen = [...scalarMutants(), ...wasmMutants(), ...x64Mutants(), ...wgslMutants()].filter(
  ({ family, fault }) => family.startsWith(options.family ?? '') && fault.includes(options.fault ?? ''),
);
const settingsFor = (kernel: Mutant['kernel']) =>
  settingsOf(kernel).filter(({ name }) => name.includes(options.setting ?? ''));

/** A wrong kernel in a setting. */
interface Run extends Outcome {
  family: string;
  fault: string;
  setting: string;
  minutes: number;
}

const runs: Run[] = [];
const problems: string[] = [];
const notes = new Set<string>();
const begin = performance.now();
const minutesSince = (from: number) => (performance.now() - from) / 60_000;
const all = chosen.reduce((sum, { kernel }) => sum + settingsFor(kernel).length, 0);
const tell = (line: string) =>
  process.stderr.write(`${minutesSince(begin).toFixed(1)} min, ${runs.length} of ${all}: ${line}\n`);

/** Right kernels pass where their mutants must not. */
async function control({ family, right }: Mutant): Promise<void> {
  for (const setting of settingsFor(right)) {
    const { state, text } = await runMutant({ kernel: right, right, allowed: {} }, setting);
    if (state === 'skipped') notes.add(`${family} is skipped: ${text}.`);
    else if (state !== 'not met') problems.push(`${family} itself, ${setting.name}: ${text}`);
    tell(`${family} itself, ${setting.name}: ${state === 'not met' ? 'right' : text}`);
  }
}

const controlled = new Set<string>();
for (const mutant of chosen) {
  const { family, fault, kernel } = mutant;
  if (!controlled.has(family)) await control(mutant);
  controlled.add(family);
  for (const setting of settingsFor(kernel)) {
    const from = performance.now();
    const outcome = await runMutant(mutant, setting);
    runs.push({ ...outcome, family, fault, setting: setting.name, minutes: minutesSince(from) });
    if (outcome.state === 'skipped') notes.add(`${family} is skipped: ${outcome.text}.`);
    if (outcome.state === 'missed' || outcome.state === 'failed')
      problems.push(`${family}, ${fault}, ${setting.name}: ${outcome.state}: ${outcome.text}`);
    tell(`${family}, ${fault}, ${setting.name}: ${outcome.state}: ${outcome.text}`);
  }
  const own = runs.filter((run) => run.family === family && run.fault === fault);
  // With all settings at hand a wrong kernel that nothing tells from the right one is none.
  if (options.setting === undefined && own.every(({ state }) => state === 'not met'))
    problems.push(`${family}, ${fault}: no setting meets it`);
}
await closeTargets();

/** Wrong kernels, runs, caught, not met, allowed, missed, failed of a family. */
function countsOf(family: string): number[] {
  const own = ran.filter((run) => run.family === family);
  const count = (wanted: Outcome['state']) => own.filter(({ state }) => state === wanted).length;
  const faults = new Set(own.map(({ fault }) => fault)).size;
  return [faults, own.length, count('caught'), count('not met'), count('allowed'), count('missed'), count('failed')];
}

const ran = runs.filter(({ state }) => state !== 'skipped');
const each = runs.map(({ family, fault, setting, state, text }) => [family, fault, setting, state, text]);
process.stdout.write(
  `${alignColumns([['kernel', 'fault', 'setting', 'came to', 'in words'], ...each]).join('\n')}\n\n`,
);
const families = [...new Set(ran.map(({ family }) => family))];
const lines = families.map((family) => {
  const minutes = ran.filter((run) => run.family === family).reduce((sum, run) => sum + run.minutes, 0);
  return [family, ...countsOf(family).map(String), minutes.toFixed(1)];
});
const HEAD = ['family', 'wrong kernels', 'runs', 'caught', 'not met', 'allowed', 'missed', 'failed', 'minutes'];
process.stdout.write(`${alignColumns([HEAD, ...lines]).join('\n')}\n`);
process.stdout.write(`${[...notes, ...problems, `${problems.length} problems`].join('\n')}\n`);

if (options.write) {
  // Families that did not run here keep their lines: some need a device with matrices, and there others are slow.
  let text = readFileSync(DOCUMENT, 'utf8');
  for (const family of families) {
    const line = new RegExp(`^\\| \`${family}\` \\|.*$`, 'm');
    if (!line.test(text)) throw new Stale(`docs/verification.md has no line for ${family}`);
    text = text.replace(line, `| \`${family}\` | ${countsOf(family).join(' | ')} |`);
  }
  writeFileSync(DOCUMENT, text);
}
process.exitCode = problems.length > 0 ? 1 : 0;
