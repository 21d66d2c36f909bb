/** The worker that measures: the same loop as the command line's, on hosts in workers of its own, so that the tab stays responsive. */

import { findKernel } from '../../kernels/index.ts';
import type { Backend } from '../../kernels/kernel.ts';
import { openBrowserPlace } from '../host/browser-target.ts';
import type { Place } from '../host/target.ts';
import { ceilingOf } from '../measure/ceilings.ts';
import { measurePoint } from '../measure/case.ts';
import { type Contender, createSource } from '../host/pool.ts';
import { budgetShare, points } from '../measure/plan.ts';
import { describe } from '../problem/workload.ts';
import type { FromWorker, RunRequest, Setup, ToWorker } from './messages.ts';
import { openWorkerHost } from './worker-host.ts';

const BACKENDS: readonly Backend[] = ['webgpu', 'wasm', 'scalar'];
const say = (message: FromWorker) => postMessage(message);
const stopping = { aborted: false };
let busy: Promise<void> = Promise.resolve();

addEventListener('message', ({ data }: MessageEvent<ToWorker>) => {
  if (data.kind === 'stop') {
    stopping.aborted = true;
    return;
  }
  // One thing after the other: devices are not asked while a run is on.
  busy = busy
    .then(() => (data.kind === 'devices' ? reportDevices(data.setup) : run(data.request)))
    .catch((error: unknown) => say({ kind: 'error', message: error instanceof Error ? error.message : String(error) }));
});

function openPlace(backend: Backend, { browser, allowSoftware, threads, variant }: Setup): Promise<Place> {
  const webgpu = { adapter: null, allowSoftware, limits: {} };
  return openBrowserPlace(backend, openWorkerHost, { browser, threads, variant, webgpu });
}

async function reportDevices(setup: Setup): Promise<void> {
  const places = [];
  for (const backend of BACKENDS) {
    const place = await openPlace(backend, setup);
    await place.close();
    places.push({ backend, device: place.environment?.device ?? null, unavailable: place.unavailable });
  }
  say({ kind: 'devices', places });
}

async function run(request: RunRequest): Promise<void> {
  stopping.aborted = false;
  const kernels = request.kernels.map(findKernel);
  const places = new Map<Backend, Place>();
  for (const backend of new Set(kernels.map((kernel) => kernel.backend))) {
    say({ kind: 'progress', share: 0, message: `opening ${backend}` });
    places.set(backend, await openPlace(backend, request.setup));
  }
  const open = [...places.values()].filter(({ environment }) => environment !== null);
  for (const [index, place] of open.entries()) place.device = index;
  say({
    kind: 'started',
    devices: open.flatMap(({ environment }) => (environment === null ? [] : [environment.device])),
  });

  const contenders: Contender[] = kernels.map((kernel) => ({ kernel, place: places.get(kernel.backend) as Place }));
  for (const place of open) {
    const ceiling = await ceilingOf(place);
    if (ceiling !== null) contenders.push({ kernel: ceiling, place, ceiling: true });
  }
  const source = createSource();
  const all = points(request.workloads);
  let spent = 0;
  try {
    for (const [index, { workload }] of all.entries()) {
      if (stopping.aborted) break;
      const result = await measurePoint(workload, contenders, source, {
        data: { kind: 'normal', seed: request.seed },
        seed: request.seed,
        full: request.full,
        budgetSeconds: Math.max(0, request.budgetSeconds - spent) * budgetShare(all, index),
        samples: request.samples,
        baseline: null,
        signal: stopping,
        onProgress: (message, share) =>
          say({ kind: 'progress', share: (index + share) / all.length, message: `${describe(workload)}: ${message}` }),
      });
      spent += result.spentSeconds;
      say({ kind: 'measured', measurements: result.measurements, ratios: result.ratios });
    }
  } finally {
    await source.close();
    for (const place of open) await place.close();
  }
  say({ kind: 'done', cancelled: stopping.aborted });
}
