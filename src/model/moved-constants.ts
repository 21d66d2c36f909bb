/** The constants of a kernel on another chip: those fitted on B200, scaled by what the simulation says about the change. */

import { DEFAULT_TIMING, type Timing } from './assumptions.ts';
import type { Constants } from './calibrate.ts';
import { B200, type Chip } from './chip.ts';
import { AVO_DESIGN } from './pipeline.ts';
import { steadyState } from './steady-state.ts';

/** What a constant was fitted at, and what it is moved to. */
export interface Move {
  to: Chip;
  /** Clocks of the simulation on the new chip; those on B200 are `timingThere`. */
  timing: Timing;
  timingThere?: Timing;
  /** The clock at which the figures on B200 were measured; the figures do not say it. */
  clockThereHz?: number;
}

/**
 * Scales seconds with the simulated clocks and with the clock rate: the masked block like the block, the fixed cost by
 * itself.
 */
export function moveConstants(fitted: Constants, { to, timing, timingThere, clockThereHz }: Move): Constants {
  const base = steadyState(AVO_DESIGN, B200, timingThere ?? DEFAULT_TIMING);
  const moved = steadyState(AVO_DESIGN, to, timing);
  const perClock = (clockThereHz ?? B200.clockHz) / to.clockHz;
  const block = (moved.blockClocks / base.blockClocks) * perClock;
  return {
    block: fitted.block * block,
    fixed: fitted.fixed * (moved.fixedClocks / base.fixedClocks) * perClock,
    diagonal: fitted.diagonal * block,
  };
}
