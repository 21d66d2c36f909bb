/** How the help is worded and set: choices and defaults once, in brackets, without quotes. */

import type { Command, HelpConfiguration, Option } from 'commander';

/** For configureHelp of the program; commands inherit it. */
export const HELP: HelpConfiguration = {
  subcommandTerm: (command) => command.name(),
  optionDescription: describeOption,
};

/** Columns of the help where stdout is no terminal. */
const WIDTH = 80;

function describeOption({ description, argChoices, defaultValue, defaultValueDescription }: Option): string {
  const value: unknown = defaultValue;
  const plain = typeof value === 'string' || typeof value === 'number' ? String(value) : null;
  const shown = defaultValueDescription ?? plain;
  const notes = [argChoices?.join(', '), shown === null ? null : `default: ${shown}`].filter((note) => note != null);
  return notes.length === 0 ? description : `${description} (${notes.join('; ')})`;
}

/** A list of names, each with its text, as the help sets options. */
export function formatNames(command: Command, heading: string, items: readonly { name: string; summary: string }[]) {
  const help = command.createHelp();
  help.helpWidth = process.stdout.isTTY ? process.stdout.columns : WIDTH;
  const width = Math.max(...items.map(({ name }) => name.length));
  const lines = items.map(({ name, summary }) => help.formatItem(name, width, summary, help));
  return [heading, ...lines].join('\n');
}
