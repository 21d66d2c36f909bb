/** The work of bench bringup: the steps as they happen, and two files that are rewritten before anything new is shown. */

import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EXPERIMENTAL, findKernel, KERNELS } from '../../../kernels/index.ts';
import type { Kernel } from '../../../kernels/kernel.ts';
import { formatDuration } from '../../format.ts';
import { nodeTarget } from '../../host/node/targets.ts';
import { type Bringup, hasFailures } from '../../measure/bringup/outcome.ts';
import { STEPS, type StepName } from '../../measure/bringup/plan.ts';
import { bringUp } from '../../measure/bringup/run.ts';
import { bringupTexts, notWgsl, UsageError } from '../../messages.ts';
import { shortArgv, timeStamp, withoutPaths } from '../../record/context.ts';
import { checkFolder, makeFolders } from '../../record/files.ts';
import { bringupMarkdown, remarkOf } from '../../report/bringup-markdown.ts';
import { commandLine } from '../command-line.ts';
import { lookAtLoad } from '../machine-load.ts';
import { stopOnInterrupt } from '../terminal/interrupt.ts';
import { sayFile } from '../terminal/output.ts';
import { createProgress } from '../terminal/progress.ts';
import { versions } from '../versions.ts';

/** What bench bringup was asked for. */
export interface BringupOptions {
  kernel: readonly string[] | null;
  adapter: string | null;
  allowSoftware: boolean;
  limits: Record<string, number>;
  quick: boolean;
  budget: number | null;
  headDim: readonly number[] | null;
  steps: readonly StepName[] | null;
  format: 'markdown' | 'json';
  output: string;
  quiet: boolean;
}

/** Brings the device up and prints what was found; 1 where something failed or is wrong, 130 where it was interrupted. */
export async function bringUpDevice(options: BringupOptions): Promise<number> {
  const { adapter, allowSoftware, limits, quick, budget: budgetSeconds, headDim: headDims, steps, output } = options;
  const kernels = kernelsOf(options.kernel);
  checkFolder(output);
  const progress = createProgress(options.quiet);
  const stopping = stopOnInterrupt(progress);
  const about = { startedAt: new Date().toISOString(), argv: shortArgv(commandLine()), versions: versions() };
  const base = join(output, `bringup-${timeStamp(about.startedAt)}`);
  const paths = { markdown: `${base}.md`, json: `${base}.json` };
  let last: Bringup | undefined;
  try {
    const { warning } = await lookAtLoad();
    if (warning !== null) progress.say(warning);
    const events = bringUp({
      ...{ plan: { steps, quick, budgetSeconds, headDims }, kernels, about, signal: stopping.signal },
      open: (engine, settings) =>
        nodeTarget(engine, { threads: null, variant: null, webgpu: { adapter, allowSoftware, limits, settings } }),
    });
    for await (const event of events) {
      if (event.kind === 'progress') progress.update(event.share, event.message);
      if (event.kind === 'notice') progress.say(event.text);
      if (event.kind === 'kept') {
        last = publicOf(event.found);
        keep(last, paths);
      }
      if (event.kind === 'step-ended') {
        const { outcome } = event;
        const number = STEPS.findIndex(({ name }) => name === outcome.step);
        const { title } = STEPS[number] as (typeof STEPS)[number];
        const time = formatDuration(outcome.seconds);
        const how =
          outcome.state === 'done' ? bringupTexts.stepDone(time, outcome.note) : (remarkOf(outcome) ?? outcome.state);
        progress.say(`${number + 1}/${STEPS.length} ${title}: ${how}`);
      }
    }
  } finally {
    progress.stop();
    stopping.dispose();
  }
  if (last === undefined) throw new Error('bench bringup had no events');
  process.stdout.write(options.format === 'json' ? `${JSON.stringify(last, null, 2)}\n` : bringupMarkdown(last));
  sayFile('Markdown:', paths.markdown);
  sayFile('Record:  ', paths.json);
  if (last.cancelled) return 130;
  return hasFailures(last) ? 1 : 0;
}

/** The kernels by name, or all that run through WebGPU and are ours. Throws UsageError for one of another backend. */
function kernelsOf(names: readonly string[] | null): Kernel[] {
  const ours = [...KERNELS, ...EXPERIMENTAL].filter(
    ({ backend, library }) => backend === 'webgpu' && library === undefined,
  );
  const kernels = names?.map(findKernel) ?? ours;
  const other = kernels.find(({ backend, library }) => backend !== 'webgpu' || library !== undefined);
  if (other !== undefined) throw new UsageError(notWgsl(other.name));
  return kernels;
}

/** The document without what could tell of the machine: drivers name files in what they say. */
function publicOf(found: Bringup): Bringup {
  const text = JSON.stringify(found, (_, value: unknown) => (typeof value === 'string' ? withoutPaths(value) : value));
  return JSON.parse(text) as Bringup;
}

/** Puts the document on disk; each file is replaced whole, so that it is whole at every moment. */
function keep(found: Bringup, { markdown, json }: { markdown: string; json: string }): void {
  makeFolders(join(json, '..'));
  for (const [path, text] of [
    [json, `${JSON.stringify(found)}\n`],
    [markdown, bringupMarkdown(found)],
  ] as const) {
    writeFileSync(`${path}.new`, text);
    renameSync(`${path}.new`, path);
  }
}
