/**
 * Puts every WGSL text of the kernels to the compilers of two engines, Tint (Chromium, Node) and naga (Firefox), and runs the
 * kernels on SwiftShader and on the adapter that VK_ICD_FILENAMES names. Prints a table and each refusal; exit code 1 where a text
 * was refused for another reason than a known lack of the engine, or a result was wrong.
 */

import { parseArgs } from 'node:util';
import { swiftshader } from '../src/host/node/development.ts';
import { messageOf } from '../src/messages.ts';
import { alignColumns } from '../src/report/columns.ts';
import { compileWithNaga, compileWithTint, findDeno, nagaLacks, seldom } from './engines/compilers.ts';
import { type AdapterResult, runMatrix } from './engines/run-matrix.ts';
import { type Variant, variants, WGSL_KERNELS } from './engines/variants.ts';

const { values: options } = parseArgs({
  options: {
    kernel: { type: 'string' },
    'head-dim': { type: 'string' },
    'no-run': { type: 'boolean', default: false },
  },
});

const refusals: string[] = [];
const notes: string[] = [];

/** By text: accepted, refused, or the feature that the engine lacks for it. */
type Verdict = 'accepted' | 'refused' | `need ${string}`;

function verdicts(
  engine: string,
  texts: readonly Variant[],
  messages: readonly (string | null)[],
  lackOf: (code: string) => string | undefined,
): Verdict[] {
  return texts.map(({ kernel, from, code }, index): Verdict => {
    const message = messages[index];
    if (message === null) return 'accepted';
    const lack = lackOf(code);
    if (lack !== undefined) return `need ${lack}`;
    refusals.push(
      `${engine} refuses ${kernel}, ${from}:\n    ${String(message).trim().split('\n').slice(0, 4).join('\n    ')}`,
    );
    return 'refused';
  });
}

/** "120, 40 need f16": the texts of a kernel that an engine takes, and why not the others. */
function summary(texts: readonly Variant[], kernel: string, found: readonly Verdict[] | null): string {
  if (found === null) return 'not installed';
  const own = found.filter((_, index) => texts[index]?.kernel === kernel);
  const count = (verdict: Verdict) => own.filter((item) => item === verdict).length;
  const others = [...new Set(own)].filter((verdict) => verdict !== 'accepted');
  return [`${count('accepted')}`, ...others.map((verdict) => `${count(verdict)} ${verdict}`)].join(', ');
}

/** A line a minute: how far a compiler is. */
const told = (engine: string, texts: readonly Variant[]) =>
  seldom((compiled) => process.stderr.write(`  ${engine}: ${compiled} of ${texts.length}\n`));

async function nagaVerdicts(texts: readonly Variant[], env: Record<string, string>): Promise<Verdict[] | null> {
  const deno = findDeno();
  if (deno === undefined) {
    notes.push('naga is left out: npm run engines:naga installs it (Deno, 90 MB).');
    return null;
  }
  const { adapter, features, messages } = await compileWithNaga(
    deno,
    env,
    texts.map(({ code }) => code),
    told('naga', texts),
  );
  notes.push(`naga ran on ${adapter}.`);
  return verdicts('naga', texts, messages, (code) => nagaLacks(code, features));
}

/** SwiftShader, and the adapter that VK_ICD_FILENAMES names; one that cannot be opened is noted. */
async function adapterResults(software: Record<string, string> | undefined): Promise<AdapterResult[]> {
  const kernels = WGSL_KERNELS.filter(
    ({ name, ablation }) => options.kernel?.split(',').includes(name) ?? ablation === undefined,
  );
  if (software === undefined)
    notes.push('SwiftShader is left out: it is for Linux on x64, from the development install.');
  const named = process.env['VK_ICD_FILENAMES'] === undefined ? [] : [{}];
  const results: AdapterResult[] = [];
  for (const env of [...(software === undefined ? [] : [software]), ...named]) {
    try {
      const result = await runMatrix(kernels, env);
      results.push(result);
      for (const [kernel, { failures, reason }] of result.kernels) {
        if (reason !== undefined) notes.push(`${kernel} on ${result.adapter} skips some: ${reason}`);
        refusals.push(...failures.map((failure) => `${kernel} on ${result.adapter}, ${failure}`));
      }
    } catch (error) {
      notes.push(`An adapter is left out: ${messageOf(error)}`);
    }
  }
  return results;
}

function ranText({ kernels }: AdapterResult, kernel: string): string {
  const result = kernels.get(kernel);
  if (result === undefined) return '-';
  const { right, skipped, failures } = result;
  if (right + failures.length === 0) return 'cannot run there';
  return [
    `${right} right`,
    ...(skipped > 0 ? [`${skipped} skipped`] : []),
    ...(failures.length > 0 ? [`${failures.length} wrong`] : []),
  ].join(', ');
}

const texts = variants(options.kernel?.split(',') ?? null, options['head-dim']?.split(','));
process.stderr.write(`${texts.length} texts\n`);
const software = await swiftshader();
const tint = await compileWithTint(
  texts.map(({ code }) => code),
  told('Tint', texts),
);
const byTint = verdicts('Tint', texts, tint.messages, () => undefined);
const byNaga = await nagaVerdicts(texts, process.env['VK_ICD_FILENAMES'] === undefined ? (software ?? {}) : {});
const adapters = options['no-run'] ? [] : await adapterResults(software);

const names = [...new Set(texts.map(({ kernel }) => kernel))];
const header = ['kernel', 'texts', 'Tint', 'naga', ...adapters.map(({ adapter }) => adapter.replace(/ \(.*/, ''))];
const body = names.map((kernel) => [
  kernel,
  String(texts.filter((item) => item.kernel === kernel).length),
  summary(texts, kernel, byTint),
  summary(texts, kernel, byNaga),
  ...adapters.map((result) => ranText(result, kernel)),
]);
process.stdout.write(`${alignColumns([header, ...body]).join('\n')}\n\n`);
for (const line of [...notes, ...refusals.slice(0, 50)]) process.stdout.write(`${line}\n`);
if (refusals.length > 50) process.stdout.write(`and ${refusals.length - 50} more\n`);
process.exitCode = refusals.length === 0 ? 0 : 1;
