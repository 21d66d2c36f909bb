/** Progress on stderr: a bar with an estimate on a terminal, lines elsewhere. */

import { Presets, SingleBar } from 'cli-progress';
import { sayLine } from './output.ts';

/** How a command shows its progress. */
export interface Progress {
  /** What is being done now, and how much of the budget is spent, 0 to 1. */
  update(share: number, message: string): void;
  /** A line that stays. */
  say(line: string): void;
  stop(): void;
}

/** Progress on stderr; nothing at all if `quiet`. */
export function createProgress(quiet: boolean): Progress {
  if (quiet || !process.stderr.isTTY) return { update() {}, say: quiet ? () => {} : sayLine, stop() {} };
  const options = {
    stream: process.stderr,
    clearOnComplete: true,
    hideCursor: true,
    format: '{bar} {percentage} %, {seconds} s left · {message}',
    gracefulExit: false,
  };
  const bar = new SingleBar(options, Presets.shades_classic);
  const begin = Date.now();
  let running = false;
  const stop = () => {
    if (running) bar.stop();
    running = false;
  };
  return {
    update(share, message) {
      const elapsed = (Date.now() - begin) / 1000;
      const seconds = share > 0.02 ? Math.ceil((elapsed / share) * (1 - share)) : '?';
      if (!running) bar.start(100, 0, { message, seconds });
      running = true;
      bar.update(Math.min(99, Math.round(share * 100)), { message: message.slice(0, 60), seconds });
    },
    say(line) {
      stop();
      sayLine(line);
    },
    stop,
  };
}
