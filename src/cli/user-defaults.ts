/**
 * Defaults of the user's own: attnbench.config.json in the working folder and variables such as ATTNBENCH_BUDGET. The command
 * line wins over variables, they over the file, and the file over what is built in.
 */

import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { defaultErrors, defaultsUsed, messageOf, UsageError } from '../messages.ts';
import { readText } from '../record/files.ts';
import { addDefaults } from './command-line.ts';
import { nearestOf } from './nearest.ts';
import { OUTPUT } from './options/run.ts';
import { TypedOption } from './options/typed-option.ts';
import { sayLine } from './terminal/output.ts';

/** The file of defaults, in the working folder. */
export const DEFAULTS_FILE = 'attnbench.config.json';
/** What the names of variables begin with. */
export const DEFAULTS_PREFIX = 'ATTNBENCH_';

/** A default as it is written. */
interface WrittenDefault {
  /** The name of an option, without its dashes. */
  name: string;
  value: unknown;
  /** Where it stands, for messages: the variable, or the file. */
  source: string;
}

/**
 * Gives the options of a command that is about to run the defaults of the user's own, and says in one line which are used.
 * `program` holds every command with its options. Throws UsageError for names and values that cannot be used.
 */
export async function takeUserDefaults(command: Command, program: () => Promise<Command>): Promise<void> {
  const own = new Map(typedOptions(command).map((item) => [nameOf(item), item]));
  const written = [...(await fromFile(command, program)), ...fromVariables(process.env)];
  const foreign = written.filter(({ name }) => !own.has(name));
  if (foreign.length > 0) refuseUnknown(foreign, optionNames(await program()));
  // The last one of a name wins.
  const last = written.filter(({ name }, index) => written.findLastIndex((item) => item.name === name) === index);
  const given = [...own.values()].filter((option) => command.getOptionValueSource(option.attributeName()) === 'cli');
  const used = last.flatMap((item) => {
    const option = own.get(item.name);
    // What stands on the command line shuts out whatever cannot stand beside it.
    if (!option?.takesDefault || given.some((other) => excludesOther(option, other))) return [];
    return [{ option, source: item.source, words: takeDefault(option, item) }];
  });
  const decisive = used.filter(({ option }) => !given.includes(option));
  refuseConflicts(decisive);
  addDefaults(decisive.filter(({ option }) => option.helpGroupHeading !== OUTPUT).flatMap(({ words }) => words));
  const shown = Map.groupBy(
    decisive.filter(({ words }) => words.length > 0),
    ({ source }) => source,
  );
  if (shown.size > 0 && !isQuiet(command)) {
    const lines = [...shown].map(([source, all]) => `${all.flatMap(({ words }) => words).join(' ')} (${source})`);
    sayLine(defaultsUsed(lines));
  }
}

const typedOptions = (command: Command) => command.options.filter((item) => item instanceof TypedOption);
const nameOf = (option: TypedOption<unknown>) => (option.long ?? option.flags).replace(/^--/, '');

const excludesOther = (one: TypedOption<unknown>, other: TypedOption<unknown>) =>
  one.excludes.includes(other.attributeName()) || other.excludes.includes(one.attributeName());

function refuseConflicts(used: readonly { option: TypedOption<unknown>; source: string }[]): void {
  for (const [index, { option, source }] of used.entries()) {
    const other = used.slice(index + 1).find((item) => excludesOther(option, item.option));
    if (other !== undefined) {
      const [one, two] = [`${nameOf(option)} (${source})`, `${nameOf(other.option)} (${other.source})`];
      throw new UsageError(defaultErrors.conflict(one, two));
    }
  }
}

function isQuiet(command: Command): boolean {
  const quiet = typedOptions(command).find((item) => nameOf(item) === 'quiet');
  return quiet !== undefined && (command.getOptionValue('quiet') === true || quiet.user?.value === true);
}

/** The names of all options of all commands. */
function optionNames(program: Command): string[] {
  const commands = program.commands.flatMap((command) => [command, ...command.commands]);
  return [...new Set(commands.flatMap((command) => typedOptions(command).map(nameOf)))];
}

/** The defaults of the file: those at its top, then those under the name of the command. */
async function fromFile(command: Command, program: () => Promise<Command>): Promise<WrittenDefault[]> {
  if (!existsSync(DEFAULTS_FILE)) return [];
  const all = objectOf(parse(readText(DEFAULTS_FILE)), DEFAULTS_FILE);
  const defaults = (object: Record<string, unknown>) =>
    Object.entries(object).map(([name, value]) => ({ name, value, source: DEFAULTS_FILE }));
  const top = defaults(all).filter(({ value }) => typeof value !== 'object' || value === null || Array.isArray(value));
  const sections = Object.keys(all).filter((name) => !top.some((item) => item.name === name));
  const commands = sections.length === 0 ? [] : (await program()).commands.map((item) => item.name());
  const unknown = sections.find((name) => !commands.includes(name));
  if (unknown !== undefined) {
    throw new UsageError(defaultErrors.noCommand(DEFAULTS_FILE, unknown, nearestOf(unknown, commands)));
  }
  const names = [command.parent?.name(), command.name()];
  return [
    ...top,
    ...sections.filter((name) => names.includes(name)).flatMap((name) => defaults(objectOf(all[name], name))),
  ];
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UsageError(defaultErrors.notJson(DEFAULTS_FILE, messageOf(error)));
  }
}

function objectOf(value: unknown, name: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new UsageError(defaultErrors.noObject(DEFAULTS_FILE, name));
}

/** The defaults of variables; an empty one is none. */
function fromVariables(env: NodeJS.ProcessEnv): WrittenDefault[] {
  return Object.entries(env)
    .filter(([variable, value]) => variable.startsWith(DEFAULTS_PREFIX) && value !== '')
    .map(([variable, value]) => {
      const name = variable.slice(DEFAULTS_PREFIX.length).toLowerCase().replaceAll('_', '-');
      return { name, value, source: variable };
    });
}

function refuseUnknown(written: readonly WrittenDefault[], known: readonly string[]): void {
  const unknown = written.find(({ name }) => !known.includes(name));
  if (unknown === undefined) return;
  const { name, source } = unknown;
  const nearest = nearestOf(name, known);
  if (source === DEFAULTS_FILE) throw new UsageError(defaultErrors.noOption(`${source}: '${name}'`, nearest));
  const variable = nearest === null ? null : DEFAULTS_PREFIX + nearest.toUpperCase().replaceAll('-', '_');
  throw new UsageError(defaultErrors.noOption(source, variable));
}

/** Gives an option its default; the words that do the same on a command line, none where it changes nothing. */
function takeDefault(option: TypedOption<unknown>, { name, value, source }: WrittenDefault): string[] {
  const place = source === DEFAULTS_FILE ? `${source}: ${name}` : source;
  const long = option.long ?? option.flags;
  if (option.mandatory) throw new UsageError(defaultErrors.noDefault(place, long));
  if (!option.required && !option.optional) {
    const on = truthOf(value);
    if (on === null) throw new UsageError(defaultErrors.notTrueOrFalse(place, shown(value)));
    option.user = { value: on };
    return on ? [long] : [];
  }
  if (option.opposite !== null && truthOf(value) === false) {
    option.user = { value: false };
    return [option.opposite.long ?? long];
  }
  const texts = textsOf(value);
  if (texts === null) throw new UsageError(defaultErrors.noText(place));
  option.user = { value: texts.reduce((previous, text) => read(option, text, previous, place), option.initial) };
  return texts.flatMap((text) => [long, text]);
}

/** As the option reads what stands behind it, with messages that name the place. */
function read(option: TypedOption<unknown>, text: string, previous: unknown, place: string): unknown {
  try {
    return option.parseArg === undefined ? text : option.parseArg(text, previous);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    const { message } = error;
    const long = option.long ?? option.flags;
    throw new UsageError(message.startsWith(long) ? place + message.slice(long.length) : `${place}: ${message}`);
  }
}

/** A value in a message; lists are not, since one may hold anything. */
const shown = (value: unknown) => (Array.isArray(value) ? '[...]' : typeof value === 'object' ? 'null' : String(value));

/** Variables hold text: 1 and true, 0 and false. */
function truthOf(value: unknown): boolean | null {
  if (value === true || value === 'true' || value === '1') return true;
  return value === false || value === 'false' || value === '0' ? false : null;
}

/** One value or a list of them as texts; null for anything else. */
function textsOf(value: unknown): string[] | null {
  const values: unknown[] = Array.isArray(value) ? value : [value];
  const plain = values.every((item) => ['string', 'number', 'boolean'].includes(typeof item));
  return plain && values.length > 0 ? values.map(String) : null;
}
