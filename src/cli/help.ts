/** How the help is worded and set: choices and defaults once, in brackets, without quotes. */

import type { Command, HelpConfiguration, Option } from 'commander';

/** The most columns of the help, however wide the terminal is. */
const WIDTH = 80;

/** The columns of the help: those of a narrow terminal, else the most that it takes. */
const helpWidth = () => (process.stdout.isTTY ? Math.min(process.stdout.columns || WIDTH, WIDTH) : WIDTH);

/** For configureHelp of the program; commands inherit it. */
export const HELP: HelpConfiguration = {
  helpWidth: helpWidth(),
  subcommandTerm: (command) => command.name(),
  optionDescription: describeOption,
};

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
  help.helpWidth = helpWidth();
  const width = Math.max(...items.map(({ name }) => name.length));
  const lines = items.map(({ name, summary }) => help.formatItem(name, width, summary, help));
  return [heading, ...lines].join('\n');
}
