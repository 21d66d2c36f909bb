/** The command line: every command from its own file, one exit code at the end. */

import { Command, CommanderError } from 'commander';
import { UsageError } from '../messages.ts';
import { addAttentionCommand } from './commands/attention.ts';
import { addCeilingsCommand } from './commands/ceilings.ts';
import { addCompareCommand } from './commands/compare.ts';
import { addListingCommands } from './commands/listings.ts';
import { addModelCommand } from './commands/model.ts';
import { addReportCommand } from './commands/report.ts';
import { addReproCommand } from './commands/repro.ts';
import { addPageCommands } from './commands/serve.ts';
import { addSourceCommands } from './commands/show.ts';
import { addSuiteCommand } from './commands/suite.ts';
import { addTuneCommand } from './commands/tune.ts';
import { addVerifyCommand } from './commands/verify.ts';
import { ownVersion } from './versions.ts';

/** Runs the command line and returns the exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  let exitCode = 0;
  const finish = (code: number) => {
    exitCode = code;
  };
  const program = new Command('bench')
    .description(
      'How fast is attention on this machine, and how far is that from the published B200 figures?\n\nStart with: bench mha --seq 32k',
    )
    .version(ownVersion())
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(`${text.trim().replaceAll('\n', ' ')}\n`) });
  addAttentionCommand(program, 'mha', finish);
  addAttentionCommand(program, 'gqa', finish);
  addSuiteCommand(program, finish);
  addListingCommands(program, finish);
  addCeilingsCommand(program, finish);
  addTuneCommand(program, finish);
  addModelCommand(program, finish);
  addReportCommand(program, finish);
  addCompareCommand(program, finish);
  addReproCommand(program, finish);
  addPageCommands(program, finish);
  addSourceCommands(program, finish);
  addVerifyCommand(program, finish);
  for (const command of program.commands) {
    command.exitOverride().showSuggestionAfterError().copyInheritedSettings(program);
  }
  try {
    await program.parseAsync([...argv]);
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (error instanceof UsageError) {
      process.stderr.write(`${error.message}\n`);
      return 2;
    }
    throw error;
  }
}
