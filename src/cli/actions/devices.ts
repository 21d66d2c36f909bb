/** The text of bench devices: every backend, what would run it, and why not where it cannot run. */

import { KERNELS } from '../../../kernels/index.ts';
import { formatDuration } from '../../format.ts';
import type { Environment } from '../../host/contract.ts';
import { matrixUse } from '../../messages.ts';
import { backendName, ofBackend, recordedDevice } from '../../record/backend.ts';
import { formatLimits } from '../../report/limits-text.ts';
import { keyOf, openTargets, type TargetRequest } from '../targets/open-targets.ts';

/** Opens every backend that is asked for, closes it again, and returns what was there as text. */
export async function listDevices(
  request: Omit<TargetRequest, 'kernels' | 'named'>,
  format: 'table' | 'json',
): Promise<string> {
  // One kernel for each engine: a library has several.
  const kernels = [
    ...new Map(KERNELS.filter(ofBackend(request.backend)).map((kernel) => [keyOf(kernel), kernel])).values(),
  ];
  const { targetsOf, close } = await openTargets({ ...request, kernels, named: true });
  const targets = kernels.flatMap((kernel) =>
    targetsOf(kernel).map((target) => ({ backend: backendName(kernel), target })),
  );
  await close();

  if (format === 'json') {
    const devices = targets.map(({ backend, target }) =>
      target.state === 'open'
        ? { ...recordedDevice(target.environment.device), limits: target.environment.deviceLimits }
        : { backend, unavailable: target.reason },
    );
    return `${JSON.stringify(devices, null, 2)}\n`;
  }
  return targets
    .map(({ backend, target }) => {
      if (target.state === 'unavailable') return `${backend}: not available: ${target.reason}\n`;
      const { device, deviceLimits } = target.environment;
      const { clock } = device;
      const limits = formatLimits(deviceLimits);
      const lines = [
        `${backend}: ${device.name}${device.software ? ' (software)' : ''}${device.browser ? ` in ${device.browser}` : ''}`,
        `  features  ${device.features.join(', ') || 'none'}`,
        ...(device.threads === null ? [] : [`  threads   ${device.threads}`]),
        ...(device.variant === null
          ? []
          : [`  variant   ${device.variant}${device.variantReason === null ? '' : `: ${device.variantReason}`}`]),
        `  clock     ${clock.clock}, quantum ${formatDuration(clock.quantumSeconds)}${clock.emptySeconds > 0 ? `, empty submission ${formatDuration(clock.emptySeconds)}` : ''}`,
        ...(clock.note === null ? [] : [`            ${clock.note}`]),
        ...matrixLines(target.environment.listedMatrices),
        ...(limits === '' ? [] : [`  limits    ${limits}`]),
      ];
      return `${lines.join('\n')}\n`;
    })
    .join('');
}

/** Each configuration of subgroup matrices that a device lists, and whether a kernel uses it; no line without the feature. */
function matrixLines(matrices: Environment['listedMatrices']): string[] {
  if (matrices === undefined) return [];
  const each = matrices.map(
    ({ m, n, k, component, result, used, why }) =>
      `${m}x${n}x${k} of ${component}, sums of ${result}: ${used ? why : `not used: ${why}`}`,
  );
  return (each.length === 0 ? [matrixUse.noneListed] : each).map(
    (line, index) => `  ${(index === 0 ? 'matrices' : '').padEnd(8)}  ${line}`,
  );
}
