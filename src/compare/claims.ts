/** What the report claims, claim by claim: how it words it, its configuration and source, and what can be said of it here. */

import claims from '../../results/published/report-claims.json' with { type: 'json' };

/**
 * What this tool can say of a claim. 'measured': this machine runs the same workload or technique. 'modelled': the model
 * of B200 gives a figure for it. 'quoted': it stands as it was published.
 */
export type ClaimState = 'measured' | 'modelled' | 'quoted';

/** One claim of the report. A bound ("at most +3.5 %") is not a measured figure, and no figure is derived from it. */
export interface Claim {
  id: string;
  text: string;
  /** The value as the report words it. */
  printed: string;
  /** The value as a number; null where the claim is no single number. */
  value: number | null;
  unit: 'TFLOPS' | 'percent' | 'minutes' | null;
  kind: 'printed' | 'bound' | 'described';
  /** The configuration of the value. */
  where: string;
  state: ClaimState;
  /** What this tool can say of it, in a sentence or two. */
  here: string;
  /** The command that shows it. */
  command: string;
  source: string;
}

/** The report's claims about AVO and Gemma 4, in its order. */
export const CLAIMS = claims as readonly Claim[];

/** The report's headline, TFLOPS: AVO, MHA without a mask at 32k. */
export const HEADLINE_TFLOPS = CLAIMS.find(({ id }) => id === 'mha-peak')?.value ?? Number.NaN;
