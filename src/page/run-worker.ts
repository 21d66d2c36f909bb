/** The worker that measures: the same loop as the command line's, on hosts in workers of its own, so that the tab stays responsive. */

import './no-eval.ts';
import { findKernel } from '../../kernels/index.ts';
import type { Backend } from '../../kernels/kernel.ts';
import { chooseBrowserVariant, openBrowserTarget } from '../host/browser-target.ts';
import type { VariantChoice } from '../host/cpu/wasm-variants.ts';
import type { HostRole } from '../host/role.ts';
import type { Target } from '../host/target.ts';
import { ceilingsOf } from '../measure/ceilings.ts';
import { measureRun, type RunEvent } from '../measure/run.ts';
import { messageOf } from '../messages.ts';
import { cases } from '../problem/cases.ts';
import { ownPort, startWorker } from './in-worker.ts';
import type { FormRequest, FromWorker, Setup, ToWorker } from './messages.ts';
import { openWorkerHost } from './worker-host.ts';

const BACKENDS: readonly Backend[] = ['webgpu', 'wasm', 'scalar'];
const say = (message: FromWorker) => void ownPort.then((port) => port.postMessage(message));
/** The variant that a probe chose when the devices were first opened: a run takes the one that the page shows. */
let probed: VariantChoice | null = null;
let reports = 0;
let stopping = new AbortController();
let busy: Promise<void> = Promise.resolve();

void ownPort.then((port) => {
  port.onmessage = ({ data }: MessageEvent<ToWorker>) => heed(data);
});

function heed(data: ToWorker): void {
  if (data.kind === 'stop') {
    stopping.abort();
    return;
  }
  // Here and not when the run begins: it may be stopped while it still waits.
  if (data.kind === 'run') stopping = new AbortController();
  if (data.kind === 'devices') reports += 1;
  const report = reports;
  // One thing after the other: devices are not asked while a run is on.
  busy = busy
    .then(() => {
      if (data.kind === 'run') return run(data.request);
      return reportDevices(data.setup, () => report === reports);
    })
    .catch((error: unknown) => say({ kind: 'error', message: messageOf(error) }));
}

async function openTarget(backend: Backend, { browser, allowSoftware, threads, variant }: Setup): Promise<Target> {
  const webgpu = { adapter: null, allowSoftware, limits: {} };
  const open = (role: HostRole) => openWorkerHost(role, startWorker);
  if (backend === 'wasm' && variant === null) probed ??= await chooseBrowserVariant(open);
  const options = { browser, cpu: null, number: null, threads, variant: variant ?? probed, webgpu };
  return openBrowserTarget({ backend }, open, options);
}

/** Tells what can run, unless that was asked again meanwhile: then only the later answer counts. */
async function reportDevices(setup: Setup, counts: () => boolean): Promise<void> {
  const targets: { backend: Backend; target: Target }[] = [];
  for (const backend of BACKENDS) {
    if (!counts()) return;
    const target = await openTarget(backend, setup);
    if (target.state === 'open') await target.close();
    targets.push({ backend, target });
  }
  if (!counts()) return;
  const found = targets.map(({ backend, target }) =>
    target.state === 'open'
      ? { backend, environment: target.environment, unavailable: null }
      : { backend, environment: null, unavailable: target.reason },
  );
  say({ kind: 'devices', targets: found });
}

async function run(request: FormRequest): Promise<void> {
  const kernels = request.kernels.map(findKernel);
  const targets = new Map<Backend, Target>();
  try {
    for (const backend of new Set(kernels.map((kernel) => kernel.backend))) {
      say({ kind: 'progress', share: 0, message: `opening ${backend}`, secondsLeft: null });
      targets.set(backend, await openTarget(backend, request.setup));
    }
    const events = measureRun({
      cases: cases(request.workloads),
      targets: [...targets.values()],
      contendersOf: () => kernels.map((kernel) => ({ kernel, target: targets.get(kernel.backend) as Target })),
      ceilingsOf,
      budgetSeconds: request.budgetSeconds,
      samples: request.samples,
      full: request.full,
      seed: request.seed,
      baseline: null,
      signal: stopping.signal,
    });
    for await (const event of events) tell(event);
  } finally {
    for (const target of targets.values()) if (target.state === 'open') await target.close();
  }
}

/** Passes on the events of a run that the window shows. */
function tell(event: RunEvent): void {
  switch (event.kind) {
    case 'run-started':
      say({ kind: 'started', devices: event.devices });
      break;
    case 'notice':
    case 'progress':
      say(event);
      break;
    case 'case-ended':
      say({ kind: 'measured', measurements: [...event.measurements], ratios: [...event.ratios] });
      break;
    case 'run-ended':
      say({ kind: 'done', cancelled: event.interrupted });
      break;
    default:
  }
}
