/** Completion in a shell: its script, and the answers to what the script asks. The shells are the work of @bomb.sh/tab. */

import { RootCommand, ShellCompDirective, script } from '@bomb.sh/tab';
import type { Argument, Command, Option } from 'commander';
import { SuggestedArgument } from '../options/arguments.ts';
import { TypedOption } from '../options/typed-option.ts';

/** Prints the script of a shell. */
export function printScript(shell: string): void {
  script(shell, 'bench', 'bench');
  // The script of bash never falls back to files; registered so, it does where the answer allows it.
  if (shell === 'bash') process.stdout.write('complete -o default -F __bench_complete bench\n');
}

/** Prints what may stand in place of the last of `words`, one a line with what it means, then a directive to the shell. */
export function printCompletions(program: Command, words: readonly string[]): void {
  const place = valuePlace(program, words);
  if (place === null) {
    namesOf(program).parse([...words]);
    return;
  }
  // Behind a comma another value begins.
  const before = place.listed ? place.text.slice(0, place.text.lastIndexOf(',') + 1) : '';
  const fitting = place.values.map((value) => before + value).filter((value) => value.startsWith(place.text));
  process.stdout.write(`${[...fitting, `:${place.directive}`].join('\n')}\n`);
}

/** Where a value is to be completed: what may stand there, and what of it is typed. */
interface ValuePlace {
  values: readonly string[];
  listed: boolean;
  text: string;
  /** Whether the shell may offer files or folders. */
  directive: number;
}

/** The value of an option, or an argument that has suggestions; null where a command or an option is to be completed. */
function valuePlace(program: Command, words: readonly string[]): ValuePlace | null {
  const text = words.at(-1) ?? '';
  const command = commandOf(program, words.slice(0, -1));
  const [, flag, joined] = /^(--[^=]+)=(.*)$/.exec(text) ?? [];
  const option = takingValue(command, flag ?? words.at(-2));
  if (option !== undefined) {
    const typed = option instanceof TypedOption ? option : null;
    const values = [...(option.argChoices ?? []), ...(typed?.suggested ?? [])];
    return { values, listed: typed?.listed ?? false, text: joined ?? text, directive: directiveOf(option) };
  }
  const argument = text.startsWith('-') ? undefined : argumentAt(program, command, words);
  if (!(argument instanceof SuggestedArgument)) return null;
  const directive = argument.orFile
    ? ShellCompDirective.ShellCompDirectiveDefault
    : ShellCompDirective.ShellCompDirectiveNoFileComp;
  return { values: argument.suggested, listed: false, text, directive };
}

/** The innermost command that the words name. */
function commandOf(program: Command, words: readonly string[]): Command {
  return words.reduce((command, word) => command.commands.find((sub) => sub.name() === word) ?? command, program);
}

/** The argument of the command that the last word is; undefined where it has no more. */
function argumentAt(program: Command, command: Command, words: readonly string[]): Argument | undefined {
  const before = words.slice(0, -1);
  const plain = before.filter((word, i) => !word.startsWith('-') && takingValue(command, before[i - 1]) === undefined);
  let names = 0;
  for (let each: Command | null = command; each !== null && each !== program; each = each.parent) names += 1;
  const last = command.registeredArguments.at(-1);
  return command.registeredArguments[plain.length - names] ?? (last?.variadic ? last : undefined);
}

const takingValue = (command: Command, flag: string | undefined): Option | undefined =>
  command.options.find((option) => option.long === flag && (option.required || option.optional));

/** Whether a value is a file, a folder or neither, by what the help calls it. */
function directiveOf({ flags, argChoices }: Option): number {
  if (argChoices !== undefined) return ShellCompDirective.ShellCompDirectiveNoFileComp;
  if (flags.endsWith('<folder>')) return ShellCompDirective.ShellCompDirectiveFilterDirs;
  return /<(file|path|which)>$/.test(flags)
    ? ShellCompDirective.ShellCompDirectiveDefault
    : ShellCompDirective.ShellCompDirectiveNoFileComp;
}

/** The names of commands and options, with the lines of the help. */
function namesOf(program: Command): RootCommand {
  const root = new RootCommand();
  const declare = (command: Command, path: string) => {
    const help = command.createHelp();
    const target = path === '' ? root : root.command(path, help.subcommandDescription(command));
    for (const option of help.visibleOptions(command)) {
      const [name, alias] = [option.long?.slice(2) ?? '', option.short?.slice(1)];
      const takesValue = option.required || option.optional;
      if (takesValue) target.option(name, option.description, () => {}, alias);
      else if (alias === undefined) target.option(name, option.description);
      else target.option(name, option.description, alias);
    }
    for (const sub of help.visibleCommands(command)) declare(sub, path === '' ? sub.name() : `${path} ${sub.name()}`);
  };
  declare(program, '');
  return root;
}
