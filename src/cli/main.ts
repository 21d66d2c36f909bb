/** The command line: every command by name, the one that is asked for loaded, one exit code at the end. */

import { existsSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { firstLineOf, messageLine, UsageError, unexpected } from '../messages/errors.ts';
import { seeHelp } from '../messages/input.ts';
import type { Finish } from './command.ts';
import { setCommandLine } from './command-line.ts';
import { COMMANDS } from './commands/index.ts';
import { HELP } from './help.ts';
import { outliveStreams } from './terminal/closed-streams.ts';
import { ownVersion } from './versions.ts';

const DEFAULTS_HELP = `
Defaults of your own: attnbench.config.json in this folder, such as
{"budget": 10}, and variables, such as ATTNBENCH_BUDGET=10, which win over it.`;

/** Runs the command line, without a word the tour, and returns the exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  const words = argv.slice(2);
  outliveStreams();
  try {
    if (words.length > 0) return await runCommand(words);
    const { showTour } = await import('./actions/tour.ts');
    return await showTour(runCommand);
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (error instanceof UsageError) {
      process.stderr.write(`${messageLine(error.message)}\n`);
      return 2;
    }
    throw error;
  }
}

/** What is said of an error that no input should cause. */
export const unexpectedLine = (error: unknown) => `${messageLine(unexpected(firstLineOf(error)))}\n`;

/** Runs the command that the words ask for; its exit code. */
async function runCommand(words: readonly string[]): Promise<number> {
  let exitCode = 0;
  const program = await createProgram(words, (code) => {
    exitCode = code;
  });
  // Commander answers it with the whole help.
  if (words[0] === 'help' && words[1] !== undefined && !words[1].startsWith('-')) await checkCommand(words[1]);
  setCommandLine(words);
  if (hasUserDefaults()) program.hook('preAction', (_, command) => useUserDefaults(command));
  await program.parseAsync([...words], { from: 'user' });
  return exitCode;
}

/** Throws UsageError, with the nearest, where no command has this name. */
async function checkCommand(name: string): Promise<void> {
  const { choose } = await import('./nearest.ts');
  choose('bench help', name, [...COMMANDS.flatMap(({ commands }) => commands.map((command) => command.name)), 'help']);
}

const hasUserDefaults = () =>
  existsSync('attnbench.config.json') || Object.keys(process.env).some((name) => name.startsWith('ATTNBENCH_'));

/** Loaded only where there are any. Completion takes none: it measures nothing, and its answers are for a shell. */
async function useUserDefaults(command: Command): Promise<void> {
  if (command.name().startsWith('complet')) return;
  const { takeUserDefaults } = await import('./user-defaults.ts');
  const names = COMMANDS.flatMap(({ commands }) => commands.map(({ name }) => name));
  await takeUserDefaults(command, () => createProgram(names, () => {}));
}

/**
 * The program with the names and summaries of all commands. Options and actions are there for those commands whose names are
 * among `words`, so that the help of the program loads no other file.
 */
export async function createProgram(words: readonly string[], finish: Finish): Promise<Command> {
  const program = new Command('bench')
    .description(
      'How fast is attention on this machine, and how far is that from the published B200 figures?\n\nbench alone is a tour of ten seconds. Then: bench mha --seq 32k',
    )
    .usage('<command> [options]')
    .exitOverride()
    .showSuggestionAfterError()
    .configureHelp(HELP)
    .configureOutput(oneLine(seeHelp('bench', 'commands')));
  for (const { heading, commands } of COMMANDS) {
    program.commandsGroup(heading);
    for (const { name, summary, load } of commands) {
      // Commands inherit the settings above.
      const command = program.command(name).summary(summary);
      if (words.includes(name)) (await load())(command, finish);
      for (const each of [command, ...command.commands]) {
        const path = each === command ? `bench ${name}` : `bench ${name} ${each.name()}`;
        addHelp(each).configureOutput(oneLine(seeHelp(path, each.commands.length > 0 ? 'commands' : 'options')));
      }
    }
  }
  program.addHelpText('after', DEFAULTS_HELP);
  if (words[0] === 'complete') declareComplete(program);
  return addHelp(program).version(ownVersion(), '-V, --version', 'show the version');
}

/** What the scripts of bench completion call, `bench complete -- WORDS`: no command for people, so no help lists it. */
function declareComplete(program: Command): void {
  program
    .command('complete', { hidden: true })
    .argument('[words...]')
    .action(async (words: string[]) => {
      const { printCompletions } = await import('./actions/completion.ts');
      printCompletions(await createProgram(words, () => {}), words);
    });
}

/** An error of commander in one line that ends with the next step. */
const oneLine = (nextStep: string) => ({
  outputError: (text: string, write: (line: string) => void) =>
    write(`${messageLine(`${text.trim().replaceAll('\n', ' ').replace(/\.$/, '')}; ${nextStep}`)}\n`),
});

/** The help of a command, and where it has commands of its own, of each of those. */
function addHelp(command: Command): Command {
  const group = command.commands.length > 0;
  if (group) command.commandsGroup('Help:').helpCommand('help [command]', 'show the help of a command');
  return command.optionsGroup(group ? 'Options:' : 'Help:').helpOption('-h, --help', 'show this help');
}
