/**
 * Runs wrong kernels through the loop that users' runs go through, and says which the run itself finds. Exit code 1 where one
 * that meets its fault is measured as if it were right, where a right kernel fails, or where the text that a mutant edits is
 * not there any more. `-- --family NAME`, `--fault TEXT`, `--setting TEXT`; `--write` brings the table of docs/verification.md up to date.
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { createScalarHost } from '../src/host/cpu/scalar-host.ts';
import { nodeTarget } from '../src/host/node/targets.ts';
import { createHostPool } from '../src/host/pool.ts';
import { openTarget, type Target } from '../src/host/target.ts';
import { caseEnd, measureCase } from '../src/measure/case.ts';
import { alignColumns } from '../src/report/columns.ts';
import { type Mutant, type Setting, Stale } from './mutants/mutant.ts';
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
const settingsFor = (kernel: Mutant['kernel']) =>
  settingsOf(kernel).filter(({ name }) => name.includes(options.setting ?? ''));
const DOCUMENT = new URL('../docs/verification.md', import.meta.url);

/** What a run said: failed with a message, measured, or skipped with a reason. */
interface Outcome {
  state: 'caught' | 'survived' | 'skipped';
  text: string;
}

const targets = new Map<string, Promise<Target>>();

function targetOf({ kernel, modules }: Pick<Mutant, 'kernel' | 'modules'>): Promise<Target> {
  if (modules !== undefined) {
    const open = async () => ({ ...createScalarHost('this CPU', 2 ** 33, modules), kill: () => {} });
    return openTarget({ host: 'node', open });
  }
  const known = targets.get(kernel.backend);
  if (known !== undefined) return known;
  const webgpu = { adapter: null, allowSoftware: true, limits: {} };
  const target = nodeTarget({ backend: kernel.backend }, { threads: null, variant: null, webgpu });
  targets.set(kernel.backend, target);
  return target;
}

async function run(mutant: Pick<Mutant, 'kernel' | 'modules'>, setting: Setting): Promise<Outcome> {
  const pool = createHostPool();
  try {
    const contender = { kernel: mutant.kernel, target: await targetOf(mutant) };
    const { workload, full, budgetSeconds } = setting;
    const { measurements } = await caseEnd(
      measureCase(workload, [contender], pool, {
        ...{ data: { kind: 'drawn', seed: 1 }, seed: 1, full, budgetSeconds, samples: full ? 2 : 6, baseline: null },
        ...{ signal: new AbortController().signal, devices: new Map(), firstRound: 0 },
      }),
    );
    const [m] = measurements;
    if (m?.state === 'failed') return { state: 'caught', text: m.message };
    if (m?.state === 'skipped') return { state: 'skipped', text: m.reason };
    return { state: 'survived', text: 'measured' };
  } finally {
    await pool.close();
  }
}

/** What a run's message says in a word. A mutant that is caught in another way, by a crash, is not caught by verification. */
function wordOf({ state, text }: Outcome): string {
  if (state === 'skipped') return 'skipped';
  if (state === 'survived') return 'SURVIVES';
  const rows = /^wrong result: (\d+) of the (\d+) rows/.exec(text);
  if (rows !== null) return `${rows[1]} of ${rows[2]} rows wrong`;
  if (/^wrong result: relative error/.test(text)) return 'oracle';
  const unwritten = /wrote nothing into (\d+) of its (\d+)/.exec(text);
  return unwritten === null ? `FAILS: ${text}` : `${unwritten[1]} of ${unwritten[2]} unwritten`;
}

const chosen = [...scalarMutants(), ...wasmMutants(), ...x64Mutants(), ...wgslMutants()].filter(
  ({ family, fault }) => family.startsWith(options.family ?? '') && fault.includes(options.fault ?? ''),
);
const problems: string[] = [];
const notes = new Set<string>();
const rows: string[][] = [['kernel', 'fault', 'setting', 'found by the run']];

/** Right kernels pass where their mutants must not. */
async function control({ family, right }: Mutant): Promise<void> {
  for (const setting of settingsFor(right)) {
    const outcome = await run({ kernel: right }, setting);
    if (outcome.state === 'caught') problems.push(`${family} itself, ${setting.name}: ${outcome.text}`);
    if (outcome.state === 'skipped') notes.add(`${family} is skipped: ${outcome.text}.`);
    process.stderr.write(
      `${family} itself, ${setting.name}: ${outcome.state === 'survived' ? 'right' : outcome.text}\n`,
    );
  }
}

const controlled = new Set<string>();
for (const mutant of chosen) {
  const { family, fault, kernel, unmet = {} } = mutant;
  if (!controlled.has(family)) await control(mutant);
  controlled.add(family);
  for (const setting of settingsFor(kernel)) {
    const outcome = await run(mutant, setting);
    const word = wordOf(outcome);
    const reason = unmet[setting.name];
    const met = reason === undefined;
    if (outcome.state === 'skipped') notes.add(`${family} is skipped: ${outcome.text}.`);
    if (/^FAILS/.test(word) || (word === 'SURVIVES' && met))
      problems.push(`${family}, ${fault}, ${setting.name}: ${word}`);
    rows.push([family, fault, setting.name, word === 'SURVIVES' && !met ? `not met: ${reason}` : word]);
    process.stderr.write(`${family}, ${fault}, ${setting.name}: ${rows.at(-1)?.[3]}\n`);
  }
}
for (const target of targets.values()) {
  const opened = await target;
  if (opened.state === 'open') await opened.close();
}

process.stdout.write(`${alignColumns(rows).join('\n')}\n`);
const ran = rows.slice(1).filter((row) => row[3] !== 'skipped');
const found = ran.filter((row) => !/^(not met|SURVIVES|FAILS)/.test(row[3] ?? ''));
const kernels = new Set(ran.map(([family, fault]) => `${family} ${fault}`)).size;
const summary = `${kernels} wrong kernels in ${ran.length} runs: ${found.length} found, ${ran.length - found.length - problems.length} that do not meet the fault, ${problems.length} problems.`;
process.stdout.write(`${[summary, ...notes, ...problems].join('\n')}\n`);

/** The line of a family in the document: wrong kernels, runs, found, not met, missed. */
function familyLine(family: string): string {
  const own = ran.filter((row) => row[0] === family);
  const count = (word: RegExp) => own.filter((row) => word.test(row[3] ?? '')).length;
  const [unmet, missed] = [count(/^not met/), count(/^(SURVIVES|FAILS)/)];
  const faults = new Set(own.map(([, fault]) => fault)).size;
  return `| \`${family}\` | ${faults} | ${own.length} | ${own.length - unmet - missed} | ${unmet} | ${missed} |`;
}

if (options.write) {
  // Families that did not run here keep their lines: some need a device with matrices, and there others are slow.
  let text = readFileSync(DOCUMENT, 'utf8');
  for (const family of new Set(ran.map(([name = '']) => name))) {
    const line = new RegExp(`^\\| \`${family}\` \\|.*$`, 'm');
    if (!line.test(text)) throw new Stale(`docs/verification.md has no line for ${family}`);
    text = text.replace(line, familyLine(family));
  }
  writeFileSync(DOCUMENT, text);
}
process.exitCode = problems.length > 0 ? 1 : 0;
