/** What a file of commands/ exports: the options and the action of one command. */

import type { Command } from 'commander';

/** Takes the exit code of a command: 0 ok, 1 a case failed, 2 usage, 130 interrupted. */
export type Finish = (exitCode: number) => void;

/** Gives a command, which has its name and its summary, everything else. */
export type Declare = (command: Command, finish: Finish) => void;
