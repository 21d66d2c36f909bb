/** Arguments of commands whose values a shell can complete. */

import { Argument } from 'commander';
import { choose } from '../nearest.ts';
import { ALL_KERNEL_NAMES } from './names.ts';

/** An argument with values that can be completed. */
export class SuggestedArgument extends Argument {
  readonly suggested: readonly string[];
  /** Whether it may be a file as well. */
  readonly orFile: boolean;

  /** `suggested` are values that it can have, among others. */
  constructor(flags: string, description: string, suggested: readonly string[], orFile: boolean) {
    super(flags, description);
    this.suggested = suggested;
    this.orFile = orFile;
  }
}

/** One of a few names; a misspelt one is answered with the nearest, as one of `what`. */
export function nameArgument(flags: string, description: string, what: string, names: readonly string[]) {
  return new SuggestedArgument(flags, description, names, false).argParser((text) => choose(what, text.trim(), names));
}

/** A kernel, experiments and ablations included. */
export const kernelArgument = () =>
  nameArgument('<kernel>', 'name of a kernel; bench kernels lists them', 'kernel', ALL_KERNEL_NAMES);

/** A run, or several: files, or names that src/cli/run-names.ts finds. */
export const runArgument = (flags: string, description: string) =>
  new SuggestedArgument(flags, description, ['last', 'last~1'], true);
