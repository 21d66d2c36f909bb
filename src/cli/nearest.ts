/** A name out of a list; a misspelt one is answered with the nearest, where one is near. */

import { distance } from 'fastest-levenshtein';
import { badChoice, UsageError } from '../messages.ts';

/** `text` if it is one of `choices`; otherwise throws UsageError, which names the nearest if it is near. */
export function choose<T extends string>(option: string, text: string, choices: readonly T[]): T {
  const exact = choices.find((choice) => choice === text);
  if (exact !== undefined) return exact;
  throw new UsageError(badChoice(option, text, nearestOf(text, choices), choices));
}

/** Letters by which a name may be misspelt, and the least share of it that has to be right: commander's own measures. */
const MOST_WRONG = 3;
const LEAST_RIGHT = 0.4;

/**
 * The choice that was probably meant: one that begins so or has the same letters, or one that differs in a few; null where
 * none is near.
 */
export function nearestOf(text: string, choices: readonly string[]): string | null {
  const letters = (word: string) => [...word].sort().join('');
  const alike = choices.find(
    (choice) => (text.length >= 3 && choice.startsWith(text)) || letters(choice) === letters(text),
  );
  if (alike !== undefined) return alike;
  const near = choices
    .map((choice) => ({ choice, wrong: distance(text, choice), length: Math.max(text.length, choice.length) }))
    .filter(({ wrong, length }) => wrong <= MOST_WRONG && 1 - wrong / length > LEAST_RIGHT)
    .sort((a, b) => a.wrong - b.wrong);
  return near[0]?.choice ?? null;
}
