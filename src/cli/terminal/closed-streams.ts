/** Streams that fail: a reader that has seen enough, such as head, and a full disk behind stdout end no measurement. */

import { stdoutFailed } from '../../messages/notices.ts';

let listening = false;

/** Goes on where stdout or stderr has been closed; any other failure of stdout is said once, and the exit code is then 1. */
export function outliveStreams(): void {
  if (listening) return;
  listening = true;
  process.stderr.on('error', () => {
    // Nobody reads it any more, so nobody can be told.
  });
  let told = false;
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE' || told) return;
    told = true;
    process.stderr.write(`${stdoutFailed(error.code ?? error.message)}\n`);
    process.once('exit', () => {
      process.exitCode ||= 1;
    });
  });
}
