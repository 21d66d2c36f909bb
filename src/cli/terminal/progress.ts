/** Progress on stderr: a bar with an estimate on a terminal, lines elsewhere. */

import { Presets, SingleBar } from 'cli-progress';
import { type ProgressState, progressNow } from '../../report/progress-text.ts';
import { sayLine } from './output.ts';

/** How a command shows its progress. */
export interface Progress {
  /** What is being done now, how much is done, 0 to 1, and the seconds that are left where they are known. */
  update(share: number, message: string, secondsLeft?: number): void;
  /** A line that stays. */
  say(line: string): void;
  stop(): void;
}

/** A bar is no longer, and where it would be shorter there is none. */
const LONGEST_BAR = 40;
const SHORTEST_BAR = 6;
const { barCompleteChar, barIncompleteChar } = Presets.shades_classic;

/** The line of progress: within `columns`, and true whenever it is drawn, since the time that is left goes down by itself. */
export function progressLine({ share, message, secondsLeft, sinceSeconds }: ProgressState, columns: number): string {
  const { share: now, left } = progressNow({ share, secondsLeft, sinceSeconds });
  const text = `${Math.min(99, Math.round(now * 100))} %${left === '' ? '' : `, ${left}`} · ${message}`;
  // The last column stays free: some terminals wrap when it is written.
  const room = columns - 1;
  const size = Math.min(LONGEST_BAR, room - text.length - 1);
  if (size >= SHORTEST_BAR) {
    const full = Math.round(now * size);
    return `${barCompleteChar.repeat(full)}${barIncompleteChar.repeat(size - full)} ${text}`;
  }
  return text.length <= room ? text : `${text.slice(0, room - 1)}…`;
}

/** Progress on stderr; nothing at all if `quiet`. */
export function createProgress(quiet: boolean): Progress {
  if (quiet || !process.stderr.isTTY) return { update() {}, say: quiet ? () => {} : sayLine, stop() {} };
  let [share, message, secondsLeft, toldAt]: [number, string, number | null, number] = [0, '', null, Date.now()];
  const options = {
    stream: process.stderr,
    clearOnComplete: true,
    hideCursor: true,
    // Called for each redraw, several times a second, and written where the line has changed.
    format: () => {
      const sinceSeconds = (Date.now() - toldAt) / 1000;
      return progressLine({ share, message, secondsLeft, sinceSeconds }, process.stderr.columns);
    },
    gracefulExit: false,
  };
  const bar = new SingleBar(options, Presets.shades_classic);
  let running = false;
  const stop = () => {
    if (running) bar.stop();
    running = false;
  };
  return {
    update(nowShare, nowMessage, nowLeft) {
      [share, message, secondsLeft, toldAt] = [nowShare, nowMessage, nowLeft ?? null, Date.now()];
      if (!running) bar.start(100, 0);
      running = true;
      bar.update(Math.min(99, Math.round(share * 100)));
    },
    say(line) {
      stop();
      sayLine(line);
    },
    stop,
  };
}
