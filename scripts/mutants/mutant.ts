/** What a wrong kernel is to the mutation suite, and how texts of programs are edited into one. */

import type { Kernel, Program } from '../../kernels/kernel.ts';
import type { ModuleKernels } from '../../src/host/cpu/scalar-host.ts';
import type { Workload } from '../../src/problem/workload.ts';

/** A workload that mutants run on, and how much of it. */
export interface Setting {
  name: string;
  workload: Workload;
  full: boolean;
  budgetSeconds: number;
}

/** A wrong kernel. */
export interface Mutant {
  family: string;
  /** What is wrong with it. */
  fault: string;
  /** The kernel with the fault built into its programs. */
  kernel: Kernel;
  /** The kernel without it. */
  right: Kernel;
  /** Of a TypeScript kernel: the functions that its host has in place of the project's. */
  modules?: ModuleKernels;
  /** Why rounding may explain the fault in a setting, by the setting's name; such a run is not expected to fail. */
  allowed?: Record<string, string>;
}

/** A mutant's text is no longer in the program: the suite has to be brought up to date. */
export class Stale extends Error {
  override name = 'Stale';
}

/** The text with every match of a pattern replaced. Throws Stale where there is none. */
export function edit(text: string, from: RegExp, to: string): string {
  if (!from.test(text)) throw new Stale(`${from} is not in the program`);
  return text.replace(new RegExp(from.source, from.flags.includes('g') ? from.flags : `${from.flags}g`), to);
}

/** An edit of a program's text. */
export type Change = (text: string) => string;

/** The edit that replaces every match of a pattern. */
export const edited =
  (from: RegExp, to: string): Change =>
  (text) =>
    edit(text, from, to);

/** A kernel whose programs go through a change. */
export const changed = (kernel: Kernel, change: (program: Program) => Program): Kernel => ({
  ...kernel,
  build: (w, device) => change(kernel.build(w, device)),
});
