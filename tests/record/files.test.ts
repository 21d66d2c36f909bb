/** Files of the user's as they come: with a mark of their encoding, pipes, links in a circle, larger than a text can be. */

import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkWritable, newestFiles, readText, writeInto } from '../../src/record/files.ts';

const folder = mkdtempSync(join(tmpdir(), 'attnbench-files-'));
const at = (name: string) => join(folder, name);

describe('readText', () => {
  it.each([
    ['UTF-8', Buffer.from('{"a":"é"}')],
    ['UTF-8 with a mark', Buffer.from('\ufeff{"a":"é"}')],
    ['UTF-16, little end first', Buffer.from('\ufeff{"a":"é"}', 'utf16le')],
    ['UTF-16, big end first', Buffer.from('\ufeff{"a":"é"}', 'utf16le').swap16()],
  ])('reads %s', (_, bytes) => {
    writeFileSync(at('text'), bytes);
    expect(readText(at('text'))).toBe('{"a":"é"}');
  });

  it('refuses what is too large by its size', () => {
    writeFileSync(at('huge'), '');
    truncateSync(at('huge'), 2 ** 30);
    expect(() => readText(at('huge'))).toThrow(/cannot read '.*huge' \(more than 256 MiB\)/);
  });

  it.skipIf(process.platform === 'win32')('takes a pipe that nobody writes to for empty, and does not wait', () => {
    execFileSync('mkfifo', [at('pipe')]);
    expect(readText(at('pipe'))).toBe('');
  });

  it.skipIf(process.platform === 'win32')('refuses to write to a pipe that nobody reads, and does not wait', () => {
    execFileSync('mkfifo', [at('unread')]);
    expect(() => checkWritable(at('unread'))).toThrow('ENXIO');
    expect(() => writeInto(at('unread'), 'x')).toThrow('ENXIO');
  });

  it.skipIf(process.platform === 'win32')('reads a pipe that is written late to its end', () => {
    // The shell holds both ends before this process looks.
    const program = `import { readText } from ${JSON.stringify(new URL('../../src/record/files.ts', import.meta.url).href)};
      process.stdout.write(String(readText('/dev/fd/3').length));`;
    const script = 'exec 3< <(sleep 0.1; head -c 200000 /dev/zero); exec "$0" --input-type=module -e "$1"';
    const written = execFileSync('bash', ['-c', script, process.execPath, program], { encoding: 'utf8' });
    expect(written).toBe('200000');
  });
});

describe('newestFiles', () => {
  it('leaves out what is no file: links in a circle or to nowhere, and folders', () => {
    const own = at('some');
    mkdirSync(own);
    mkdirSync(join(own, 'folder.jsonl'));
    symlinkSync('circle.jsonl', join(own, 'circle.jsonl'));
    symlinkSync('nowhere', join(own, 'lost.jsonl'));
    writeFileSync(join(own, 'run.jsonl'), '');
    expect(newestFiles(own, () => true).map(({ name }) => name)).toEqual(['run.jsonl']);
  });
});
