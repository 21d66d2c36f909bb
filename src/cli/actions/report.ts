/** The work of bench report: reads runs, draws their charts, writes the file. */

import { basename, dirname, join } from 'node:path';
import type { TopLevelSpec } from 'vega-lite';
import { z } from 'zod';
import { allCharts, type NamedChart } from '../../chart/all.ts';
import { librarySources } from '../../chart/chart-page.ts';
import { sentenceOf } from '../../chart/frame.ts';
import { pngWriter, renderSvg, writeChart } from '../../chart/render.ts';
import type { MemoryLimit } from '../../chart/roofline-plot.ts';
import { themeConfig } from '../../chart/theme.ts';
import type { PublishedSet } from '../../compare/published-figures.ts';
import { parseRunFile } from '../../compare/run-file.ts';
import { parseSearch, type Search } from '../../measure/search-record.ts';
import { messageOf, noRunAmong, notDrawn, UsageError } from '../../messages.ts';
import { checkWritable, newestFiles, readText, writeInto } from '../../record/files.ts';
import type { RunDocument } from '../../record/measurement.ts';
import { plainJson } from '../../record/plain-json.ts';
import { positive } from '../../record/workload-schema.ts';
import { answer } from '../../report/finding.ts';
import { type PageRun, reportHtml } from '../../report/html.ts';
import { reportMarkdown } from '../../report/markdown.ts';
import { claimsSection, sections } from '../../report/sections.ts';
import { runPath } from '../run-names.ts';
import { openFile } from '../terminal/open-file.ts';
import { sayFile, sayLine } from '../terminal/output.ts';

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
  sayFile('Report:', path);
  if (options.open) openFile(path);
  return 0;
}

/** Writes the report and returns its path. */
async function writeReport(files: readonly string[], options: ReportOptions): Promise<string> {
  if (options.format === 'markdown') await pngWriter('HTML works: --format html');
  const { runs, beside } = await readRecords(files, options);
  const [{ path: first, name }] = runs;
  const extension = options.format === 'html' ? '.html' : '.md';
  const output = options.output ?? join(dirname(first), `${name}${extension}`);
  checkWritable(output);
  const drawn = [];
  for (const { name: own, run } of runs) {
    const charts = allCharts(run, options.published, beside.memory, beside.search).flatMap((chart) => {
      const wide = chart.draw('wide');
      return sentenceOf(wide) === null ? [{ ...chart, wide }] : [];
    });
    drawn.push({ name: own, run, charts });
  }
  writeInto(output, options.format === 'html' ? await html(drawn) : await markdown(drawn, output));
  return output;
}

/** What stands beside runs: limits of memory from bench ceilings, a search of bench tune. */
interface Beside {
  memory: readonly MemoryLimit[];
  search: Search | null;
}

interface NamedRun {
  path: string;
  name: string;
  run: RunDocument;
}

/**
 * The runs that the files are, the newest one of the results where none is named; and what stands beside them, of the files or
 * else of the first run's folder, the newest first. Files are told by what is in them, whatever they are called.
 */
async function readRecords(
  files: readonly string[],
  { results, published }: ReportOptions,
): Promise<{ runs: [NamedRun, ...NamedRun[]]; beside: Beside }> {
  const paths = (files.length > 0 ? files : ['last']).map((file) => runPath(file, results));
  const companions = paths.map(companionOf);
  const runs = paths.flatMap((path, index): NamedRun[] => {
    if (companions[index] !== null) return [];
    const run = parseRunFile(readText(path), path, published, sayLine);
    return [{ path, name: basename(path).replace(/\.jsonl?$/, ''), run }];
  });
  const [first, ...others] = runs;
  if (first === undefined) throw new UsageError(noRunAmong(paths[0] ?? ''));
  const found = [...companions, ...jsonFiles(dirname(first.path)).map(companionOrNone)];
  const beside = {
    memory: found.find((item) => item?.memory !== undefined)?.memory ?? [],
    search: found.find((item) => item?.search !== undefined)?.search ?? null,
  };
  return { runs: [first, ...others], beside };
}

/** What is read of a record of bench ceilings. */
const ceilingsSchema = z.object({
  ceilings: z.array(z.object({ quantity: z.string(), device: z.string(), rate: positive })),
});

/** The search or the limits in a file; null where it holds neither. */
function companionOf(path: string): { memory?: readonly MemoryLimit[]; search?: Search } | null {
  const value = jsonIn(readText(path));
  const search = parseSearch(value);
  if (search !== null) return { search };
  const record = ceilingsSchema.safeParse(value).data;
  return record === undefined ? null : { memory: memoryLimits(record.ceilings) };
}

/** The same for a file that nobody named: what cannot be read beside a run is no reason to refuse the run. */
function companionOrNone(path: string): ReturnType<typeof companionOf> {
  try {
    return companionOf(path);
  } catch (error) {
    if (error instanceof UsageError) return null;
    throw error;
  }
}

/** The value of a text that is one of JSON; undefined where it is none, as a journal of several lines is. */
function jsonIn(text: string): unknown {
  try {
    return plainJson(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** The .json files of a folder, the newest first. */
const jsonFiles = (folder: string): string[] =>
  newestFiles(folder, (name) => name.endsWith('.json')).map(({ path }) => path);

/** Memory bandwidth of each device, the highest of the record. */
function memoryLimits(ceilings: z.infer<typeof ceilingsSchema>['ceilings']): MemoryLimit[] {
  const best = new Map<string, number>();
  for (const { quantity, device, rate } of ceilings) {
    if (quantity === 'memory-read') best.set(device, Math.max(best.get(device) ?? 0, rate));
  }
  return [...best].map(([device, bytesPerSecond]) => ({ device, bytesPerSecond }));
}

/** A run with those of its charts that have something to draw. */
interface DrawnRun {
  name: string;
  run: RunDocument;
  charts: readonly (NamedChart & { wide: TopLevelSpec })[];
}

async function html(runs: readonly DrawnRun[]): Promise<string> {
  const pages: PageRun[] = [];
  for (const { name, run, charts } of runs) {
    const drawn = [];
    for (const { wide, ...chart } of charts) {
      const { name: own, heading } = chart;
      const svg = await drawnOrNull(own, () => renderSvg(wide));
      if (svg !== null) drawn.push({ name: own, heading, wide, narrow: chart.draw('narrow'), svg });
    }
    pages.push({ name, answer: answer(run), charts: drawn, sections: sections(run) });
  }
  const themes = { light: themeConfig('light'), dark: themeConfig('dark') };
  return reportHtml(pages, { closing: [claimsSection()], scripts: librarySources(), themes });
}

/** What is drawn; null where that fails, which a line says: one chart loses no other. A file that cannot be written is another matter. */
async function drawnOrNull(chart: string, draw: () => Promise<string>): Promise<string | null> {
  try {
    return await draw();
  } catch (error) {
    if (error instanceof UsageError) throw error;
    sayLine(notDrawn(`the chart '${chart}'`, messageOf(error)));
    return null;
  }
}

/** Pictures go beside the text, named after it. */
async function markdown(runs: readonly DrawnRun[], output: string): Promise<string> {
  const parts: string[] = [];
  for (const { name, run, charts } of runs) {
    const pictures: { heading: string; file: string }[] = [];
    for (const { name: own, heading, wide } of charts) {
      const file = `${basename(output).replace(/\.md$/, '')}${runs.length > 1 ? `-${name}` : ''}-${own}.png`;
      const path = join(dirname(output), file);
      const written = await drawnOrNull(own, async () => {
        await writeChart(wide, path);
        return path;
      });
      if (written !== null) pictures.push({ heading, file });
    }
    const own = [...sections(run), ...(run === runs.at(-1)?.run ? [claimsSection()] : [])];
    parts.push(reportMarkdown({ name, answer: answer(run), pictures, sections: own }));
  }
  return parts.join('\n');
}
