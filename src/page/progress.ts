/** The progress of a run on the page: a bar, and a line whose estimate counts down by itself. */

import { progressNow } from '../report/progress-text.ts';
import { byId, tell } from './dom.ts';

/** How often the estimate is shown anew, in milliseconds. */
const EVERY = 500;

let ticking: ReturnType<typeof setInterval> | undefined;

/** Shows what was told of a run, and what becomes of it with time, until the next call or `endProgress`. */
export function showProgress(share: number, message: string, secondsLeft: number | null): void {
  clearInterval(ticking);
  const toldAt = performance.now();
  const show = () => {
    const sinceSeconds = (performance.now() - toldAt) / 1000;
    const now = progressNow({ share, secondsLeft, sinceSeconds });
    byId('bar', HTMLProgressElement).value = now.share;
    tell('status', now.left === '' ? message : `${message} · ${now.left}`);
  };
  show();
  ticking = setInterval(show, EVERY);
}

/** What is on the page stays as it is. */
export function endProgress(): void {
  clearInterval(ticking);
}
