/** Ctrl-C: the first asks the measuring loop to end, the second ends the process. */

import type { Progress } from './progress.ts';

/** The first interrupt asks the measuring loop to end; a second one ends the process at once. */
export function stopOnInterrupt(progress: Progress) {
  const state = {
    aborted: false,
    dispose: () => {
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, onSignal);
    },
  };
  const onSignal = () => {
    if (state.aborted) process.exit(130);
    state.aborted = true;
    progress.say('Stopping after the current run; press Ctrl-C again to stop at once.');
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, onSignal);
  return state;
}
