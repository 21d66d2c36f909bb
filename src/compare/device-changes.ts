/** Published devices that differ from another in a number that the model has: what they gained where both were measured. */

import changes from '../../results/published/device-changes.json' with { type: 'json' };
import type { Published } from '../record/measurement.ts';
import { publishedFigures } from './published-figures.ts';

/** A device beside the one that it changes, and the numbers that it changes. */
export interface DeviceChange {
  device: string;
  over: string;
  library: string;
  version: string;
  /** Multiprocessors, clock in MHz, exponentials a clock and multiprocessor; those that are left out are the same. */
  changes: { units?: number; clockMHz?: number; exponentialsPerClock?: number };
  /** How far the rest is the same, in a sentence or two. */
  unchanged: string;
  source: string;
}

/** All of them, a device after the one that it changes. */
export const DEVICE_CHANGES: readonly DeviceChange[] = changes;

/** What the same library reached on both devices at one mask and length. */
export interface ChangedFigure {
  before: Published;
  after: Published;
  /** after / before - 1. */
  gain: number;
}

/**
 * The figures of a change, full mask first, then by length. Where both devices have the same workload, that is taken; else
 * the figure of `over` with the same mask and length for MHA in the AVO paper, whose heads are fewer.
 */
export function changedFigures({ device, over, library, version }: DeviceChange): ChangedFigure[] {
  const own = publishedFigures('all').filter((figure) => figure.library === library && figure.version === version);
  const [on, base] = [device, over].map((name) => own.filter((figure) => figure.device === name)) as [
    Published[],
    Published[],
  ];
  const pairs = on.flatMap((after): ChangedFigure[] => {
    const w = after.workload;
    const near = base.filter(({ workload }) => workload.mask === w.mask && workload.seqKv === w.seqKv);
    const before =
      near.find(({ workload }) => workload.queryHeads === w.queryHeads && workload.batch === w.batch) ??
      near.find(({ workload, source }) => workload.queryHeads === workload.kvHeads && source.startsWith('AVO'));
    return before === undefined ? [] : [{ before, after, gain: after.tflops / before.tflops - 1 }];
  });
  const order = ({ after: { workload: w } }: ChangedFigure) => (w.mask === 'full' ? 0 : 1e9) + w.seqKv;
  return pairs.sort((a, b) => order(a) - order(b));
}
