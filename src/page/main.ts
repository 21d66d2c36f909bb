/** The page: form, worker and results put together. */

import './no-eval.ts';
import { findKernel } from '../../kernels/index.ts';
import { TYPICAL_DEVICE } from '../../kernels/typical-device.ts';
import packageFile from '../../package.json' with { type: 'json' };
import { comparePublished } from '../compare/comparisons.ts';
import type { Device } from '../host/contract.ts';
import { messageOf, workerEnded } from '../messages.ts';
import { newContext } from '../record/context.ts';
import { type RunDocument, SCHEMA_ID } from '../record/measurement.ts';
import { sourceText } from '../report/source-text.ts';
import { askingDevices, showDevices } from './device-panel.ts';
import { byId, tell, watchOverflow } from './dom.ts';
import { readForm, readWorkloads, setUpForm, toArguments } from './form.ts';
import { becomeIsolated } from './isolation.ts';
import { noteTargets, OWN, showPossible } from './kernel-choice.ts';
import type { FormRequest, FromWorker, ToWorker } from './messages.ts';
import { keepRun, setUpOpening } from './opening.ts';
import { endProgress, showProgress } from './progress.ts';
import { setUpSaving, showRun } from './results.ts';
import { startWorker } from './workers.ts';

const threads = crossOriginIsolated ? navigator.hardwareConcurrency : 1;
const browser = browserName();

/** The browser by its own account, for example "Chromium 153". */
function browserName(): string {
  const { userAgentData } = navigator as { userAgentData?: { brands: { brand: string; version: string }[] } };
  const brand = userAgentData?.brands.filter(({ brand: name }) => !/not.?a.?brand/i.test(name)).at(-1);
  if (brand !== undefined) return `${brand.brand} ${brand.version}`;
  const found = /(Firefox|Version|Chrome)\/([\d.]+)/.exec(navigator.userAgent);
  return found === null ? 'a browser' : `${found[1] === 'Version' ? 'Safari' : found[1]} ${found[2]}`;
}

function start(): void {
  const { port } = startWorker('run', (message) => {
    setRunning(false);
    tell('problem', workerEnded(message));
  });
  const send = (message: ToWorker) => port.postMessage(message);
  let run: RunDocument | undefined;
  let stopping = false;
  let request: FormRequest | null = null;
  const finish = async (cancelled: boolean) => {
    setRunning(false);
    if (run === undefined) return;
    run = { ...run, context: { ...run.context, cancelled } };
    const measured = run.measurements.filter(({ state }) => state === 'measured').length;
    const outcome = `${cancelled ? 'Stopped' : 'Done'}: ${measured} of ${run.measurements.length} cases measured and verified.`;
    await showRun(run, true);
    const kept = run.measurements.length === 0 ? null : await keepRun(run);
    tell('status', kept === null ? outcome : `${outcome} ${kept}`);
  };
  port.onmessage = ({ data }: MessageEvent<FromWorker>) => {
    switch (data.kind) {
      case 'devices':
        showDevices(data.targets);
        noteTargets(data.targets);
        return showForm();
      case 'started':
        if (request !== null) run = newRun(data.devices, request);
        return;
      case 'progress':
        if (!stopping) showProgress(data.share, data.message, data.secondsLeft);
        return;
      case 'measured':
        if (run === undefined) return;
        run = withMeasurements(run, data.measurements, data.ratios);
        return void showRun(run, false).catch(showProblem);
      case 'notice':
        return addNotice(data.text);
      case 'done':
        return void finish(data.cancelled).catch(showProblem);
      case 'error':
        setRunning(false);
        return tell('problem', data.message);
      default:
        return data satisfies never;
    }
  };

  byId('form', HTMLFormElement).addEventListener('submit', (event) => {
    event.preventDefault();
    request = asked();
    if (request === null) return;
    run = undefined;
    stopping = false;
    setRunning(true);
    send({ kind: 'run', request });
  });
  byId('stop', HTMLButtonElement).addEventListener('click', () => {
    stopping = true;
    showProgress(byId('bar', HTMLProgressElement).value, 'Stopping within seconds …', null);
    send({ kind: 'stop' });
  });
  const allowSoftware = byId('allow-software', HTMLInputElement);
  const ask = () => {
    askingDevices();
    send({ kind: 'devices', setup: { browser, allowSoftware: allowSoftware.checked, threads, variant: null } });
  };
  allowSoftware.addEventListener('change', ask);
  ask();
}

function showProblem(error: unknown): void {
  tell('problem', messageOf(error));
}

/** What the form asks for; null if it cannot be read: then the page shows why. */
function asked(): FormRequest | null {
  tell('problem', '');
  try {
    return readForm(browser, threads);
  } catch (error) {
    showProblem(error);
    return null;
  }
}

function newRun(devices: Device[], { budgetSeconds, samples, full, seed }: FormRequest): RunDocument {
  const context = newContext({
    argv: toArguments(threads),
    label: null,
    versions: { attnbench: packageFile.version, browser },
    settings: {
      // A page runs its kernels in one process.
      ...{ budget: budgetSeconds, samples, processes: 1, full, seed },
      ...{ baseline: null, adapter: null, limits: {}, tiles: 'default' },
    },
    devices,
  });
  return { schema: SCHEMA_ID, context, measurements: [], comparisons: [], ratios: [] };
}

function withMeasurements(
  run: RunDocument,
  measurements: RunDocument['measurements'],
  ratios: RunDocument['ratios'],
): RunDocument {
  const all = [...run.measurements, ...measurements];
  return {
    ...run,
    measurements: all,
    ratios: [...run.ratios, ...ratios],
    comparisons: comparePublished(all, run.context, 'avo'),
  };
}

function setRunning(running: boolean): void {
  byId('run', HTMLButtonElement).disabled = running;
  byId('stop', HTMLButtonElement).disabled = !running;
  byId('progress', HTMLElement).hidden = !running;
  if (running) showProgress(0, 'Opening the devices …', null);
  else endProgress();
}

/** Adds a line to what the user should know of a run. */
function addNotice(text: string): void {
  const before = byId('problem', HTMLElement).textContent;
  tell('problem', before === '' ? text : `${before}\n${text}`);
}

/** Shows what follows from the form and the devices: the kernels that can run, the command, a kernel's source. */
function showForm(): void {
  const source = byId('source', HTMLElement);
  try {
    const workloads = readWorkloads();
    showPossible(workloads);
    const kernel = findKernel(byId('source-kernel', HTMLSelectElement).value);
    const [workload] = workloads;
    if (workload !== undefined) source.textContent = sourceText(kernel.build(workload, TYPICAL_DEVICE), kernel);
  } catch (error) {
    // Perhaps a number that is half typed; Run says the same where it stays so.
    tell('source', messageOf(error));
  }
  byId('command', HTMLElement).textContent = `npx bench ${toArguments(threads).join(' ')}`;
}

const reloads = await becomeIsolated();
if (!reloads) {
  const source = byId('source-kernel', HTMLSelectElement);
  source.append(...OWN.map(({ name }) => new Option(name, name)));
  source.addEventListener('change', showForm);
  setUpForm(threads, showForm);
  setUpSaving();
  watchOverflow();
  start();
  await setUpOpening();
}
