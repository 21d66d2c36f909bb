/** Runs random shapes between guard pages, in child processes: one that dies costs the shape that it was at. */

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { InstructionSet } from '../../kernels/device.ts';
import type { Part } from './guarded-memory.ts';

/** What came of the shape of a seed. `died`: the process that ran it ended, by a signal or with a code. */
export interface GuardedOutcome {
  seed: number;
  state: 'right' | 'wrong' | 'refused' | 'died';
  message: string;
}

/** Outcomes of `count` shapes from seed `first` on, as they come. */
export async function* guardedShapes(
  set: InstructionSet,
  first: number,
  count: number,
  shorter?: Part,
): AsyncGenerator<GuardedOutcome> {
  const end = first + count;
  for (let next = first; next < end; ) {
    const args = [set, String(next), String(end - next), ...(shorter === undefined ? [] : [shorter])];
    const child = spawn(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', fileURLToPath(new URL('./child.ts', import.meta.url)), ...args],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    const closed = new Promise<string>((resolve) => {
      child.once('close', (code, signal) => resolve(signal ?? `exit code ${code}`));
    });
    let words = '';
    child.stderr.on('data', (chunk: Buffer) => {
      words = `${words}${chunk.toString()}`.slice(-2000);
    });
    let at = next;
    for await (const line of createInterface({ input: child.stdout })) {
      const { seed, state, message } = JSON.parse(line) as GuardedOutcome & { state?: GuardedOutcome['state'] };
      at = seed;
      if (state === undefined) continue;
      yield { seed, state, message };
      next = seed + 1;
    }
    const ending = await closed;
    if (next === end) return;
    yield { seed: at, state: 'died', message: `seed ${at}: ${ending} ${words}`.trim() };
    next = at + 1;
  }
}
