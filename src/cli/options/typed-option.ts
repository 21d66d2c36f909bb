/** Options of commander that know the type of their value, and groups of them. */

import { type Command, Option } from 'commander';
import { badNumber, UsageError } from '../../messages.ts';
import { choose } from '../nearest.ts';

/** Reads what stands after an option on the command line; throws UsageError, in one line, where it cannot. */
export type Parser<T> = (text: string, option: string) => T;

/** An option whose values are of type T. Its default is given here and nowhere else. */
export class TypedOption<T> extends Option {
  readonly initial: T;
  /** The option that turns this one off, where there is one: `--no-chart`. */
  opposite: Option | null = null;
  /** A default of the user's own, from a file or a variable; src/cli/user-defaults.ts puts it here. */
  user: { value: T } | null = null;
  /** False where no default of the user's own is taken: what else decides is said where it is set. */
  takesDefault = true;
  /** The values that it cannot stand beside, by name. */
  excludes: readonly string[] = [];
  /** Values that a shell completes beside the choices. */
  suggested: readonly string[] = [];
  /** Whether it takes several values with commas between them. */
  listed = false;

  /** `initial` is the value without the option; `described` says it in the help where the value itself would not. */
  constructor(flags: string, description: string, initial: T, described?: string) {
    super(flags, description);
    this.initial = initial;
    this.default(initial, described);
  }

  override conflicts(names: string | string[]): this {
    this.excludes = [...this.excludes, names].flat();
    return super.conflicts(names);
  }

  /** Lets a shell complete these values. */
  suggest(values: readonly string[]): this {
    this.suggested = values;
    return this;
  }

  /** Lets `--no-NAME` give the value false. */
  orNot(description: string): TypedOption<T | false> {
    this.opposite = new Option(`--no-${this.name()}`, description);
    return this;
  }
}

/** An option with one value. */
export function option<T, I>(
  flags: string,
  description: string,
  parse: Parser<T>,
  initial: I,
  described?: string,
): TypedOption<T | I> {
  const made = new TypedOption<T | I>(flags, description, initial, described);
  made.argParser((text) => parse(text, made.long ?? flags));
  return made;
}

/** An option that gathers values when it is repeated, each of them once. */
export function list<T, I extends readonly T[] | null>(
  flags: string,
  description: string,
  parse: Parser<readonly T[]>,
  initial: I,
  described?: string,
): TypedOption<readonly T[] | I> {
  const made = new TypedOption<readonly T[] | I>(flags, description, initial, described);
  made.listed = true;
  // Commander hands the default to the first call: what the user gives replaces it.
  return made.argParser((text, previous: readonly T[] | null) => [
    ...new Set([...(previous === initial ? [] : (previous ?? [])), ...parse(text, made.long ?? flags)]),
  ]);
}

/** An option with one of a few values. A misspelt one is answered with the nearest. */
export function choice<const T extends string, const I extends T | null>(
  flags: string,
  description: string,
  choices: readonly T[],
  initial: I,
  described?: string,
): TypedOption<T | I> {
  const made = option(flags, description, (text, name) => choose(name, text, choices), initial, described);
  made.argChoices = [...choices];
  return made;
}

/** An option without a value: true where it is given. */
export const toggle = (flags: string, description: string) => new TypedOption<boolean>(flags, description, false);

/** An option that has to be given. */
export function required(flags: string, description: string): TypedOption<string> {
  const made = new TypedOption(flags, description, '');
  made.default(undefined).makeOptionMandatory();
  return made;
}

/** Text as it stands. */
export const asText: Parser<string> = (text) => text;

/** A parser of whole numbers from `minimum` to `maximum`. */
export const wholeNumber =
  (minimum: number, maximum: number): Parser<number> =>
  (text, option) =>
    numberWithin(option, text, minimum, maximum, true);

/** A parser of numbers from `minimum` to `maximum`. */
export const anyNumber =
  (minimum: number, maximum: number): Parser<number> =>
  (text, option) =>
    numberWithin(option, text, minimum, maximum, false);

function numberWithin(option: string, text: string, minimum: number, maximum: number, whole: boolean): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (!(value >= minimum && value <= maximum) || (whole && !Number.isInteger(value))) {
    throw new UsageError(
      badNumber(option, text, `${whole ? 'a whole number' : 'a number'} from ${minimum} to ${maximum}`),
    );
  }
  return value;
}

/** Options by the names of their values. */
export type OptionGroup = Record<string, TypedOption<unknown>>;

/** The values of a group, with the type of each option. */
export type ValuesOf<G extends OptionGroup> = { [K in keyof G]: G[K] extends TypedOption<infer T> ? T : never };

/** Puts a group under a heading of the help. */
export function under<G extends OptionGroup>(heading: string, group: G): G {
  for (const item of Object.values(group)) {
    item.helpGroup(heading);
    item.opposite?.helpGroup(heading);
  }
  return group;
}

/** Adds a group to a command. */
export function addOptions(command: Command, group: OptionGroup): Command {
  for (const [name, item] of Object.entries(group)) {
    if (item.attributeName() !== name) throw new RangeError(`${item.flags} cannot give the value '${name}'`);
    command.addOption(item);
    if (item.opposite !== null) command.addOption(item.opposite);
  }
  return command;
}

/** The values of a group where the user gives none. */
export function defaultsOf<G extends OptionGroup>(group: G): ValuesOf<G> {
  // Each name keeps the value of its own option, which Object.fromEntries cannot know.
  return Object.fromEntries(Object.entries(group).map(([name, { initial }]) => [name, initial])) as ValuesOf<G>;
}

/** The values of a group that the user gives: on the command line, else as a default of their own. */
export function givenOf<G extends OptionGroup>(command: Command, group: G): Partial<ValuesOf<G>> {
  const values = Object.entries(group).flatMap(([name, { user }]): [string, unknown][] => {
    // addOptions has checked that commander stores each option under its name in the group.
    if (command.getOptionValueSource(name) === 'cli') return [[name, command.getOptionValue(name)]];
    return user === null ? [] : [[name, user.value]];
  });
  return Object.fromEntries(values) as Partial<ValuesOf<G>>;
}

/** The values of a group: what the user gives, else what the caller fixes, else the defaults. */
export function valuesOf<G extends OptionGroup>(
  command: Command,
  group: G,
  fixed: Partial<ValuesOf<G>> = {},
): ValuesOf<G> {
  return { ...defaultsOf(group), ...fixed, ...givenOf(command, group) };
}
