/** Opens the targets that a command's kernels need. */

import type { Engine, Kernel } from '../../../kernels/kernel.ts';
import type { Target } from '../../host/target.ts';
import { skipping } from '../../messages.ts';
import { BACKEND_LABELS, type BackendName, backendName } from '../../record/backend.ts';
import { openRuntimes, type RuntimeRequest } from './runtimes.ts';

/** Which targets a command wants. */
export interface TargetRequest extends RuntimeRequest {
  kernels: readonly Kernel[];
  backend: BackendName | 'auto';
  /** True if the user named the kernels: a backend that cannot be opened then shows as skipped cases. */
  named: boolean;
}

/** The targets that were opened. */
export interface OpenTargets {
  /** In the order that their devices have in a record. */
  targets: readonly Target[];
  /** Those that a kernel runs on, one for each runtime. */
  targetsOf(kernel: Engine): Target[];
  /** What the user should know before measuring. */
  notices: string[];
  /** Closes browsers, servers, and hosts that were never acquired; a pool closes those that it acquired. */
  close(): Promise<void>;
}

/**
 * One target for each engine of the kernels in each runtime. With --backend auto and no kernels named, a WebGPU or machine code
 * that is not there is left out with one line; asked for by name, it stays and its cases are skipped with the reason.
 */
export async function openTargets(request: TargetRequest): Promise<OpenTargets> {
  const runtimes = await openRuntimes(request);
  const opened: { key: string; target: Target }[] = [];
  const notices: string[] = [];
  const close = async () => {
    await Promise.all(opened.map(({ target }) => (target.state === 'open' ? target.close() : undefined)));
    await Promise.all(runtimes.map((runtime) => runtime.close()));
  };
  const wanted = new Map(request.kernels.map((kernel) => [keyOf(kernel), kernel]));
  try {
    for (const runtime of runtimes) {
      for (const [key, engine] of wanted) {
        const target = await runtime.target(engine);
        if (target.state === 'unavailable' && mayBeLeftOut(engine, request)) {
          // A browser never runs machine code: that it does not is no news.
          if (backendName(engine) === 'webgpu' || target.host !== 'browser') {
            notices.push(skipping(BACKEND_LABELS[backendName(engine)], target.reason));
          }
          continue;
        }
        opened.push({ key, target });
        if (target.state !== 'open') continue;
        for (const note of [target.environment.device.clock.note, target.note]) if (note != null) notices.push(note);
      }
    }
  } catch (error) {
    await close();
    throw error;
  }
  return {
    targets: opened.map(({ target }) => target),
    targetsOf: (kernel) => opened.flatMap(({ key, target }) => (key === keyOf(kernel) ? [target] : [])),
    notices,
    close,
  };
}

/** Whether the user asked for this engine neither by a kernel's name nor by its backend; a suite asks for its libraries. */
function mayBeLeftOut(engine: Engine, { backend, named }: TargetRequest): boolean {
  return ['webgpu', 'native'].includes(backendName(engine)) && backend === 'auto' && !named;
}

/** Kernels with the same key share a target. */
export const keyOf = ({ backend, library }: Engine) => `${backend} ${library ?? ''}`;
