/** What the documents name exists: files and folders, npm scripts, and commands of bench. */

import { execFileSync } from 'node:child_process';
import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { DEFAULTS_FILE } from '../src/cli/user-defaults.ts';

const ROOT = new URL('../', import.meta.url);
const read = (name: string) => readFileSync(new URL(name, ROOT), 'utf8');
const DOCUMENTS = [
  ...readdirSync(ROOT).filter((name) => name.endsWith('.md') && name !== 'CHANGELOG.md'),
  ...readdirSync(new URL('docs/', ROOT)).map((name) => `docs/${name}`),
];

/** All paths of the repository, with slashes on every system. */
const paths = globSync(['*', '{src,kernels,bench,scripts,tests,results}/**/*'], {
  cwd: fileURLToPath(ROOT),
  exclude: (path) => path === 'node_modules',
}).map((path) => `/${path.replaceAll('\\', '/')}`);

/** Code spans that name a source file, by its path or the end of it; words in capitals stand for any name, and a user's file is none of ours. */
function filesOf(text: string): string[] {
  const spans = [...text.matchAll(/`([\w./-]+\.(?:ts|js|json))`/g)].map(([, path]) => path ?? '');
  return spans.filter((path) => !/[A-Z]{4}/.test(path) && path !== DEFAULTS_FILE);
}

/** Code spans that are a path of this repository; not those with placeholders or patterns, nor folders of runs. */
function pathsOf(text: string): string[] {
  const spans = [...text.matchAll(/`((?:src|kernels|tests|scripts|results|bench|docs)\/[^`\s]*)`/g)].map(
    ([, path]) => path ?? '',
  );
  return spans.filter((path) => !/[A-Z]{3,}|[{*]|^results\/runs/.test(path));
}

describe.each(DOCUMENTS)('%s', (name) => {
  const text = read(name);

  it('names files and folders that exist', () => {
    expect(pathsOf(text).filter((path) => !existsSync(new URL(path, ROOT)))).toEqual([]);
    expect(filesOf(text).filter((file) => !paths.some((path) => path.endsWith(`/${file}`)))).toEqual([]);
  });

  it('links to files that exist', () => {
    const links = [...text.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)|^\[[\w-]+\]: (\S+)$/gm)].map(
      ([, a, b]) => a ?? b ?? '',
    );
    const from = new URL(name, ROOT);
    expect(links.filter((link) => !/^https?:/.test(link) && !existsSync(new URL(link, from)))).toEqual([]);
  });

  it('names npm scripts that exist', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const named = [...text.matchAll(/npm run ([a-z][\w:-]*)/g)].map(([, script]) => script ?? '');
    expect(named.filter((script) => !(script in scripts))).toEqual([]);
  });

  it('has no line of prose over 120 columns', () => {
    const prose = text.replaceAll(/^```[\s\S]*?^```/gm, '').split('\n');
    expect(prose.filter((line) => [...line].length > 120)).toEqual([]);
  });
});

describe('README.md', () => {
  it('is of the repository that package.json names, by which npm resolves its links', () => {
    const { repository, homepage } = JSON.parse(read('package.json')) as {
      repository: { url: string };
      homepage: string;
    };
    const [, cloned] = /git clone (\S+)/.exec(read('README.md')) ?? [];
    expect(repository.url).toBe(`git+${cloned}`);
    expect(homepage).toBe(`${cloned?.replace(/\.git$/, '')}#readme`);
  });

  it('names commands that bench has', () => {
    const launcher = fileURLToPath(new URL('src/cli/launch.js', ROOT));
    const help = execFileSync(process.execPath, [launcher, '--help'], { encoding: 'utf8' });
    const named = [...read('README.md').matchAll(/`(?:npx )?bench ([a-z]+)/g)].map(([, command]) => command ?? '');
    const known = [...help.matchAll(/^ {2}([a-z]+)\b/gm)].map(([, command]) => command ?? '');
    expect([...new Set(named)].filter((command) => !known.includes(command))).toEqual([]);
  });
});
