/** Ctrl-C: the first asks the measuring loop to end, the second ends the process. */

import { stoppingSoon } from '../../messages.ts';
import type { Progress } from './progress.ts';

/** Listens for SIGINT and SIGTERM until `dispose`; `aborted` is true from the first one on, and the second ends the process. */
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
    progress.say(stoppingSoon);
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, onSignal);
  return state;
}
