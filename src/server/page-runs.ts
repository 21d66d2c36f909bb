/** The runs of a folder for the page: lists them, sends one, stores a new one, and refuses every other request. */

import { readFileSync, rmSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { basename } from 'node:path';
import { messageOf, refusals } from '../messages.ts';
import { timeStamp } from '../record/context.ts';
import { newestFiles } from '../record/files.ts';
import { createJournal } from '../record/journal.ts';
import { documentSchema, schemaProblem } from '../record/measurement.ts';

/** An answer to a request: a status with text or JSON. */
export interface Reply {
  status: number;
  text?: string;
  json?: unknown;
}

/** A run with a thousand cases of a hundred samples takes some 10 MB. */
const LARGEST_BODY = 16 * 2 ** 20;
const MOST_LISTED = 200;
const RUN_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]*\.jsonl$/;

/** Answers /api/runs and /api/runs/NAME. `origins` are those of this server. Never throws. */
export async function answerRuns(
  request: IncomingMessage,
  path: string,
  folder: string | null,
  origins: readonly string[],
): Promise<Reply> {
  try {
    if (folder === null) return { status: 404, text: refusals.noRuns };
    if (path === '/api/runs' && request.method === 'GET') return { status: 200, json: listRuns(folder) };
    if (path === '/api/runs' && request.method === 'POST') return await takeRun(request, folder, origins);
    if (request.method !== 'GET') return { status: 405, text: refusals.otherMethod };
    return readRun(folder, path.slice('/api/runs/'.length));
  } catch (error) {
    return { status: 500, text: refusals.broken((error as NodeJS.ErrnoException).code ?? messageOf(error)) };
  }
}

function listRuns(folder: string): { name: string; modified: string }[] {
  return journals(folder)
    .slice(0, MOST_LISTED)
    .map(({ name, time }) => ({ name, modified: new Date(time).toISOString() }));
}

/** The journals of a folder, the newest first; none if it does not exist yet. */
const journals = (folder: string) => newestFiles(folder, (name) => RUN_NAME.test(name));

/** Only names that the list holds are read, so no path can lead out of the folder. */
function readRun(folder: string, name: string): Reply {
  const found = journals(folder).find((journal) => journal.name === name);
  if (found === undefined) return { status: 404, text: refusals.noRun };
  return { status: 200, text: readFileSync(found.path, 'utf8') };
}

async function takeRun(request: IncomingMessage, folder: string, origins: readonly string[]): Promise<Reply> {
  const { origin } = request.headers;
  // Pages of other origins can send requests here too, but the browser names their origin.
  if (origin === undefined || !origins.includes(origin)) return { status: 403, text: refusals.otherOrigin };
  if (request.headers['content-type'] !== 'application/json') return { status: 415, text: refusals.notJson };
  const tooLarge = { status: 413, text: refusals.tooLarge(LARGEST_BODY) };
  if (Number(request.headers['content-length'] ?? 0) > LARGEST_BODY) return tooLarge;
  const body = await readBody(request);
  if (body === null) return tooLarge;
  const run = documentSchema.safeParse(parseJson(body));
  if (!run.success) {
    return { status: 400, text: refusals.notARun(schemaProblem(run.error)) };
  }
  const { context, measurements } = run.data;
  const journal = createJournal(folder, `page-${timeStamp(new Date(context.startedAt).toISOString())}`, context);
  for (const measurement of measurements) journal.append(measurement);
  const problem = journal.problem();
  if (problem !== null) {
    // The page keeps the run and says that the server did not; a part of it would pass for the whole.
    rmSync(journal.path, { force: true });
    return { status: 500, text: refusals.broken(problem) };
  }
  return { status: 201, json: { name: basename(journal.path) } };
}

/** The body as text; null if it is larger than a run may be. */
async function readBody(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > LARGEST_BODY) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
