/** What bench does without a word: what is here, a short measurement of it, and what to try next. */

import { doctorSays, tourSays } from '../../messages.ts';
import { formatColumns } from '../../report/columns.ts';
import { type Check, ok, warning } from '../doctor/check.ts';
import { printText } from '../terminal/output.ts';
import { type Diagnosis, examine, formatChecks, formatDiagnosis } from './doctor.ts';

/** The shortest length of the AVO paper's figure, the full mask: its published figure is of exactly this workload. */
const WORKLOAD = ['--seq', '4k', '--causal', 'false'];
/** Seconds of measuring; looking around and starting take as long. */
const BUDGET_SECONDS = 5;
/** The kernel of each backend that is measured. */
const KERNELS = {
  webgpu: 'wgsl-flash',
  native: 'x64-flash',
  wasm: 'wasm-flash',
  scalar: 'scalar-flash',
} as const;

/** What to try next, with what comes of it. */
export const NEXT: readonly (readonly [command: string, what: string])[] = [
  ['bench mha --seq 32k', 'the longest published length, in less than a minute'],
  ['bench report', 'the run above as a page, with charts and sources'],
  ['bench model b200', 'why a B200 reaches 1668 TFLOPS'],
];

/** Shows the tour; `run` runs a command by its words. The exit code is that of the measurement, 1 where nothing can be measured. */
export async function showTour(run: (words: readonly string[]) => Promise<number>): Promise<number> {
  printText(`${tourSays.begin}\n\n`);
  const diagnosis = await examine(null);
  if (diagnosis.backends.length === 0) {
    printText(formatDiagnosis(diagnosis));
    return 1;
  }
  printText(formatChecks(essentials(diagnosis)));
  const words = tourWords(diagnosis.backends);
  printText(`\n${tourSays.command(words)}\n\n`);
  const exitCode = await run(words);
  if (exitCode === 0) printText(`\n${tourSays.next}\n${nextSteps()}`);
  return exitCode;
}

/** The command that measures what is here. */
function tourWords(backends: Diagnosis['backends']): string[] {
  const kernels = backends.map((backend) => KERNELS[backend]).join(',');
  return ['mha', ...WORKLOAD, '--kernel', kernels, '--budget', String(BUDGET_SECONDS)];
}

/** The CPU's kernels, the GPU, and how many of the other checks found something. */
function essentials({ checks }: Diagnosis): Check[] {
  const named = (name: string) => checks.filter((check) => check.name === name);
  // Without Dawn nothing is known of adapters.
  const [gpu = []] = [named('GPU adapter'), named('WebGPU')].filter(({ length }) => length > 0);
  const main = [...named('Machine code'), ...named('WebAssembly'), ...gpu];
  const others = checks.filter((check) => !main.includes(check));
  const warnings = others.filter(({ state }) => state !== 'ok').length;
  const text = doctorSays.others(warnings, others.length);
  return [...main, warnings === 0 ? ok('Others', text) : warning('Others', text, 'bench doctor lists them')];
}

const nextSteps = () =>
  formatColumns(
    ['', ''],
    NEXT.map((step) => [...step]),
    80,
  )
    .split('\n')
    .slice(1)
    .map((line) => (line === '' ? line : `  ${line}`))
    .join('\n');
