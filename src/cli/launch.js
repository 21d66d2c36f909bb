#!/usr/bin/env node
/** The command's first file, plain JavaScript so that any Node can read it: checks the version, then starts the program. */

import { existsSync, mkdirSync } from 'node:fs';
import module from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

// A checkout runs its sources; the published package has them bundled.
const source = new URL('./main.ts', import.meta.url);
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 18)) {
  const other = existsSync(source)
    ? 'npx bench runs the one that npm ci brought'
    : 'npx -p node@26 -p attnbench attnbench brings one';
  process.stderr.write(`attnbench needs Node 22.18 or later, and this is ${process.versions.node}; ${other}.\n`);
  process.exit(2);
}
// Node makes the folder of its cache with all folders around it, which never returns for one under /proc.
if (existsSync(tmpdir()) && canMake(join(tmpdir(), 'node-compile-cache'))) module.enableCompileCache?.();
const { main, unexpectedLine } = await import(
  existsSync(source) ? source.href : new URL('../../dist/program/main.js', import.meta.url).href
);
try {
  process.exitCode = await main(process.argv);
} catch (error) {
  if (process.env.NODE_DEBUG === 'attnbench') throw error;
  // Whatever still runs, children too, would keep the process.
  process.stderr.write(unexpectedLine(error), () => process.exit(1));
}

/** Whether a folder is there or can be made. */
function canMake(folder) {
  try {
    mkdirSync(folder);
    return true;
  } catch (error) {
    return error.code === 'EEXIST';
  }
}
