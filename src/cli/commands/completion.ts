/** bench completion: the script with which a shell completes commands, options and their values. */

import type { Declare } from '../command.ts';
import { nameArgument } from '../options/arguments.ts';
import { SHELLS } from '../options/names.ts';

const SETUP = `
Set it up once:
  bash        echo 'source <(bench completion bash)' >> ~/.bashrc
              (it needs the package bash-completion)
  zsh         echo 'source <(bench completion zsh)' >> ~/.zshrc
              (below the line with compinit)
  fish        bench completion fish > ~/.config/fish/completions/bench.fish
  powershell  bench completion powershell >> $PROFILE`;

/** A script for one shell, on stdout. */
export const declareCompletion: Declare = (command, finish) => {
  command
    .description(
      'Print the script that lets a shell complete commands, options, kernels and other values. It asks bench itself, which has to be on the PATH.',
    )
    .addArgument(nameArgument('<shell>', `your shell: ${SHELLS.join(', ')}`, 'shell', SHELLS))
    .addHelpText('after', SETUP)
    .action(async (shell: string) => {
      const { printScript } = await import('../actions/completion.ts');
      printScript(shell);
      finish(0);
    });
};
