/** The model's constants for each version of AVO's kernel: what its versions made cheaper, and what not. */

import { ONE_LAUNCH_SECONDS } from '../compare/bursts.ts';
import { EVOLUTION, type Version } from '../compare/evolution.ts';
import { publishedFigures } from '../compare/published-figures.ts';
import { publishedGain } from '../compare/technique-gains.ts';
import { withCommas } from '../format.ts';
import { flops } from '../problem/flops.ts';
import { isGrouped, type Mask } from '../problem/workload.ts';
import type { Published } from '../record/measurement.ts';
import { fitConstants } from './calibrate.ts';
import { B200 } from './chip.ts';

/** The constants of a version, in clocks at the nominal rate. */
export interface VersionConstants {
  version: number;
  /** A plain key block of a work tile. */
  blockClocks: number;
  /** What a work tile takes on top of its blocks. */
  fixedClocks: number;
  /** What a masked block takes on top of a plain one; below 0 where the fit makes it the cheaper one. */
  diagonalClocks: number;
}

/** Lengths that a fit without a mask needs: it has two constants, so three leave something to check. */
const FEWEST = 3;

/**
 * The constants of the versions whose rates the drawing has, fitted as those of the libraries are: a block and a work tile on
 * MHA without a mask, a masked block on causal MHA at 4k. Passes of more than 5 ms (32k) are left out: they are timed by one
 * launch, and their error bars are ten times as large (compare/bursts.ts).
 */
export function versionConstants(): VersionConstants[] {
  return EVOLUTION.versions.flatMap((version) => {
    const full = ratesOf(version, 'full').filter(({ workload, rule, tflops }) => {
      return flops(workload, rule) / (tflops * 1e12) <= ONE_LAUNCH_SECONDS;
    });
    const causal = ratesOf(version, 'causal').find(({ workload }) => workload.seqKv === 4096);
    if (full.length < FEWEST || causal === undefined) return [];
    const { block, fixed, diagonal } = fitConstants(full, causal, B200.units);
    const [blockClocks = 0, fixedClocks = 0, diagonalClocks = 0] = [block, fixed, diagonal].map(
      (seconds) => seconds * B200.clockHz,
    );
    return [{ version: version.version, blockClocks, fixedClocks, diagonalClocks }];
  });
}

/** AVO's figures of MHA under a mask with the rates of a version in place of the published ones. */
function ratesOf(version: Version, mask: Mask): Published[] {
  const figures = publishedFigures('avo').filter(
    ({ library, workload }) => library === 'AVO' && !isGrouped(workload) && workload.mask === mask,
  );
  return EVOLUTION.seqs.flatMap((seq, index) => {
    const tflops = version[mask].tflops[index];
    const figure = figures.find(({ workload }) => workload.seqKv === seq);
    return figure === undefined || tflops == null ? [] : [{ ...figure, tflops }];
  });
}

/** What branch-free rescaling did to the constants, and what all versions after it did. */
export function versionFinding(versions: readonly VersionConstants[]): string {
  const { before, after } = publishedGain('branchless');
  const [old, first, last] = [before, after, versions.at(-1)?.version].map((number) =>
    versions.find(({ version }) => version === number),
  );
  if (old === undefined || first === undefined || last === undefined) {
    throw new RangeError('the evolution lacks a version of branch-free rescaling');
  }
  const clocks = (value: number) => withCommas(Math.round(value));
  return `With branch-free rescaling a plain key block falls from ${clocks(old.blockClocks)} to ${clocks(first.blockClocks)} clocks; at version ${last.version} it takes ${clocks(last.blockClocks)}, and a work tile ${clocks(last.fixedClocks)} besides its blocks in place of ${clocks(first.fixedClocks)}`;
}
