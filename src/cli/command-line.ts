/** The command line as a record keeps it. */

let fromDefaults: readonly string[] = [];

/** Takes the options that came from defaults of the user's own and shape what is measured; none of an earlier run stay. */
export function addDefaults(options: readonly string[]): void {
  fromDefaults = options;
}

/** The command line that measures the same without those defaults: what was given, then they. */
export const commandLine = () => [...process.argv.slice(2), ...fromDefaults];
