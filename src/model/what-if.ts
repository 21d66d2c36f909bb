/** AVO's kernel on another chip: the fitted constants, scaled by what the simulation says about the change. */

import { HEADLINE_TFLOPS } from '../compare/claims.ts';
import { expand, presetAxes } from '../problem/sweep.ts';
import type { Workload } from '../problem/workload.ts';
import { DEFAULT_TIMING, type Timing } from './assumptions.ts';
import { type Constants, predictTflops } from './calibrate.ts';
import { B200, type Chip, ratesOf } from './chip.ts';
import { type Evidence, evidenceFor } from './evidence.ts';
import { fitLibrary } from './libraries.ts';
import { moveConstants } from './moved-constants.ts';
import { AVO_DESIGN } from './pipeline.ts';
import { demandOf, type Resource, roofline } from './roofline.ts';
import { steadyState } from './steady-state.ts';

/** One workload on B200 and on the changed chip. */
export interface WhatIfPoint {
  workload: Workload;
  /** TFLOPS by the model on B200 and on the changed chip, and the roofline of that chip. */
  b200: number;
  model: number;
  roofline: number;
  binds: Resource;
}

/** How many multiprocessors, or which clock, would reach the target on the changed chip; null if none would. */
export interface Needs {
  target: number;
  units: number | null;
  clockHz: number | null;
}

/** Everything that `bench model what-if` shows. */
export interface WhatIf {
  chip: Chip;
  /** Clocks of a block in the simulation, on B200 and on the changed chip. */
  blockClocks: { b200: number; changed: number };
  points: WhatIfPoint[];
  needs: Needs;
  /** Published devices that have a changed number, and what the same forecast gives for them. */
  evidence: Evidence[];
}

/** AVO's kernel on B200 with some rates changed, and with some clocks of its simulation. */
export function whatIf(changes: Partial<Chip>, timing: Partial<Timing> = {}): WhatIf {
  const chip = { ...B200, ...changes };
  const fitted = fitLibrary('AVO');
  const base = steadyState(AVO_DESIGN, B200);
  const moving = { ...DEFAULT_TIMING, ...timing };
  const moved = steadyState(AVO_DESIGN, chip, moving);
  const constants = moveConstants(fitted, { to: chip, timing: moving });
  const points = expand(presetAxes('mha')).map((shape): WhatIfPoint => {
    const workload: Workload = { ...shape, dtype: 'bf16' };
    const limit = roofline(demandOf(workload), ratesOf(chip));
    const rooflineTflops = demandOf(workload).multiplyAdd / limit.bound / 1e12;
    return {
      workload,
      b200: predictTflops(workload, fitted, B200.units, 'tokens'),
      // The constants know nothing about main memory, but no kernel can pass the roofline.
      model: Math.min(rooflineTflops, predictTflops(workload, constants, chip.units, 'tokens')),
      roofline: rooflineTflops,
      binds: limit.binds,
    };
  });
  return {
    chip,
    blockClocks: { b200: base.blockClocks, changed: moved.blockClocks },
    points,
    needs: needsFor(HEADLINE_TFLOPS, constants, chip),
    evidence: evidenceFor(chip, moving),
  };
}

/** The smallest number of multiprocessors and the lowest clock that reach the target at 32k without a mask. */
function needsFor(target: number, constants: Constants, chip: Chip): Needs {
  const workload = expand(presetAxes('mha')).find((w) => w.seqKv === 32768 && w.mask === 'full') as Workload;
  const bf16: Workload = { ...workload, dtype: 'bf16' };
  const reached = predictTflops(workload, constants, chip.units, 'tokens');
  const memory = roofline(demandOf(bf16), ratesOf({ ...chip, clockHz: 1e15 }));
  if (demandOf(bf16).multiplyAdd / memory.bound / 1e12 < target) return { target, units: null, clockHz: null };
  const most = 4096;
  let units: number | null = null;
  for (let count = 1; count <= most && units === null; count += 1) {
    if (predictTflops(workload, constants, count, 'tokens') >= target) units = count;
  }
  return { target, units, clockHz: chip.clockHz * (target / reached) };
}
