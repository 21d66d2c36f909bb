/** The table of the adapter that bench bringup begins with, and of what ran on it. */

import { formatDuration } from '../format.ts';
import type { Environment } from '../host/contract.ts';
import type { AdapterInfo } from '../host/gpu/adapter-description.ts';
import type { Bringup } from '../measure/bringup/outcome.ts';
import { formatLimits } from './limits-text.ts';
import { markdownTable } from './markdown-table.ts';

/** Adapter, software, features, matrices, limits, clocks and the command line; without a device only what is known. */
export function bringupDeviceTable({ environment, versions, startedAt, plan, argv }: Bringup): string {
  const stack = [
    ...[`attnbench ${versions['attnbench']}`, `Node ${versions['node']}`],
    ...(versions['webgpu'] === undefined ? [] : [`Dawn of webgpu ${versions['webgpu']}`]),
    ...[`${versions['platform']}`, startedAt.slice(0, 10)],
  ];
  const run = [
    `\`${['bench', ...argv].join(' ')}\``,
    ...(plan === null ? [] : [plan.quick ? 'quick plan' : 'whole plan', `${plan.budgetSeconds} s`]),
  ];
  return markdownTable(
    ['', ''],
    [...(environment === null ? [] : deviceRows(environment)), ['software', stack.join(', ')], ['run', run.join(', ')]],
  );
}

function deviceRows({ device, adapter, deviceLimits, listedMatrices }: Environment): string[][] {
  const { clock } = device;
  const { selfTest } = clock;
  const clocks = [
    `${clock.clock}, steps of ${formatDuration(clock.quantumSeconds)}, empty submission ${formatDuration(clock.emptySeconds)}`,
    ...(selfTest === undefined
      ? []
      : [
          `self-test ${formatDuration(selfTest.gpuSeconds)} by the GPU, ${formatDuration(selfTest.wallSeconds)} by the wall clock`,
        ]),
  ];
  const features = device.features.filter((name) => name !== 'core-features-and-limits');
  return [
    ['adapter', `${namesOf(adapter) || device.name}${device.software ? ' (software)' : ''}`],
    ['features', [features.join(', '), ...subgroupsOf(adapter)].join('; ')],
    ['matrices', matricesOf(listedMatrices)],
    ['limits', formatLimits(deviceLimits)],
    ['clock', clocks.join('; ')],
  ];
}

/** All that an adapter says of itself, the driver among it; "" where it says nothing. */
function namesOf(adapter: AdapterInfo | undefined): string {
  if (adapter === undefined) return '';
  const { vendor, architecture, device, description } = adapter;
  return [vendor, architecture, device, description].filter((text) => text !== '').join(', ');
}

function subgroupsOf(adapter: AdapterInfo | undefined): string[] {
  if (adapter === undefined || adapter.subgroupMaxSize === 0) return [];
  const { subgroupMinSize: low, subgroupMaxSize: high } = adapter;
  return [`subgroups of ${low === high ? low : `${low} to ${high}`}`];
}

/** Each configuration of subgroup matrices that is listed; those that a kernel uses are marked. */
function matricesOf(listed: Environment['listedMatrices']): string {
  if (listed === undefined) return 'no subgroup matrices';
  if (listed.length === 0) return 'the feature is there, but no configuration is listed';
  return listed
    .map(({ m, n, k, component, result, used }) => `${m}x${n}x${k} ${component} to ${result}${used ? ' (used)' : ''}`)
    .join(', ');
}
