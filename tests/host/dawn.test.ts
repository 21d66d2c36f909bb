/** The switches that Dawn is opened with, as Dawn knows them. */

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DAWN_TOGGLES } from '../../src/host/node/dawn.ts';

/** Dawn's own library: it holds the table of its toggles, and passes over a name that is not there without a word. */
function dawnLibrary(): Buffer {
  const folder = process.platform === 'darwin' ? 'darwin-universal' : `${process.platform}-${process.arch}`;
  return readFileSync(join(dirname(createRequire(import.meta.url).resolve('webgpu')), 'dist', folder, 'dawn.node'));
}

describe("Dawn's toggles", () => {
  it('are all known to the Dawn that is installed', () => {
    const library = dawnLibrary();
    // A name in the table is a whole string of C, between two zero bytes.
    const unknown = (names: readonly string[]) => names.filter((name) => !library.includes(`\0${name}\0`));
    expect(unknown(['allow_unsafe_api', 'no_such_toggle'])).toEqual(['allow_unsafe_api', 'no_such_toggle']);
    expect(unknown([...DAWN_TOGGLES.enable, ...DAWN_TOGGLES.disable, DAWN_TOGGLES.unguarded])).toEqual([]);
  });
});
