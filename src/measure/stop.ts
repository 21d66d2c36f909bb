/** An interrupt within a run: whoever waits learns of it at once, and what does not end soon is ended. */

import { interruptedRun } from '../messages.ts';

/** What an AbortSignal is to the loop; declared here, since the core has no DOM types. */
export interface StopSignal {
  readonly aborted: boolean;
  addEventListener(type: 'abort', listener: () => void): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

/** A run or a verification that was given up because of an interrupt: no fault of the contender. */
export class Interrupted extends Error {
  override name = 'Interrupted';
  constructor() {
    super(interruptedRun);
  }
}

/** Seconds after an interrupt that a call on a host may still take. */
const CALL_GRACE_S = 1;
/** Seconds after an interrupt in which verifications may still go on. */
const VERIFY_GRACE_S = 1.7;

/** A signal and how long ago it was given. */
export interface StopWatch {
  readonly signal: StopSignal;
  /** Seconds since the interrupt; 0 without one. */
  secondsSince(): number;
  /** Stops listening. */
  dispose(): void;
}

/** Watches a signal. One that is aborted already counts from now. */
export function watchStop(signal: StopSignal): StopWatch {
  let abortedAt = signal.aborted ? performance.now() : undefined;
  const onAbort = () => {
    abortedAt ??= performance.now();
  };
  signal.addEventListener('abort', onAbort);
  return {
    signal,
    secondsSince: () => (abortedAt === undefined ? 0 : (performance.now() - abortedAt) / 1000),
    dispose: () => signal.removeEventListener('abort', onAbort),
  };
}

/**
 * A call that `end` stops if it has not ended a second after an interrupt; it then throws Interrupted. Without an interrupt
 * it is the call itself.
 */
export async function stoppable<T>(signal: StopSignal, end: () => void, call: () => Promise<T>): Promise<T> {
  let ended = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const onAbort = () => {
    timer = setTimeout(() => {
      ended = true;
      end();
    }, CALL_GRACE_S * 1000);
  };
  signal.addEventListener('abort', onAbort);
  // An interrupt before the call began has no event any more.
  if (signal.aborted) onAbort();
  try {
    return await call();
  } catch (error) {
    throw ended ? new Interrupted() : error;
  } finally {
    signal.removeEventListener('abort', onAbort);
    clearTimeout(timer);
  }
}

/** Milliseconds of work between two looks at what else is to be done. */
const BREATH_MS = 50;

/**
 * Runs steps to their end and returns their result. Now and then it lets the process do other things, so that an interrupt is
 * heard; some time after one it throws Interrupted.
 */
export async function runSteps<T>(steps: Generator<void, T, void>, watch: StopWatch): Promise<T> {
  let before = performance.now();
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
    if (performance.now() - before < BREATH_MS) continue;
    await new Promise<void>((resolve) => {
      setTimeout(resolve, 0);
    });
    if (watch.secondsSince() > VERIFY_GRACE_S) throw new Interrupted();
    before = performance.now();
  }
}
