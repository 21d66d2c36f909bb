/** A check of bench doctor: what was looked at, how it is, and what to do about it. */

/**
 * 'ok': it works. 'warning': something does not work, or works less well, and measuring does. 'fails': nothing can be measured
 * until it is mended.
 */
export type CheckState = 'ok' | 'warning' | 'fails';

/** One line of bench doctor. */
export interface Check {
  name: string;
  state: CheckState;
  /** What was found. */
  text: string;
  /** What to do; null where there is nothing to be done. */
  advice: string | null;
}

/** It works. */
export const ok = (name: string, text: string): Check => ({ name, state: 'ok', text, advice: null });

/** Something is not as good as it could be, and what to do, where anything can be done. */
export const warning = (name: string, text: string, advice: string | null): Check => ({
  name,
  state: 'warning',
  text,
  advice,
});

/** Nothing can be measured until this is mended. */
export const fails = (name: string, text: string, advice: string | null): Check => ({
  name,
  state: 'fails',
  text,
  advice,
});
