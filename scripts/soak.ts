/** An hour of mixed runs with random faults: memory stays flat, no finished point is lost, no process is left. --minutes changes the time. */

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { parseRunFile } from '../src/compare/run-file.ts';

const LAUNCHER = fileURLToPath(new URL('../src/cli/launch.js', import.meta.url));
const FAULTS = ['none', 'none', 'kill a child', 'stop a child', 'interrupt', 'full disk', 'closed pipe'] as const;
type Fault = (typeof FAULTS)[number];
/** Memory may end this much above its begin: of what the server held when it was warm. */
const GROWTH = 0.05;
/** Kilobytes of a file that a run with a full disk may write. */
const QUOTA = 5;
/** A run that is not over after this has hung, seconds. */
const HUNG_S = 300;

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '60' } } });
const end = Date.now() + Number(values.minutes) * 60_000;
const folder = mkdtempSync(join(tmpdir(), 'attnbench-soak-'));
const results = join(folder, 'runs');
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const pick = <T>(from: readonly T[]): T => from[Math.floor(Math.random() * from.length)] as T;

/** The processes whose parent is `pid`. */
function childrenOf(pid: number): number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
    return text === '' ? [] : text.split(' ').map(Number);
  } catch {
    return [];
  }
}

const alive = (pid: number) => {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
};

/** Resident memory, MiB. */
const residentMiB = (pid: number) =>
  Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? Number.NaN) / 1024;

const complaints: string[] = [];
const counts = new Map<Fault, number>();
let points = 0;

const real = ['--kernel', 'wasm-flash,scalar-flash', '--budget', '2'];
const mock = ['--kernel', 'wasm-flash,scalar-naive', '--host', 'mock:rate=1e12', '--budget', '1', '--samples', '2'];

function begin(fault: Fault): ChildProcess {
  const kind = fault === 'kill a child' || fault === 'stop a child' ? real : pick([real, mock]);
  const shape = ['--seq', pick(['64', '128', '64,128']), '--heads', '1', '--batch', '1'];
  const args = [pick(['mha', 'gqa']), ...shape, ...kind, '--results', results, '--no-chart', '--format', 'jsonl'];
  if (args[0] === 'gqa') args.splice(args.indexOf('--heads') + 1, 1, '2', '--kv-heads', '1');
  // The quota counts only where nothing else is written.
  const env = { ...process.env, NODE_DISABLE_COMPILE_CACHE: '1' };
  const command = [process.execPath, LAUNCHER, ...args];
  return fault === 'full disk'
    ? spawn('bash', ['-c', `ulimit -f ${QUOTA}; exec "$@"`, 'soak', ...command], { env })
    : spawn(process.execPath, command.slice(1), { env });
}

/** One run with one fault; complains of a wrong end, a lost point, or a process that is left. */
async function oneRun(fault: Fault): Promise<void> {
  const child = begin(fault);
  const pid = child.pid ?? 0;
  let [stdout, stderr] = ['', ''];
  const seen = new Set<number>();
  child.stdout?.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
    if (fault === 'closed pipe') child.stdout?.destroy();
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  let over = false;
  void ended.then(() => {
    over = true;
  });
  const hang = setTimeout(() => {
    complaints.push(`${fault}: no end after ${HUNG_S} s`);
    child.kill('SIGKILL');
  }, HUNG_S * 1000);
  const at = Date.now() + 500 + Math.random() * 4000;
  for (let done = fault === 'none'; !over; await pause(50)) {
    for (const other of childrenOf(pid)) seen.add(other);
    if (done || Date.now() < at) continue;
    done = true;
    const other = childrenOf(pid)[0];
    if (fault === 'interrupt') child.kill('SIGINT');
    if (other === undefined) continue;
    if (fault === 'kill a child') process.kill(other, 'SIGKILL');
    if (fault === 'stop a child') {
      process.kill(other, 'SIGSTOP');
      // For a moment only: a stop that lasts is a hang, whose watchdog takes minutes.
      setTimeout(() => alive(other) && process.kill(other, 'SIGCONT'), 2000);
    }
  }
  const code = await ended;
  clearTimeout(hang);
  await pause(200);
  const left = [...seen].filter(alive);
  if (left.length > 0) complaints.push(`${fault}: processes left: ${left.join(', ')}`);
  for (const other of left) process.kill(other, 'SIGKILL');
  if (/^ {4}at /m.test(stderr)) complaints.push(`${fault}: a stack trace: ${stderr.slice(0, 400)}`);
  const wanted: readonly (number | null)[] =
    fault === 'none' || fault === 'closed pipe' || fault === 'stop a child' ? [0] : [0, 1, 130];
  // An interrupt before the program listens ends it as any other.
  if (!wanted.includes(code) && !(fault === 'interrupt' && code === null)) {
    complaints.push(`${fault}: exit code ${code}: ${stderr.slice(-300)}`);
  }
  checkRecords(fault, stdout, code);
}

/** Every point that was printed is in the journal, and the journal is a record. */
function checkRecords(fault: Fault, stdout: string, code: number | null): void {
  const printed = stdout.split('\n').filter((line) => line.includes('"state":')).length;
  points += printed;
  const [name] = readdirNow();
  if (name === undefined) {
    if (printed > 0) complaints.push(`${fault}: no record of ${printed} points`);
    return;
  }
  try {
    const kept = parseRunFile(readFileSync(name, 'utf8'), name, 'avo').measurements.length;
    if (kept < printed && !(fault === 'full disk' && code === 1)) {
      complaints.push(`${fault}: ${printed} points printed, ${kept} kept`);
    }
  } catch (error) {
    complaints.push(`${fault}: ${String(error)}`);
  }
  rmSync(name);
}

function readdirNow(): string[] {
  try {
    return readdirSync(results)
      .filter((name) => name.endsWith('.jsonl') && !name.startsWith('keep'))
      .map((name) => join(results, name));
  } catch {
    return [];
  }
}

/** The server that lives through it all, and its address. */
async function serve(): Promise<{ server: ChildProcess; url: string }> {
  const server = spawn(process.execPath, [LAUNCHER, 'serve', '--results', results, '--port', '18080']);
  const url = await new Promise<string>((resolve, reject) => {
    server.stdout.once('data', (chunk: Buffer) => resolve(chunk.toString().trim()));
    server.once('exit', (code) => reject(new Error(`bench serve ended with ${code}`)));
  });
  return { server, url };
}

async function requests(url: string, count: number): Promise<void> {
  for (let index = 0; index < count; index += 1) {
    for (const [path, headers] of [
      ['', {}],
      ['api/runs', {}],
      ['api/runs/none.jsonl', {}],
      ['', { Range: 'bytes=5-1' }],
    ] as const) {
      const response = await fetch(`${url}${path}`, { headers });
      await response.arrayBuffer();
      if (response.status >= 500) complaints.push(`bench serve answered ${response.status} to /${path}`);
    }
  }
}

const began = Date.now();
const { server, url } = await serve();
const pid = server.pid ?? 0;
await requests(url, 500);
const memory: number[] = [];
while (Date.now() < end) {
  const fault = pick(FAULTS);
  counts.set(fault, (counts.get(fault) ?? 0) + 1);
  await oneRun(fault);
  await requests(url, 20);
  memory.push(residentMiB(pid));
}
const third = Math.max(1, Math.floor(memory.length / 3));
const middle = (list: readonly number[]) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)] ?? Number.NaN;
const [first, last] = [middle(memory.slice(0, third)), middle(memory.slice(-third))];
if (!(last <= first * (1 + GROWTH)))
  complaints.push(`bench serve grew from ${first.toFixed(1)} to ${last.toFixed(1)} MiB`);
server.kill('SIGTERM');
await new Promise((resolve) => server.once('exit', resolve));
rmSync(folder, { recursive: true });

const minutes = ((Date.now() - began) / 60_000).toFixed(1);
const runs = [...counts.values()].reduce((sum, count) => sum + count, 0);
process.stdout.write(`${minutes} minutes, ${runs} runs, ${points} points that were printed\n`);
for (const [fault, count] of counts) process.stdout.write(`  ${fault}: ${count}\n`);
process.stdout.write(`bench serve: ${first.toFixed(1)} MiB in the first third, ${last.toFixed(1)} MiB in the last\n`);
process.stdout.write(complaints.length === 0 ? 'No complaint.\n' : `${complaints.length} complaints:\n`);
for (const complaint of complaints) process.stdout.write(`  ${complaint}\n`);
process.exitCode = complaints.length === 0 ? 0 : 1;
