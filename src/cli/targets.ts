/** Opens the places that a run needs, and pairs kernels with them. */

import type { Backend, Kernel } from '../../kernels/kernel.ts';
import type { Device } from '../host/contract.ts';
import type { Contender } from '../host/pool.ts';
import type { Target } from '../host/target.ts';
import { ceilingOf } from '../measure/ceilings.ts';
import { configurationUnusable, configurationUsed, leftOut } from '../messages.ts';
import { openRuntimes, type Runtime, type RuntimeRequest } from './runtimes.ts';
import { findConfiguration, readConfigurations, type TunedConfiguration } from './tuned-configurations.ts';

export interface TargetRequest extends RuntimeRequest {
  kernels: Kernel[];
  backend: Backend | 'auto';
  /** True where the user named the kernels: then a backend that cannot be opened is told by skipped points. */
  named: boolean;
  /** Add a place's ceiling to its kernels. */
  ceilings: boolean;
  /** 'default': the shipped tiles; a file of tiles; null: those of bench tune, where it has found better ones. */
  tiles: string | null;
}

export interface OpenTargets {
  contenders: Contender[];
  devices: Device[];
  /** Lines to say before measuring. */
  notices: string[];
  /** Ends browsers, servers and hosts that nobody leased; the others are closed by whoever leased them. */
  close(): Promise<void>;
}

/**
 * One place for each backend of the kernels in each runtime. With --backend auto and no kernels named, a WebGPU that is not
 * there is left out with one line; asked for by name, it stays and its points are skipped with the reason. `firstDevice` is
 * the number of the first device in the run's context.
 */
export async function openTargets(request: TargetRequest, firstDevice = 0): Promise<OpenTargets> {
  const runtimes = await openRuntimes(request);
  const targets: NamedTarget[] = [];
  const close = async () => {
    await Promise.all(targets.map(({ target }) => target.close()));
    await Promise.all(runtimes.map((runtime) => runtime.close()));
  };
  try {
    return { ...(await fillTargets(targets, runtimes, request, firstDevice)), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** A place, and the kernels that it is for. */
interface NamedTarget {
  key: string;
  target: Target;
}

/** Opens the places one after another into `places`, so that those that are open can be closed whatever happens. */
async function fillTargets(
  targets: NamedTarget[],
  runtimes: readonly Runtime[],
  request: TargetRequest,
  firstDevice: number,
) {
  const key = (kernel: Kernel) => `${kernel.backend} ${kernel.target ?? ''}`;
  const first = new Map(request.kernels.map((kernel) => [key(kernel), kernel]));
  const devices: Device[] = [];
  const notices: string[] = [];
  for (const runtime of runtimes) {
    for (const [name, { backend, target: device }] of first) {
      const target = await runtime.target(backend, device);
      if (target.environment === null && backend === 'webgpu' && request.backend === 'auto' && !request.named) {
        notices.push(leftOut(backend, target.unavailable ?? ''));
        continue;
      }
      if (target.environment !== null) {
        target.device = firstDevice + devices.length;
        devices.push(target.environment.device);
        const { note } = target.environment.device.clock;
        if (note !== null) notices.push(note);
      }
      targets.push({ key: name, target });
    }
  }
  // Ablations vary the shipped tile; beside them the kernel that they vary keeps it too.
  const shipped = request.tiles === 'default' || request.kernels.some(({ ablation }) => ablation !== undefined);
  const tiles = shipped ? [] : readConfigurations(request.tiles);
  const contenders: Contender[] = request.kernels.flatMap((kernel) =>
    targets
      .filter((item) => item.key === key(kernel))
      .map(({ target }) => ({ kernel: tuned(kernel, target, tiles, notices), target })),
  );
  for (const { target } of request.ceilings ? targets : []) {
    const ceiling = await ceilingOf(target);
    if (ceiling !== null) contenders.push({ kernel: ceiling, target, ceiling: true });
  }
  return { contenders, devices, notices };
}

/** The kernel with the tiles found for its place, where there are any; each is told once. */
function tuned(kernel: Kernel, target: Target, tiles: readonly TunedConfiguration[], notices: string[]): Kernel {
  const { tunable } = kernel;
  const { environment } = target;
  if (tunable === undefined || environment === null) return kernel;
  const { device } = environment;
  const own = tiles.filter((item) => item.kernel === kernel.name && item.device === device.name);
  for (const { headDim, mask, date, ratio } of own.filter((item) => item.variant === target.variant)) {
    notices.push(configurationUsed(kernel.name, headDim, mask, date, ratio));
  }
  const said = new Set<string>();
  return {
    ...kernel,
    build(workload, profile) {
      const { headDim, mask, dtype } = workload;
      const key = { kernel: kernel.name, device: device.name, variant: target.variant, headDim, mask, dtype };
      const found = findConfiguration(own, key);
      if (found === undefined) return kernel.build(workload, profile);
      const problem = tunable.problem(found.tile, workload, profile);
      if (problem === undefined) return tunable.build(found.tile, workload, profile);
      if (!said.has(problem)) process.stderr.write(`${configurationUnusable(kernel.name, headDim, problem)}\n`);
      said.add(problem);
      return kernel.build(workload, profile);
    },
  };
}
