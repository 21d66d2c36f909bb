/** Opens runs from files, from the link and from the server. The first is shown; the next is compared with it. */

import { parseRunFile } from '../compare/run-file.ts';
import { compareRuns, contextDifferences } from '../compare/runs.ts';
import { brokenLink, messageOf, runNotKept } from '../messages.ts';
import type { RunDocument } from '../record/measurement.ts';
import { differenceCells, verdictText } from '../report/differences-text.ts';
import { byId, element, lines, table, tell } from './dom.ts';
import { fromFragment } from './link.ts';
import { shownRun, showRun } from './results.ts';

const say = (text: string) => tell('opened', text);

/** Opens the text of a run: shows it, or compares it with the run that is already shown. */
async function openText(text: string, name: string): Promise<void> {
  let run: RunDocument;
  let notice = '';
  try {
    run = parseRunFile(text, name, 'avo', (line) => {
      notice = ` ${line}`;
    });
  } catch (error) {
    say(messageOf(error));
    return;
  }
  const current = shownRun();
  if (current === undefined) {
    await showRun(run, true);
    say(`${name} is shown above.${notice}`);
    return;
  }
  const differences = compareRuns(run, current);
  const environment = contextDifferences(run.context, current.context);
  const { common, cells, notes } = differenceCells(differences);
  byId('comparison', HTMLElement).replaceChildren(
    ...(differences.length === 0 ? [] : [table(cells), element('ul', lines([common, ...notes, ...environment]))]),
  );
  say(
    differences.length === 0
      ? `${name} and the run above have no kernel and workload in common.`
      : verdictText(differences, environment, [name, 'the run above']),
  );
}

/** Sets up opening by drop, by choice and by link, and lists the server's runs. */
export async function setUpOpening(): Promise<void> {
  const { body } = document;
  const openFiles = async (files: Iterable<File>) => {
    try {
      for (const file of files) await openText(await file.text(), file.name);
    } catch (error) {
      say(messageOf(error));
    }
  };
  addEventListener('dragover', (event) => {
    event.preventDefault();
    body.classList.add('dropping');
  });
  addEventListener('dragleave', () => body.classList.remove('dropping'));
  addEventListener('drop', (event) => {
    event.preventDefault();
    body.classList.remove('dropping');
    void openFiles(event.dataTransfer?.files ?? []);
  });
  const input = byId('file', HTMLInputElement);
  input.addEventListener('change', () => {
    void openFiles(input.files ?? []).then(() => {
      input.value = '';
    });
  });
  const openLink = async () => {
    try {
      const text = await fromFragment(location.hash);
      if (text !== null) await openText(text, 'the run in the link');
    } catch {
      say(brokenLink);
    }
  };
  addEventListener('hashchange', () => void openLink());
  await openLink();
  await listRuns();
}

/** Whether the server keeps runs; listRuns finds out. */
let keeps = false;

/** Lists the runs of bench serve; a static host has none. */
async function listRuns(): Promise<void> {
  const response = await fetch('./api/runs').catch(() => undefined);
  if (response?.ok !== true || response.headers.get('content-type') !== 'application/json') return;
  keeps = true;
  const runs = (await response.json()) as { name: string; modified: string }[];
  byId('runs', HTMLElement).replaceChildren(
    ...runs.map(({ name, modified }) => {
      const button = element('button', name);
      button.type = 'button';
      button.addEventListener('click', () => void openStored(name));
      const date = element('span', modified.slice(0, 16).replace('T', ' '));
      date.className = 'date';
      return element('li', [button, document.createTextNode(' '), date]);
    }),
  );
}

/** Opens a run of the server by its name. */
async function openStored(name: string): Promise<void> {
  try {
    const answer = await fetch(`./api/runs/${encodeURIComponent(name)}`);
    const text = await answer.text();
    if (answer.ok) await openText(text, name);
    else say(`${name}: ${text.trim()}`);
  } catch (error) {
    say(`${name}: ${messageOf(error)}`);
  }
}

/** Gives a finished run to the server and says where it went; null on a static host. */
export async function keepRun(run: RunDocument): Promise<string | null> {
  if (!keeps) return null;
  const response = await fetch('./api/runs', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(run),
  });
  if (!response.ok) return runNotKept((await response.text()).trim());
  const { name } = (await response.json()) as { name: string };
  await listRuns();
  return `Kept by the server as ${name}.`;
}
