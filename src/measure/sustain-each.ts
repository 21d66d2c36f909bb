/** The kernels of a case, each by itself without a pause, with the clock of the CPU where it can be read. */

import type { HostPool } from '../host/pool.ts';
import { clockLost, messageOf } from '../messages.ts';
import { openClock } from './clock-reader.ts';
import type { Runner } from './runner.ts';
import type { StopSignal } from './stop.ts';
import { sustain } from './sustain.ts';

/** What happens meanwhile; `seconds` are those that are over for all kernels together. */
export type SustainEvent = { kind: 'progress'; text: string; seconds: number } | { kind: 'notice'; text: string };

/** Each kernel by itself without a pause, one after the other; what it did is left with its runner. */
export async function* sustainEach(
  runners: readonly Runner[],
  pool: HostPool,
  seconds: number,
  signal: StopSignal,
): AsyncGenerator<SustainEvent, void, void> {
  let over = 0;
  for (const runner of runners) {
    const { contender, samples, ended } = runner;
    const { kernel, target, ceiling } = contender;
    if (signal.aborted || ended !== null || ceiling === true || samples.length === 0) continue;
    if (target.state !== 'open') continue;
    await runner.keepRows();
    const texts: string[] = [];
    const notice = (text: string) => texts.push(`${kernel.name}: ${text}`);
    const clock = await openClock(target, pool).catch((error) => {
      notice(clockLost(messageOf(error)));
      return null;
    });
    const going = sustain({ run: () => runner.again(), seconds, clock, signal }, notice);
    let step = await going.next();
    for (; step.done !== true; step = await going.next()) {
      const text = `${kernel.name}, without a pause for ${step.value.toFixed(0)} of ${seconds} s`;
      yield { kind: 'progress', text, seconds: over + step.value };
    }
    over += seconds;
    runner.sustained = step.value;
    await clock?.close().catch((error) => notice(clockLost(messageOf(error))));
    for (const text of texts) yield { kind: 'notice', text };
  }
}
