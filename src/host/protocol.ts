/** A Host behind a message channel: the same calls, sent as plain messages to another process, worker or page. */

import { messageOf } from '../messages.ts';
import type { Host } from './contract.ts';

/** The methods of Host, the only ones that a message may name. */
const METHODS = [
  'environment',
  'compile',
  'prepare',
  'run',
  'read',
  'sums',
  'dispose',
  'close',
] as const satisfies readonly (keyof Host)[];
type Method = (typeof METHODS)[number];

/** One call of a host's method; `call` numbers it, so that its response can be told from others. */
export interface Request {
  call: number;
  method: Method;
  args: unknown[];
}

/** The outcome of a call: its value, or the message of the error that it threw. */
export type Response = { call: number; ok: true; value: unknown } | { call: number; ok: false; message: string };

/** Answers one request on a host. Errors become messages; nothing is thrown. */
export async function answer(host: Host, request: Request): Promise<Response> {
  const { call, method, args } = request;
  try {
    if (!METHODS.includes(method)) throw new RangeError(`a host has no method '${method}'`);
    const run = host[method] as (...values: unknown[]) => Promise<unknown>;
    return { call, ok: true, value: await run(...args) };
  } catch (error) {
    return { call, ok: false, message: messageOf(error) };
  }
}

/** This side of a channel to a host elsewhere. */
export interface Connection {
  /** The host, as if it were here. */
  host: Host;
  /** To be called with every response that arrives. */
  receive(response: Response): void;
  /** To be called when the other side is gone: everything pending and everything later fails with this. */
  fail(error: Error): void;
}

/** Connects to a host elsewhere: its calls go out through `send`, and their responses come in through `receive`. */
export function connect(send: (request: Request) => void): Connection {
  const pending = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  let calls = 0;
  let gone: Error | undefined;
  const remote =
    <M extends Method>(method: M) =>
    (...args: Parameters<Host[M]>) =>
      new Promise<Awaited<ReturnType<Host[M]>>>((resolve, reject) => {
        if (gone !== undefined) {
          reject(gone);
          return;
        }
        calls += 1;
        // The other side runs the same method, so its value is of the method's type.
        pending.set(calls, { resolve: (value) => resolve(value as Awaited<ReturnType<Host[M]>>), reject });
        send({ call: calls, method, args });
      });
  return {
    host: {
      environment: remote('environment'),
      compile: remote('compile'),
      prepare: remote('prepare'),
      run: remote('run'),
      read: remote('read'),
      sums: remote('sums'),
      dispose: remote('dispose'),
      close: remote('close'),
    },
    receive(response) {
      const waiting = pending.get(response.call);
      pending.delete(response.call);
      if (response.ok) waiting?.resolve(response.value);
      else waiting?.reject(new Error(response.message));
    },
    fail(error) {
      gone ??= error;
      for (const { reject } of pending.values()) reject(gone);
      pending.clear();
    },
  };
}
