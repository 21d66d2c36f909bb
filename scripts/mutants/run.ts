/** A wrong kernel in a setting: whether the run finds it, and where it does not, whether it had an occasion to. */

import { createScalarHost, type ModuleKernels } from '../../src/host/cpu/scalar-host.ts';
import { revectorizeFlag } from '../../src/host/node/flags.ts';
import { nodeTarget } from '../../src/host/node/targets.ts';
import { createHostPool } from '../../src/host/pool.ts';
import { openTarget, type Target } from '../../src/host/target.ts';
import type { KernelVariant } from '../../src/host/variants.ts';
import { caseEnd, measureCase } from '../../src/measure/case.ts';
import type { Mutant, Setting } from './mutant.ts';
import { rowsThatDiffer, steadyTarget } from './steady.ts';

/**
 * What a run came to. Caught: verification failed it. Not met: every row of the last run is what the right kernel writes. Allowed:
 * rows differ by less than rounding may, for a reason that is written down. Missed: rows are wrong and were measured. Failed:
 * something else than verification ended it. Skipped: it cannot run here.
 */
export interface Outcome {
  state: 'caught' | 'not met' | 'allowed' | 'missed' | 'failed' | 'skipped';
  text: string;
}

type Runnable = Pick<Mutant, 'kernel' | 'modules' | 'right' | 'allowed'>;

const targets = new Map<string, Promise<Target>>();

/** Of two sets the wider one that is here: a probe would choose by their speed. */
async function cpuTarget(backend: 'wasm' | 'native'): Promise<Target> {
  const webgpu = { adapter: null, allowSoftware: true, limits: {} };
  const open = (variant: KernelVariant) => nodeTarget({ backend }, { threads: THREADS, variant, webgpu });
  if (backend === 'wasm') return open(revectorizeFlag() === undefined ? 'simd-relaxed' : 'simd256');
  const wide = await open('avx512');
  return wide.state === 'open' ? wide : open('avx2');
}

/** Threads of every machine: slices have work tiles for each. */
const THREADS = 2;

/** TypeScript kernels in this process; the project's own where none are given. */
const scalarTarget = (modules?: ModuleKernels): Promise<Target> =>
  openTarget({
    host: 'node',
    open: async () => ({ ...createScalarHost('this CPU', 2 ** 33, modules), kill: () => {} }),
  });

function targetOf({ kernel, modules }: Pick<Runnable, 'kernel' | 'modules'>): Promise<Target> {
  if (modules !== undefined) return scalarTarget(modules);
  const { backend } = kernel;
  const known = targets.get(backend);
  if (known !== undefined) return known;
  const webgpu = { adapter: null, allowSoftware: true, limits: {} };
  const target =
    backend === 'wasm' || backend === 'native'
      ? cpuTarget(backend)
      : nodeTarget({ backend }, { threads: THREADS, variant: null, webgpu });
  targets.set(backend, target);
  return target;
}

/** Ends what targets hold. */
export async function closeTargets(): Promise<void> {
  for (const target of targets.values()) {
    const opened = await target;
    if (opened.state === 'open') await opened.close();
  }
}

/** Runs it as a user's run does, its samples timed by their FLOPs. */
export async function runMutant(mutant: Runnable, setting: Setting): Promise<Outcome> {
  const pool = createHostPool();
  try {
    const target = await targetOf(mutant);
    if (target.state !== 'open') return { state: 'skipped', text: target.reason };
    const { workload, full, budgetSeconds } = setting;
    const steady = steadyTarget(target, full);
    const { measurements } = await caseEnd(
      measureCase(workload, [{ kernel: mutant.kernel, target: steady.target }], pool, {
        ...{
          data: { kind: 'drawn', seed: 1 },
          seed: 1,
          full,
          budgetSeconds,
          samples: full ? 2 : 6,
          processes: 1,
          baseline: null,
        },
        ...{ signal: new AbortController().signal, devices: new Map(), firstRound: 0 },
      }),
    );
    const [m] = measurements;
    if (m?.state === 'failed') return ofMessage(m.message);
    if (m?.state === 'skipped') return { state: 'skipped', text: m.reason };
    const last = steady.last();
    if (last === undefined) return { state: 'failed', text: 'measured, and nothing was verified' };
    // The right kernel runs beside it on the same host; a TypeScript one needs a host of its own.
    const right = mutant.modules === undefined ? steady.target : await scalarTarget();
    if (right.state !== 'open') return { state: 'failed', text: right.reason };
    const { rows, differ } = await rowsThatDiffer(mutant.right, right, pool, last);
    if (differ === 0) return { state: 'not met', text: `${rows} rows ran, as the right kernel writes them` };
    const allowed = mutant.allowed?.[setting.name];
    const found = `${differ} of ${rows} rows differ`;
    return allowed === undefined
      ? { state: 'missed', text: found }
      : { state: 'allowed', text: `${found}: ${allowed}` };
  } finally {
    await pool.close();
  }
}

/** What a message says in a word. A mutant that ends in another way, by a crash, is not caught by verification. */
function ofMessage(message: string): Outcome {
  const rows = /^wrong result: (\d+) of the (\d+) rows/.exec(message);
  if (rows !== null) return { state: 'caught', text: `${rows[1]} of ${rows[2]} rows wrong` };
  if (/^wrong result: relative error/.test(message)) return { state: 'caught', text: 'by the oracle' };
  const unwritten = /wrote nothing into (\d+) of its (\d+)/.exec(message);
  return unwritten === null
    ? { state: 'failed', text: message }
    : { state: 'caught', text: `${unwritten[1]} of ${unwritten[2]} rows unwritten` };
}
