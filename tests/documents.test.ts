/** The files that the documents name are there. */

import { globSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

/** Paths of the repository, with slashes on every system. */
const files = globSync(['*', '{src,kernels,bench,scripts,tests,results}/**/*'], {
  exclude: (name) => name === 'node_modules',
}).map((path) => `/${path.replaceAll('\\', '/')}`);

/** Names of source files between backquotes; words in capitals stand for any name. */
function named(document: string): string[] {
  const text = readFileSync(document, 'utf8');
  const names = [...text.matchAll(/`([\w./-]+\.(?:ts|js|json))`/g)].map(([, name = '']) => name);
  return [...new Set(names)].filter((name) => !/[A-Z]{4}/.test(name));
}

describe.each(['ARCHITECTURE.md', 'CONTRIBUTING.md', 'README.md'])('%s', (document) => {
  it('names files that exist', () => {
    const missing = named(document).filter((name) => !files.some((path) => path.endsWith(`/${name}`)));
    expect(missing).toEqual([]);
  });
});
