/** The versions that a record names: this package, its runtime and Dawn. */

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

/** Version of this package. */
export const ownVersion = () => ownPackage().version ?? 'unknown';

/** The Node that this package asks for, such as ">=22.18". */
export const ownEngines = () => ownPackage().engines?.node ?? '';

interface PackageFile {
  version?: string;
  engines?: { node?: string };
}

/** What this package says of itself: its file lies as far from here as from the bundled program in dist/program/. */
function ownPackage(): PackageFile {
  return JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as PackageFile;
}

/** Versions by name, for a record. */
export function versions(): Record<string, string> {
  const found: Record<string, string> = {
    attnbench: ownVersion(),
    node: process.versions.node,
    v8: process.versions.v8,
    platform: `${process.platform} ${process.arch}`,
  };
  try {
    const path = createRequire(import.meta.url).resolve('webgpu');
    const { version } = JSON.parse(readFileSync(new URL('package.json', pathToFileURL(path)), 'utf8')) as {
      version: string;
    };
    found['webgpu'] = version;
  } catch {
    // Optional, and left out where it is not installed.
  }
  return found;
}
