/** The libraries that are modelled: which figures their constants are fitted on, and what their work tiles hold. */

import { publishedFigures } from '../compare/published-figures.ts';
import type { Published } from '../record/measurement.ts';
import { type Constants, fitConstants } from './calibrate.ts';
import { B200 } from './chip.ts';
import type { Packing } from './schedule.ts';

/** A library whose figures on B200 are modelled. */
export type Library = 'AVO' | 'cuDNN' | 'FA4';
/** All of them, in the order in which they are shown. */
export const LIBRARIES: readonly Library[] = ['AVO', 'cuDNN', 'FA4'];

/** Whether a name is that of a library whose figures are modelled. */
export const isLibrary = (name: string): name is Library => (LIBRARIES as readonly string[]).includes(name);

/** What the rows of each library's work tiles are, and how that is known. */
export const PACKING: Record<Library, { packing: Packing; packingSource: string }> = {
  AVO: { packing: 'tokens', packingSource: 'assumed: its source is not published' },
  cuDNN: { packing: 'tokens', packingSource: 'assumed: its source is not published' },
  FA4: {
    packing: 'tokens-and-group',
    packingSource: 'FA4 packs the query heads of a group with the tokens (its source)',
  },
};

/** True for multi-head attention: each query head has a KV head of its own. */
const isMha = ({ workload }: Published) => workload.queryHeads === workload.kvHeads;

/** True for the five figures that a library's constants come from: MHA without a mask, and causal MHA at 4k. */
export function isFitted(figure: Published): boolean {
  if (!isMha(figure) || !figure.source.startsWith('AVO')) return false;
  return figure.workload.mask === 'full' || figure.workload.seqKv === 4096;
}

/** The constants of a library, from the AVO paper's figures. Throws RangeError if `figures` lacks one of the five. */
export function fitLibrary(library: Library, figures: readonly Published[] = publishedFigures('avo')): Constants {
  const fitted = figures.filter((figure) => figure.library === library && isFitted(figure));
  const full = fitted.filter(({ workload }) => workload.mask === 'full');
  const causal = fitted.find(({ workload }) => workload.mask === 'causal');
  if (full.length !== 4 || causal === undefined) throw new RangeError(`the figures of ${library} are not complete`);
  return fitConstants(full, causal, B200.units);
}
