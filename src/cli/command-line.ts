/** The command line as a record keeps it. */

let given: readonly string[] = [];
let fromDefaults: readonly string[] = [];

/** Takes the words of a command that is about to run; nothing of an earlier one stays. */
export function setCommandLine(words: readonly string[]): void {
  [given, fromDefaults] = [words, []];
}

/** Takes the options that came from defaults of the user's own and shape what is measured. */
export function addDefaults(options: readonly string[]): void {
  fromDefaults = options;
}

/** The command line that measures the same without those defaults: what was given, then they. */
export const commandLine = () => [...given, ...fromDefaults];
