/**
 * Runs wrong kernels through the loop that users' runs go through, and says which the run itself finds. Exit code 1 where one
 * that meets its fault is measured as if it were right, where a right kernel fails, or where the text that a mutant edits is
 * not there any more. `-- --family NAME`, `--fault TEXT`; `--write` puts the table into docs/verification.md.
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

const { values: options } = parseArgs({
  options: {
    family: { type: 'string' },
    fault: { type: 'string' },
    write: { type: 'boolean', default: false },
  },
});
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

const chosen = [...scalarMutants(), ...wasmMutants(), ...wgslMutants()].filter(
  ({ family, fault }) => family === (options.family ?? family) && fault.includes(options.fault ?? ''),
);
const problems: string[] = [];
const notes = new Set<string>();
const rows: string[][] = [['kernel', 'fault', 'setting', 'found by the run']];

/** Right kernels pass where their mutants must not. */
async function control(mutant: Mutant): Promise<void> {
  const { kernel } = mutant;
  const right = { ...kernel, build: originals.get(kernel.name)?.build ?? kernel.build };
  for (const setting of settingsOf(kernel)) {
    const outcome = await run({ kernel: right }, setting);
    if (outcome.state === 'caught') problems.push(`${kernel.name} itself, ${setting.name}: ${outcome.text}`);
    if (outcome.state === 'skipped') notes.add(`${kernel.name} is skipped: ${outcome.text}.`);
    process.stderr.write(
      `${kernel.name} itself, ${setting.name}: ${outcome.state === 'caught' ? outcome.text : 'right'}\n`,
    );
  }
}

const { KERNELS, EXPERIMENTAL } = await import('../kernels/index.ts');
const originals = new Map([...KERNELS, ...EXPERIMENTAL].map((kernel) => [kernel.name, kernel]));
const controlled = new Set<string>();
for (const mutant of chosen) {
  const { family, fault, kernel, unmet = {} } = mutant;
  if (!controlled.has(family)) await control(mutant);
  controlled.add(family);
  for (const setting of settingsOf(kernel)) {
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

if (options.write) {
  const begin = '<!-- npm run mutants -- --write: -->\n';
  const end = '<!-- until here -->';
  const text = readFileSync(DOCUMENT, 'utf8');
  const [before, rest] = text.split(begin);
  const after = rest?.split(end)[1];
  if (before === undefined || after === undefined) throw new Stale('docs/verification.md has no place for the table');
  const lines = [rows[0] ?? [], ['---', '---', '---', '---'], ...rows.slice(1)].map((row) => `| ${row.join(' | ')} |`);
  writeFileSync(DOCUMENT, `${before}${begin}\n${summary}\n\n${lines.join('\n')}\n\n${end}${after}`);
}
process.exitCode = problems.length > 0 ? 1 : 0;
