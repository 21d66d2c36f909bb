/** The device panel: what each backend runs on here, or why it cannot run. */

import { formatDuration } from '../format.ts';
import { byId, element } from './dom.ts';
import type { TargetReport } from './messages.ts';
import { inPageWords } from './words.ts';

/** Marks what is shown as out of date until `showDevices` is called. */
export function askingDevices(): void {
  byId('devices', HTMLElement).ariaBusy = 'true';
}

/** Shows each target of the page, or why it cannot be used. */
export function showDevices(targets: readonly TargetReport[]): void {
  const panel = byId('devices', HTMLElement);
  panel.ariaBusy = 'false';
  panel.replaceChildren(
    ...targets.flatMap(({ backend, environment, unavailable }) => {
      const device = environment?.device;
      const text =
        device === undefined
          ? `not available: ${unavailable}`
          : [
              `${device.name}${device.software ? ' (software: a CPU emulates the GPU)' : ''}`,
              ...(backend === 'webgpu'
                ? [
                    device.features.includes('shader-f16') ? 'f16' : 'no f16',
                    device.features.includes('subgroups') ? 'subgroups' : 'no subgroups',
                  ]
                : []),
              ...(device.threads === null ? [] : [`${device.threads} thread${device.threads === 1 ? '' : 's'}`]),
              ...(device.variant === null ? [] : [`${device.variant} (${device.variantReason})`]),
              `${device.clock.clock === 'wall' ? 'wall clock' : 'GPU timestamps'}, quantum ${formatDuration(device.clock.quantumSeconds)}`,
              ...(device.clock.note === null ? [] : [device.clock.note]),
            ].join(' · ');
      return [element('dt', backend), element('dd', inPageWords(text))];
    }),
  );
}
