/** The work of bench report: reads runs, draws their charts, writes the file. */

import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { allCharts } from '../../chart/all.ts';
import { librarySources, renderSvg, writeChart } from '../../chart/render.ts';
import type { MemoryLimit } from '../../chart/roofline-plot.ts';
import { themeConfig } from '../../chart/theme.ts';
import type { PublishedSet } from '../../compare/published-figures.ts';
import { parseRunFile } from '../../compare/run-file.ts';
import { parseSearch, type Search } from '../../measure/search.ts';
import { noRuns, reportedWithout, UsageError } from '../../messages.ts';
import { checkWritable, orUnreadable, readText, writeInto } from '../../record/files.ts';
import type { RunDocument } from '../../record/measurement.ts';
import { answer } from '../../report/finding.ts';
import { type PageRun, reportHtml } from '../../report/html.ts';
import { reportMarkdown } from '../../report/markdown.ts';
import { sections } from '../../report/sections.ts';
import { runPath } from '../run-names.ts';
import { openFile } from '../terminal/open-file.ts';

/** What bench report was asked for. */
interface ReportOptions {
  format: 'html' | 'markdown';
  published: PublishedSet;
  results: string;
  output: string | null;
}

/** Writes the report, says where it is, and shows it where that is asked for; the exit code. */
export async function report(files: readonly string[], options: ReportOptions & { open: boolean }): Promise<number> {
  const path = await writeReport(files, options);
  process.stderr.write(`Report: ${path}\n`);
  if (options.open) openFile(path);
  return 0;
}

/** Writes the report and returns its path. */
async function writeReport(files: readonly string[], options: ReportOptions): Promise<string> {
  const paths =
    files.length > 0
      ? files.map((name) => runPath(name, options.results))
      : [newest(options.results, /^(?!ceilings-).*\.jsonl$/) ?? missing(options.results)];
  const runs = paths.map((path) => ({
    name: basename(path).replace(/\.jsonl?$/, ''),
    run: parseRunFile(readText(path), path, options.published),
  }));
  const first = paths[0] as string;
  const extension = options.format === 'html' ? '.html' : '.md';
  const output = options.output ?? join(dirname(first), `${runs[0]?.name}${extension}`);
  checkWritable(output);
  const memory = memoryLimits(dirname(first));
  const tuning = newest(dirname(first), /^tune-.*\.json$/);
  const search = tuning === null ? null : readBeside(tuning, parseSearch, 'a search of bench tune');
  const text =
    options.format === 'html'
      ? await html(runs, options.published, memory, search)
      : await markdown(runs, options.published, memory, search, output);
  writeInto(output, text);
  return output;
}

/** What is read of a record of bench ceilings. */
const ceilingsSchema = z.object({
  ceilings: z.array(z.object({ quantity: z.string(), device: z.string(), rate: z.number().positive() })),
});

/** What a JSON file beside the run holds. A run can be reported without it: null, and a line that says why, if it is unusable. */
function readBeside<T>(path: string, parse: (value: unknown) => T | null, what: string): T | null {
  const without = (why: string) => {
    process.stderr.write(`${reportedWithout(path, why)}\n`);
    return null;
  };
  let value: unknown;
  try {
    value = JSON.parse(readText(path));
  } catch (error) {
    return without(error instanceof SyntaxError ? 'is not JSON' : 'cannot be read');
  }
  return parse(value) ?? without(`is not ${what}`);
}

interface NamedRun {
  name: string;
  run: RunDocument;
}

async function html(
  runs: readonly NamedRun[],
  set: PublishedSet,
  memory: readonly MemoryLimit[],
  search: Search | null,
): Promise<string> {
  const pages: PageRun[] = [];
  for (const { name, run } of runs) {
    const charts = [];
    for (const chart of allCharts(run, set, memory, search)) {
      const wide = chart.draw('wide');
      charts.push({ name: chart.name, wide, narrow: chart.draw('narrow'), svg: await renderSvg(wide) });
    }
    pages.push({ name, answer: answer(run), charts, sections: sections(run) });
  }
  const themes = { light: themeConfig('light'), dark: themeConfig('dark') };
  return reportHtml(pages, { scripts: librarySources(), themes });
}

/** Pictures go beside the text, named after it. */
async function markdown(
  runs: readonly NamedRun[],
  set: PublishedSet,
  memory: readonly MemoryLimit[],
  search: Search | null,
  output: string,
): Promise<string> {
  const parts: string[] = [];
  for (const { name, run } of runs) {
    const pictures: { name: string; file: string }[] = [];
    for (const chart of allCharts(run, set, memory, search)) {
      const file = `${basename(output).replace(/\.md$/, '')}${runs.length > 1 ? `-${name}` : ''}-${chart.name}.png`;
      await writeChart(chart.draw('wide'), join(dirname(output), file));
      pictures.push({ name: chart.name, file });
    }
    parts.push(reportMarkdown({ name, answer: answer(run), pictures, sections: sections(run) }));
  }
  return parts.join('\n');
}

/** The newest file of a folder whose name fits; null where there is none. */
function newest(folder: string, pattern: RegExp): string | null {
  if (!existsSync(folder)) return null;
  const names = orUnreadable(folder, () => readdirSync(folder)).filter((name) => pattern.test(name));
  const dated = names.map((name) => ({ path: join(folder, name), time: statSync(join(folder, name)).mtimeMs }));
  return dated.sort((a, b) => b.time - a.time)[0]?.path ?? null;
}

function missing(folder: string): never {
  throw new UsageError(noRuns(folder));
}

/** Memory bandwidth of each device as the newest record of bench ceilings in the folder of the run has it; none without one. */
function memoryLimits(folder: string): MemoryLimit[] {
  const path = newest(folder, /^ceilings-.*\.json$/);
  if (path === null) return [];
  const record = readBeside(
    path,
    (value) => ceilingsSchema.safeParse(value).data ?? null,
    'a record of bench ceilings',
  );
  const best = new Map<string, number>();
  for (const { quantity, device, rate } of record?.ceilings ?? []) {
    if (quantity === 'memory-read') best.set(device, Math.max(best.get(device) ?? 0, rate));
  }
  return [...best].map(([device, bytesPerSecond]) => ({ device, bytesPerSecond }));
}
