/** Colours: on terminals, where NO_COLOR does not forbid them or FORCE_COLOR asks for them. */

import { Writable } from 'node:stream';
import { WriteStream } from 'node:tty';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { marksFor, wantsColour } from '../../src/cli/terminal/colour.ts';
import { bench } from './bench.ts';

const plainStream = () => new Writable();
/** A stream that says of itself what a terminal does, by Node's own function. */
const terminal = () =>
  Object.assign(new Writable(), { isTTY: true, getColorDepth: WriteStream.prototype.getColorDepth });

/** What Node's own function reads besides TERM: tmux and services of continuous integration have colours of their own. */
const READ_BY_NODE = ['NO_COLOR', 'FORCE_COLOR', 'NODE_DISABLE_COLORS', 'CI', 'TF_BUILD', 'TEAMCITY_VERSION', 'TMUX'];

function environment(variables: Record<string, string>): void {
  for (const name of READ_BY_NODE) vi.stubEnv(name, variables[name]);
  vi.stubEnv('TERM', 'xterm-256color');
}

afterEach(() => {
  vi.unstubAllEnvs();
});

describe('colours', () => {
  it.each([
    [{}, { terminal: true, file: false }],
    [{ NO_COLOR: '1' }, { terminal: false, file: false }],
    [{ FORCE_COLOR: '1' }, { terminal: true, file: true }],
    [{ FORCE_COLOR: '0' }, { terminal: false, file: false }],
  ])('with %j', (variables, expected) => {
    environment(variables);
    expect({ terminal: wantsColour(terminal()), file: wantsColour(plainStream()) }).toEqual(expected);
    expect(marksFor(terminal()).strong('x')).toBe(expected.terminal ? '\u001b[1mx\u001b[22m' : 'x');
  });

  it('are in no output of a run under NO_COLOR, and in its table where they are forced', async () => {
    const small = ['--seq', '64', '--heads', '1', '--batch', '1', '--kernel', 'wasm-flash', '--samples', '1'];
    const args = ['mha', ...small, '--host', 'mock', '--no-chart', '--quiet'];
    expect((await bench(args)).stdout).not.toContain('\u001b');
    const forced = await bench(args, undefined, undefined, { FORCE_COLOR: '1', NO_COLOR: undefined });
    expect(forced.stdout).toContain('\u001b[1mMHA at 64');
  });
});
