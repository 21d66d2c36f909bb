/** What a caught value says, and the error that stands for a mistake of the user. */

/** A mistake in what the user asked for: one line on stderr, exit code 2, nothing written. */
export class UsageError extends Error {
  override name = 'UsageError';
}

/** What a caught value says: the message of an Error, or the value as text. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Characters that steer a terminal or turn the direction of text. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const STEERING = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** Text in which steering characters, line feeds too, stand as their code: "\\u001b". */
export const withoutSteering = (text: string) =>
  text.replaceAll(STEERING, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** Characters of a message at most: what a user gave may be a megabyte of one word. */
const LONGEST_MESSAGE = 1000;

/** A message in one line that steers nothing. Of a long one the middle is left out: its end says what to do. */
export function messageLine(text: string): string {
  const line = withoutSteering(text);
  return line.length <= LONGEST_MESSAGE ? line : `${line.slice(0, 600)} ... ${line.slice(-300)}`;
}

/** A mistake of this program, for people; Node's own variable shows where it happened. */
export const unexpected = (what: string) =>
  `bench failed: ${what}; this is a mistake of attnbench: report it with the command line and what it prints with NODE_DEBUG=attnbench`;

/** The first line of what a caught value says; drivers and bundlers write many. */
export const firstLineOf = (error: unknown) =>
  messageOf(error)
    .split('\n')
    .find((line) => line.trim() !== '') ?? '';

/** Why an optional package cannot be loaded, without the paths that Node names. */
export function whyNotLoaded(name: string, error: unknown): string {
  const line = firstLineOf(error);
  const [, missing] = /^Cannot find (?:module|package) '([^']*)'/.exec(line) ?? [];
  if (missing === undefined) return line;
  return missing === name ? 'not installed' : 'its binary for this system is not installed';
}
