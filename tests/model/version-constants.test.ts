/** The model's constants for each version of AVO's kernel, from the points of the paper's figures. */

import { describe, expect, it } from 'vitest';
import { EVOLUTION } from '../../src/compare/evolution.ts';
import { B200 } from '../../src/model/chip.ts';
import { fitLibrary } from '../../src/model/libraries.ts';
import { versionConstants, versionFinding } from '../../src/model/version-constants.ts';

const versions = versionConstants();
const of = (version: number) => versions.find((item) => item.version === version);

describe('the constants of the versions', () => {
  it('are fitted for every version that the drawing has whole', () => {
    const whole = EVOLUTION.versions.filter(({ full }) => full.tflops.every((value) => value !== null));
    expect(versions.map(({ version }) => version)).toEqual(whole.map(({ version }) => version));
  });

  it.each([
    [18, 3198],
    [19, 2952],
    [20, 2704],
    [27, 2697],
    [29, 2846],
    [33, 2698],
    [40, 2690],
  ])('version %i: a plain key block takes %i clocks', (version, clocks) => {
    expect(of(version)?.blockClocks.toFixed(0)).toBe(`${clocks}`);
  });

  it('are near those of AVO at its last version, which is the published kernel', () => {
    const { block } = fitLibrary('AVO');
    expect((of(40)?.blockClocks ?? 0) / (block * B200.clockHz)).toBeCloseTo(1, 2);
  });

  it('are summed up in a sentence', () => {
    expect(versionFinding(versions)).toBe(
      'With branch-free rescaling a plain key block falls from 2,952 to 2,704 clocks; at version 40 it takes 2,690, and a work tile 6,497 besides its blocks in place of 9,999',
    );
    expect(() => versionFinding([])).toThrow(RangeError);
  });
});
