/** How far a run is, in words that are true whenever they are shown: the time that is left goes down by itself. */

import { formatEstimate } from '../format.ts';

/** What a run told of its progress, and when. */
export interface ProgressState {
  /** 0 to 1. */
  share: number;
  message: string;
  /** Null where they are not known. */
  secondsLeft: number | null;
  /** Seconds since all this was told. */
  sinceSeconds: number;
}

/** The share that is over by now, and the time that is left: "12 s left", or by how much the estimate was wrong; '' where there is none. */
export function progressNow({ share, secondsLeft, sinceSeconds }: Omit<ProgressState, 'message'>): {
  share: number;
  left: string;
} {
  if (secondsLeft === null) return { share, left: '' };
  // Of what was left when it was told, the part that is over now; more than nearly all of it is for the next to say.
  const passed = Math.min(0.9, sinceSeconds / Math.max(secondsLeft, 1e-3));
  const left = secondsLeft - sinceSeconds;
  return {
    share: share + (1 - share) * passed,
    left: left > -1 ? `${formatEstimate(left)} left` : `${formatEstimate(-left)} longer than expected`,
  };
}
