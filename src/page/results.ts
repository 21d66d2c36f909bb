/** Shows a run: answer, table, notes and charts. Saves it, and turns it into a link. */

import { messageOf, noChartYet, nothingMeasured } from '../messages.ts';
import { timeStamp } from '../record/context.ts';
import type { RunDocument } from '../record/measurement.ts';
import { citedText } from '../report/cited-figures.ts';
import { answer } from '../report/finding.ts';
import { toCells } from '../report/result-columns.ts';
import { toRows } from '../report/result-rows.ts';
import { drawCharts, figurePng, onRedraw } from './charts.ts';
import { byId, lines, saveFile, table, tell } from './dom.ts';
import { toFragment } from './link.ts';

let shown: RunDocument | undefined;

/** The run that is on the page. */
export const shownRun = (): RunDocument | undefined => shown;

/** Puts a run on the page. Charts are drawn only once the run is `whole`. */
export async function showRun(run: RunDocument, whole: boolean): Promise<void> {
  shown = run;
  byId('results', HTMLElement).hidden = false;
  tell('answer', answer(run, nothingMeasured.nextStepOnPage));
  tell('saved', '');
  const rows = toRows(run);
  const { header, body } = toCells(rows);
  byId('table', HTMLElement).replaceChildren(...(body.length > 0 ? [table([header, ...body])] : []));
  const cited = citedText(run);
  byId('notes', HTMLElement).replaceChildren(
    ...lines([
      rows.title,
      ...rows.ratios,
      ...rows.notes.map(([key, text]) => `${key}: ${text}`),
      ...rows.without,
      ...(cited === '' ? [] : [cited]),
    ]),
  );
  if (whole) await drawCharts(run, byId('charts', HTMLElement));
}

/** A file name for the run, without an extension. */
function fileName(run: RunDocument): string {
  const [command = 'run'] = run.context.argv;
  return `attnbench-${command}-${timeStamp(run.context.startedAt)}`;
}

/** Connects the buttons that save and share. */
export function setUpSaving(): void {
  const withRun = (action: (run: RunDocument) => Promise<string>) => async () => {
    if (shown === undefined) return;
    try {
      tell('saved', await action(shown));
    } catch (error) {
      tell('saved', messageOf(error));
    }
  };
  const on = (id: string, action: (run: RunDocument) => Promise<string>) =>
    byId(id, HTMLButtonElement).addEventListener('click', withRun(action));
  on('save-json', async (run) => {
    saveFile(`${fileName(run)}.json`, new Blob([`${JSON.stringify(run, null, 2)}\n`], { type: 'application/json' }));
    return 'The run is saved; bench report and this page read it.';
  });
  on('save-png', async (run) => {
    const png = await figurePng();
    if (png === undefined) return noChartYet;
    saveFile(`${fileName(run)}.png`, png);
    return 'The chart is saved.';
  });
  on('share', async (run) => {
    const url = new URL(location.href);
    url.hash = await toFragment(JSON.stringify(run));
    history.replaceState(null, '', url);
    const size = `${Math.round(url.href.length / 1000)} kB, the whole run inside it`;
    try {
      await navigator.clipboard.writeText(url.href);
      return `The link is copied (${size}).`;
    } catch {
      // The address bar has the link even if the clipboard is not allowed.
      return `The link is in the address bar (${size}).`;
    }
  });
  onRedraw(() => {
    if (shown !== undefined) void drawCharts(shown, byId('charts', HTMLElement));
  });
}
