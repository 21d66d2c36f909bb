/** A tile from a file against the shipped one: the same fields, of the same kinds. */

import type { Configuration } from './kernel.ts';

/** What is wrong with the fields of a tile, or undefined. Numbers are whole and above 0; words are among those allowed. */
export function fieldProblem(
  config: Configuration,
  shipped: object,
  words: Record<string, readonly string[]>,
): string | undefined {
  const names = Object.keys(shipped);
  const missing = names.find((name) => !(name in config));
  if (missing !== undefined) return `it has no '${missing}'`;
  const extra = Object.keys(config).find((name) => !names.includes(name));
  if (extra !== undefined) return `it has an unknown field '${extra}'`;
  for (const [name, value] of Object.entries(config)) {
    const allowed = words[name];
    if (allowed !== undefined) {
      if (!allowed.includes(String(value))) return `'${name}' is ${value}, not ${allowed.join(' or ')}`;
    } else if (typeof value !== 'number' || !Number.isInteger(value) || value < 1) {
      return `'${name}' is ${value}, not a whole number above 0`;
    }
  }
  return undefined;
}

/** Every combination of some values of fields, over a base. */
export function combinations<T extends object>(base: T, values: { [Name in keyof T]?: readonly T[Name][] }): T[] {
  const entries = Object.entries(values) as [keyof T, readonly T[keyof T][]][];
  return entries.reduce<T[]>(
    (list, [name, choices]) => list.flatMap((item) => choices.map((value) => ({ ...item, [name]: value }))),
    [base],
  );
}

/** Equal in every field. */
export function sameConfiguration(a: object, b: object): boolean {
  return JSON.stringify(Object.entries(a).sort()) === JSON.stringify(Object.entries(b).sort());
}
