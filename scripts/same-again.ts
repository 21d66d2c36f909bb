/**
 * Runs one command again and again and compares every pair of its runs, as bench compare does: what is called different is a
 * false alarm, since nothing was changed. Exit code 1 above 5 %. `-- --runs N`, then the command after another `--`; without one
 * it is `mha --seq 1k --budget 8 --kernel wasm-flash`. `--folder DIR` keeps the runs, and goes on where some are there.
 */

import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { parseRunFile } from '../src/compare/run-file.ts';
import { compareRuns } from '../src/compare/runs.ts';

const { values: options, positionals } = parseArgs({
  options: { runs: { type: 'string', default: '20' }, folder: { type: 'string' } },
  allowPositionals: true,
});
const command = positionals.length > 0 ? positionals : 'mha --seq 1k --budget 8 --kernel wasm-flash'.split(' ');
const folder = options.folder ?? mkdtempSync(join(tmpdir(), 'same-again-'));
mkdirSync(folder, { recursive: true });
const LAUNCH = fileURLToPath(new URL('../src/cli/launch.js', import.meta.url));

const journals = () => readdirSync(folder).filter((name) => name.endsWith('.jsonl'));
for (let count = journals().length; count < Number(options.runs); count = journals().length) {
  process.stderr.write(`run ${count + 1} of ${options.runs}\n`);
  const args = [LAUNCH, ...command, '--quiet', '--no-chart', '--results', folder];
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  if (status !== 0 || journals().length === count) throw new Error(`the command failed (${status}): ${stderr}`);
}

const runs = journals().map((name) => parseRunFile(readFileSync(join(folder, name), 'utf8'), name, 'avo'));
const verdicts = runs.flatMap((before, index) =>
  runs.slice(index + 1).flatMap((after) => compareRuns(before, after).map(({ verdict }) => verdict)),
);
const different = verdicts.filter((verdict) => verdict === 'faster' || verdict === 'slower').length;
const of = (wanted: string) => verdicts.filter((verdict) => verdict === wanted).length;
const share = (100 * different) / Math.max(1, verdicts.length);
process.stdout.write(
  `${runs.length} runs, ${verdicts.length} pairs of points: ${different} called different (${share.toFixed(1)} %), ` +
    `${of('same')} the same, ${of('unclear')} unclear. Runs: ${folder}\n`,
);
for (const run of runs) {
  const points = run.measurements.flatMap((m) => {
    if (m.state !== 'measured') return [];
    const { median, low, high } = m.tflops;
    const gigaflops = (tflops: number) => (1000 * tflops).toFixed(1);
    const bounds = low === undefined || high === undefined ? '' : ` [${gigaflops(low)}, ${gigaflops(high)}]`;
    const processes = new Set(m.samples.map(({ process }) => process)).size;
    return [`${m.workload.mask} ${gigaflops(median)}${bounds} GFLOPS, ${m.samples.length} in ${processes}`];
  });
  process.stdout.write(`${points.join('; ')}\n`);
}
if (share > 5 || verdicts.length === 0) process.exitCode = 1;
