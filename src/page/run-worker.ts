/** The worker that measures: the same loop as the command line's, on hosts in workers of its own, so that the tab stays responsive. */

import { findKernel } from '../../kernels/index.ts';
import type { Backend } from '../../kernels/kernel.ts';
import { openBrowserTarget } from '../host/browser-target.ts';
import { type Contender, createHostPool } from '../host/pool.ts';
import type { Target } from '../host/target.ts';
import { measureCase } from '../measure/case.ts';
import { ceilingOf } from '../measure/ceilings.ts';
import { budgetShare } from '../measure/plan.ts';
import { messageOf } from '../messages.ts';
import { cases } from '../problem/cases.ts';
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
    .catch((error: unknown) => say({ kind: 'error', message: messageOf(error) }));
});

function openTarget(backend: Backend, { browser, allowSoftware, threads, variant }: Setup): Promise<Target> {
  const webgpu = { adapter: null, allowSoftware, limits: {} };
  return openBrowserTarget(backend, openWorkerHost, { browser, threads, variant, webgpu });
}

async function reportDevices(setup: Setup): Promise<void> {
  const targets = [];
  for (const backend of BACKENDS) {
    const target = await openTarget(backend, setup);
    await target.close();
    targets.push({ backend, device: target.environment?.device ?? null, unavailable: target.unavailable });
  }
  say({ kind: 'devices', targets });
}

async function run(request: RunRequest): Promise<void> {
  stopping.aborted = false;
  const kernels = request.kernels.map(findKernel);
  const targets = new Map<Backend, Target>();
  for (const backend of new Set(kernels.map((kernel) => kernel.backend))) {
    say({ kind: 'progress', share: 0, message: `opening ${backend}` });
    targets.set(backend, await openTarget(backend, request.setup));
  }
  const open = [...targets.values()].filter(({ environment }) => environment !== null);
  for (const [index, target] of open.entries()) target.device = index;
  say({
    kind: 'started',
    devices: open.flatMap(({ environment }) => (environment === null ? [] : [environment.device])),
  });

  const contenders: Contender[] = kernels.map((kernel) => ({ kernel, target: targets.get(kernel.backend) as Target }));
  for (const target of open) {
    const ceiling = await ceilingOf(target);
    if (ceiling !== null) contenders.push({ kernel: ceiling, target, ceiling: true });
  }
  const pool = createHostPool();
  const all = cases(request.workloads);
  let spent = 0;
  try {
    for (const [index, { workload }] of all.entries()) {
      if (stopping.aborted) break;
      const result = await measureCase(workload, contenders, pool, {
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
    await pool.close();
    for (const target of open) await target.close();
  }
  say({ kind: 'done', cancelled: stopping.aborted });
}
