/** Finds a Chromium to launch: the one that is named, an installed one, or that of a development install. */

import { delimiter, join } from 'node:path';
import { noBrowser } from '../../messages.ts';
import { developmentBrowser } from './development.ts';
import { isExecutable } from './executable.ts';

/** A browser to launch. */
export interface BrowserFiles {
  executablePath: string;
  /** Variables that it needs. */
  env: Record<string, string>;
}

/** Names on PATH, then usual places, most wanted first. */
const NAMES = [
  'google-chrome',
  'google-chrome-stable',
  'chromium',
  'chromium-browser',
  'microsoft-edge',
  'microsoft-edge-stable',
  'brave-browser',
];
const MAC = ['Google Chrome', 'Chromium', 'Microsoft Edge', 'Brave Browser'].map(
  (name) => `/Applications/${name}.app/Contents/MacOS/${name}`,
);
const WINDOWS = ['Google\\Chrome\\Application\\chrome.exe', 'Microsoft\\Edge\\Application\\msedge.exe'];

/**
 * The browser that `executable` names, or else the first that is found. Throws with the next step to take where there
 * is none.
 */
export async function findBrowser(executable: string | null): Promise<BrowserFiles> {
  if (executable !== null) {
    return { executablePath: executable, env: {} };
  }
  const installed = installedBrowser();
  if (installed !== undefined) return { executablePath: installed, env: {} };
  const development = await developmentBrowser();
  if (development === undefined) throw new Error(noBrowser);
  return development;
}

/** The first browser that is installed on this machine; undefined where none is found. */
export const installedBrowser = () => candidates().find(isExecutable);

function candidates(): string[] {
  if (process.platform === 'darwin') return MAC;
  if (process.platform === 'win32') {
    const roots = ['PROGRAMFILES', 'PROGRAMFILES(X86)', 'LOCALAPPDATA'].map((name) => process.env[name]);
    return WINDOWS.flatMap((path) => roots.flatMap((root) => (root === undefined ? [] : [join(root, path)])));
  }
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  return NAMES.flatMap((name) => folders.map((folder) => join(folder, name)));
}
