/** Opens the targets of a run and pairs its kernels with them, in the configurations that bench tune found for them there. */

import type { Kernel } from '../../../kernels/kernel.ts';
import type { Contender } from '../../host/pool.ts';
import type { OpenTarget, Target } from '../../host/target.ts';
import { configured } from '../../measure/configured.ts';
import { configurationsIgnored, configurationUnusable, configurationUsed, UsageError } from '../../messages.ts';
import type { Case } from '../../problem/cases.ts';
import type { Workload } from '../../problem/workload.ts';
import { formatHeadDims, formatTunedMask } from '../../problem/workload.ts';
import { sayLine } from '../terminal/output.ts';
import { type OpenTargets, openTargets, type TargetRequest } from './open-targets.ts';
import { findConfiguration, readConfigurations, type TunedConfiguration } from './tuned-configurations.ts';

/** Which kernels a command runs, where, and in which configurations. */
export interface ContenderRequest extends TargetRequest {
  /** 'default': the shipped configurations; a file of them; null: those of bench tune, where it has found better ones. */
  tiles: string | null;
}

/** The contenders of every case, on targets that are open. */
export interface OpenContenders {
  /** In the order that their devices have in a record. */
  targets: readonly Target[];
  contendersOf(planned: Case): readonly Contender[];
  /** Closes what was opened and never acquired. */
  close(): Promise<void>;
}

/**
 * Opens the targets of the cases, once for each number of threads that they ask for, and pairs the kernels with them. Notices
 * go to `say`; what is wrong with a configuration goes to stderr even if the user wants quiet.
 */
export async function openContenders(
  cases: readonly Case[],
  request: ContenderRequest,
  say: (line: string) => void,
): Promise<OpenContenders> {
  const configurations = configurationsFor(request.kernels, request.tiles);
  const workloads = cases.map(({ workload }) => workload);
  const [opened, notices, problems]: [OpenTargets[], Set<string>, Set<string>] = [[], new Set(), new Set()];
  const contenders = new Map<number | null, Contender[]>();
  const close = async () => void (await Promise.all(opened.map((targets) => targets.close())));
  try {
    for (const threads of new Set(cases.map((planned) => planned.threads))) {
      const targets = await openTargets({ ...request, threads: threads ?? request.threads });
      opened.push(targets);
      const paired = pairKernels(request.kernels, targets, configurations, workloads);
      contenders.set(threads, paired.contenders);
      for (const notice of [...targets.notices, ...paired.notices]) notices.add(notice);
      for (const problem of paired.problems) problems.add(problem);
    }
  } catch (error) {
    await close();
    throw error;
  }
  for (const notice of notices) say(notice);
  for (const problem of problems) process.stderr.write(`${problem}\n`);
  return {
    targets: opened.flatMap(({ targets }) => targets),
    contendersOf: ({ threads }) => contenders.get(threads) ?? [],
    close,
  };
}

/**
 * The tuned configurations for a run of these kernels: of the file `from`, of the cache where it is null, and none where it
 * is 'default'. Throws UsageError for a file that cannot be used.
 */
function configurationsFor(kernels: readonly Kernel[], from: string | null): TunedConfiguration[] {
  // Ablations vary the shipped configuration; beside them the kernel that they vary keeps it too.
  const shipped = from === 'default' || kernels.some(({ ablation }) => ablation !== undefined);
  if (shipped) return [];
  try {
    return readConfigurations(from);
  } catch (error) {
    // A file that the user named has to be right; the cache is the program's own, and its damage stops no command.
    if (from !== null || !(error instanceof UsageError)) throw error;
    sayLine(configurationsIgnored(error.message));
    return [];
  }
}

/** Every kernel on each of its targets, and what the user should know of its configurations for these workloads. */
function pairKernels(
  kernels: readonly Kernel[],
  opened: OpenTargets,
  configurations: readonly TunedConfiguration[],
  workloads: readonly Workload[],
): { contenders: Contender[]; notices: string[]; problems: string[] } {
  const [notices, problems]: [string[], string[]] = [[], []];
  const contenders = kernels.flatMap((kernel) =>
    opened.targetsOf(kernel).map((target): Contender => {
      if (target.state === 'unavailable') return { kernel, target };
      const { device } = target.environment;
      const own = configurations.filter((item) => item.kernel === kernel.name && item.device === device.name);
      if (own.length === 0) return { kernel, target };
      for (const tuned of own) {
        const used = workloads.some((workload) => chosen(kernel, target, [tuned], workload) !== undefined);
        if (used) notices.push(configurationUsed(tuned));
      }
      for (const workload of workloads) {
        const problem = chosen(kernel, target, own, workload)?.problem;
        if (problem !== undefined) problems.push(configurationUnusable(kernel.name, formatHeadDims(workload), problem));
      }
      const usable = (workload: Workload) => {
        const found = chosen(kernel, target, own, workload);
        return found?.problem === undefined ? found?.configuration : undefined;
      };
      return { kernel: configured(kernel, usable), target };
    }),
  );
  return { contenders, notices, problems };
}

/** The configuration for a workload, and why it cannot be used; undefined where there is none. */
function chosen(kernel: Kernel, { environment }: OpenTarget, own: readonly TunedConfiguration[], workload: Workload) {
  const { tunable } = kernel;
  if (tunable === undefined) return undefined;
  const { name, variant } = environment.device;
  const { headDim, headDimV, dtype } = workload;
  const configuration = findConfiguration(own, {
    ...{ kernel: kernel.name, device: name, variant },
    ...{ headDim, headDimV, mask: formatTunedMask(workload), dtype },
  });
  if (configuration === undefined) return undefined;
  return { configuration, problem: tunable.problem(configuration, workload, environment) };
}
