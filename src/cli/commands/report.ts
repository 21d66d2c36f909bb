/** bench report: runs as one HTML file or as Markdown with pictures. */

import type { Command } from 'commander';
import type { Finish } from '../finish.ts';
import { choose } from '../nearest.ts';

export function addReportCommand(program: Command, finish: Finish): void {
  program
    .command('report')
    .argument('[runs...]', 'journals or JSON documents of runs (default: the newest in --results)')
    .description('explain a run in one HTML file that needs no network: the answer, charts, tables, sources')
    .option('--format <name>', 'html, or markdown with PNG files beside it', 'html')
    .option('--output <file>', 'where it goes (default: beside the first run)')
    .option('--published <set>', 'avo: figures of the AVO paper; all: those of other sources too', 'avo')
    .option('--results <folder>', 'where runs are looked for', 'results/runs')
    .option('--open', 'show it in the browser', false)
    .action(async (runs: string[], raw) => {
      const format = choose('--format', raw.format, ['html', 'markdown'] as const);
      const published = choose('--published', raw.published, ['avo', 'all'] as const);
      const { writeReport } = await import('../actions/report.ts');
      const path = await writeReport(runs, { format, published, results: raw.results, output: raw.output ?? null });
      process.stderr.write(`Report: ${path}\n`);
      if (raw.open) {
        const { openFile } = await import('../open-file.ts');
        openFile(path);
      }
      finish(0);
    });
}
