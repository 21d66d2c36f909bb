/** JSON of files that anybody may have written: its texts steer nothing, its names are no properties of JavaScript's own. */

import { withoutSteering } from '../messages.ts';

/** Properties that every object has. Vega 6 looks a text of such a name up in its own objects, and fails. */
const OWN_NAMES = new Set(Object.getOwnPropertyNames(Object.prototype));
/** Invisible and without width. */
const WORD_JOINER = '\u2060';
/** Levels of a value of JSON. A record has seven; thousands would overflow the stack of whoever walks them. */
export const DEEPEST = 50;

/** Says that a value is nested deeper than anything here is. */
export class TooDeepError extends RangeError {
  override name = 'TooDeepError';
}

/**
 * A value of JSON in which names are text everywhere: steering characters stand as their code, "\\u001b", and the name of a
 * property that every object has gets an invisible character, so that it is none. Throws TooDeepError below 50 levels.
 */
export function plainJson(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return plainString(value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth > DEEPEST) throw new TooDeepError(`it is nested deeper than ${DEEPEST} levels`);
  const plain = (item: unknown) => plainJson(item, depth + 1);
  if (Array.isArray(value)) return value.map(plain);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [plainString(key), plain(item)]));
}

const plainString = (text: string) => (OWN_NAMES.has(text) ? `${text}${WORD_JOINER}` : withoutSteering(text));
