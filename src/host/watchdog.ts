/** Watchdogs: a host that does not answer a call in time is ended. Each kind of call has a limit of its own: compiling takes minutes. */

import { answerHung, childHung, prepareHung } from '../messages.ts';
import { largestTensorBytes, sliceShape } from '../problem/slice.ts';
import type { KillableHost } from './target.ts';

/** Longest opening of a host with the test of its clocks, seconds. */
export const OPEN_LIMIT_S = 120;
/** Longest compile, seconds: a software adapter takes minutes for a large shader while the machine is busy. */
const COMPILE_LIMIT_S = 600;
/** Filling tensors takes some 20 ns a value; this many seconds are allowed for each. */
const FILL_LIMIT_S = 500e-9;
/** Longest wait for what takes next to no time. */
const ANSWER_LIMIT_S = 60;
/** Longest wait for the sums of all rows, which take some seconds for outputs of gigabytes. */
const SUMS_LIMIT_S = 600;
/** Copying a byte of output may take this long, seconds: a hundred times what it should. */
const READ_LIMIT_S = 1e-7;
/** What a timer holds, milliseconds. */
const LONGEST_TIMER = 2 ** 31 - 1;

/** What `call` gives; after `limit` seconds without it `end` is called and the promise rejects with `text(limit)`. */
export async function guarded<T>(
  limit: number,
  text: (limit: number) => string,
  end: () => void,
  call: () => Promise<T>,
): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const hung = new Promise<never>((_, reject) => {
    const late = () => {
      reject(new Error(text(limit)));
      end();
    };
    timer = setTimeout(late, Math.min(LONGEST_TIMER, limit * 1000));
  });
  try {
    return await Promise.race([call(), hung]);
  } finally {
    clearTimeout(timer);
  }
}

/** The same host with a watchdog for every call; `runLimit` is the longest run in seconds, asked for as one begins. */
export function watched(host: KillableHost, runLimit: () => number): KillableHost {
  const end = () => host.kill();
  const answer = <T>(method: string, limit: number, call: () => Promise<T>) =>
    guarded(limit, (seconds) => answerHung(method, seconds), end, call);
  return {
    environment: () => answer('environment', ANSWER_LIMIT_S, () => host.environment()),
    compile: (program) => guarded(COMPILE_LIMIT_S, prepareHung, end, () => host.compile(program)),
    prepare(request) {
      const values = (largestTensorBytes(sliceShape(request.workload, request.slice)) / 4) * 3;
      return guarded(COMPILE_LIMIT_S + values * FILL_LIMIT_S, prepareHung, end, () => host.prepare(request));
    },
    run: (id) => guarded(runLimit(), childHung, end, () => host.run(id)),
    read: (id, rows) => {
      // A row of output is a KiB at most.
      const limit = ANSWER_LIMIT_S + rows.length * 1024 * READ_LIMIT_S;
      return answer('read', limit, () => host.read(id, rows));
    },
    sums: (id, seed) => answer('sums', SUMS_LIMIT_S, () => host.sums(id, seed)),
    dispose: (id) => answer('dispose', ANSWER_LIMIT_S, () => host.dispose(id)),
    close: () => host.close(),
    kill: end,
  };
}
