/** The nearest known name to a misspelt one. */

import { distance } from 'fastest-levenshtein';
import { badChoice, UsageError } from '../messages.ts';

/** `text` if it is one of `choices`; otherwise throws UsageError naming the nearest. */
export function choose<T extends string>(option: string, text: string, choices: readonly T[]): T {
  const exact = choices.find((choice) => choice === text);
  if (exact !== undefined) return exact;
  const nearest = [...choices].sort((a, b) => distance(text, a) - distance(text, b))[0] ?? '';
  throw new UsageError(badChoice(option, text, nearest, choices));
}
