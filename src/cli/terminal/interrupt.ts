/** Ctrl-C: the first ends what is measured within seconds, the second ends the process at once. */

import { stoppingSoon } from '../../messages.ts';
import type { Progress } from './progress.ts';

/** Listens for SIGINT and SIGTERM until `dispose`; the first aborts `signal`, the second ends the process. */
export function stopOnInterrupt(progress: Progress) {
  const controller = new AbortController();
  const { signal } = controller;
  const onSignal = () => {
    if (signal.aborted) process.exit(130);
    progress.say(stoppingSoon);
    controller.abort();
  };
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, onSignal);
  return {
    signal,
    dispose: () => {
      for (const name of ['SIGINT', 'SIGTERM'] as const) process.off(name, onSignal);
    },
  };
}
