/** The page: form, worker and results put together. */

import './no-eval.ts';
import { findKernel, KERNELS } from '../../kernels/index.ts';
import { TYPICAL_DEVICE } from '../../kernels/typical-device.ts';
import packageFile from '../../package.json' with { type: 'json' };
import { comparePublished } from '../compare/comparisons.ts';
import type { Device } from '../host/contract.ts';
import { messageOf, workerEnded } from '../messages.ts';
import { newContext } from '../record/context.ts';
import { type RunDocument, SCHEMA_ID } from '../record/measurement.ts';
import { sourceText } from '../report/source-text.ts';
import { showDevices } from './device-panel.ts';
import { byId } from './dom.ts';
import { readForm, readWorkloads, setUpForm, toArguments } from './form.ts';
import { becomeIsolated } from './isolation.ts';
import type { FormRequest, FromWorker, ToWorker } from './messages.ts';
import { keepRun, setUpOpening } from './opening.ts';
import { setUpSaving, showRun } from './results.ts';

const threads = crossOriginIsolated ? navigator.hardwareConcurrency : 1;
const browser = browserName();
const problem = byId('problem', HTMLElement);
const status = byId('status', HTMLElement);

/** The browser by its own account, for example "Chromium 153". */
function browserName(): string {
  const { userAgentData } = navigator as { userAgentData?: { brands: { brand: string; version: string }[] } };
  const brand = userAgentData?.brands.filter(({ brand: name }) => !/not.?a.?brand/i.test(name)).at(-1);
  if (brand !== undefined) return `${brand.brand} ${brand.version}`;
  const found = /(Firefox|Version|Chrome)\/([\d.]+)/.exec(navigator.userAgent);
  return found === null ? 'a browser' : `${found[1] === 'Version' ? 'Safari' : found[1]} ${found[2]}`;
}

function start(): void {
  const worker = new Worker(new URL('./run-worker.ts', import.meta.url), { type: 'module' });
  const send = (message: ToWorker) => worker.postMessage(message);
  let run: RunDocument | undefined;
  let begun = 0;

  let request: FormRequest | null = null;
  const finish = async (cancelled: boolean) => {
    setRunning(false);
    if (run === undefined) return;
    run = { ...run, context: { ...run.context, cancelled } };
    const measured = run.measurements.filter(({ state }) => state === 'measured').length;
    const outcome = `${cancelled ? 'Stopped' : 'Done'}: ${measured} of ${run.measurements.length} cases measured and verified.`;
    await showRun(run, true);
    const kept = run.measurements.length === 0 ? null : await keepRun(run);
    status.textContent = kept === null ? outcome : `${outcome} ${kept}`;
  };
  worker.onerror = (event) => {
    setRunning(false);
    problem.textContent = workerEnded(event.message);
  };
  worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
    switch (data.kind) {
      case 'devices':
        return showDevices(data.targets);
      case 'started':
        if (request !== null) run = newRun(data.devices, request);
        return;
      case 'progress':
        return showProgress(data.share, data.message, begun);
      case 'measured':
        if (run === undefined) return;
        run = withMeasurements(run, data.measurements, data.ratios);
        return void showRun(run, false).catch(showProblem);
      case 'notice':
        problem.textContent = data.text;
        return;
      case 'done':
        return void finish(data.cancelled).catch(showProblem);
      case 'error':
        setRunning(false);
        problem.textContent = data.message;
        return;
      default:
        return data satisfies never;
    }
  };

  byId('form', HTMLFormElement).addEventListener('submit', (event) => {
    event.preventDefault();
    request = asked();
    if (request === null) return;
    run = undefined;
    begun = performance.now();
    setRunning(true);
    send({ kind: 'run', request });
  });
  byId('stop', HTMLButtonElement).addEventListener('click', () => {
    status.textContent = 'Stopping after the current run …';
    send({ kind: 'stop' });
  });
  const allowSoftware = byId('allow-software', HTMLInputElement);
  const ask = () =>
    send({ kind: 'devices', setup: { browser, allowSoftware: allowSoftware.checked, threads, variant: null } });
  allowSoftware.addEventListener('change', ask);
  ask();
}

function showProblem(error: unknown): void {
  problem.textContent = messageOf(error);
}

/** What the form asks for; null if it cannot be read: then the page shows why. */
function asked(): FormRequest | null {
  problem.textContent = '';
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
      ...{ budget: budgetSeconds, samples, full, seed },
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
  if (running) status.textContent = 'Opening the devices …';
}

function showProgress(share: number, message: string, begun: number): void {
  byId('bar', HTMLProgressElement).value = share;
  const elapsed = (performance.now() - begun) / 1000;
  // Until a twentieth is done, an estimate would be a guess.
  const left = share > 0.05 ? ` · about ${Math.ceil((elapsed / share) * (1 - share))} s left` : '';
  status.textContent = `${message}${left}`;
}

/** The text of the chosen kernel for the first workload of the form. */
function showSource(): void {
  const kernel = findKernel(byId('source-kernel', HTMLSelectElement).value);
  const source = byId('source', HTMLElement);
  try {
    const [workload] = readWorkloads();
    if (workload === undefined) return;
    source.textContent = sourceText(kernel.build(workload, TYPICAL_DEVICE), kernel);
  } catch (error) {
    source.textContent = messageOf(error);
  }
}

const reloads = await becomeIsolated();
if (!reloads) {
  byId('source-kernel', HTMLSelectElement).append(
    ...KERNELS.filter(({ library }) => library === undefined).map(({ name }) => new Option(name, name)),
  );
  byId('source-kernel', HTMLSelectElement).addEventListener('change', showSource);
  setUpForm(threads, () => {
    byId('command', HTMLElement).textContent = `npx bench ${toArguments(threads).join(' ')}`;
    showSource();
  });
  setUpSaving();
  start();
  await setUpOpening();
}
