/** What is installed, and where files may go: Node, charts, a browser, the folders of results and of the cache. */

import { loadPng } from '../../chart/png.ts';
import { installedBrowser } from '../../host/node/browser-files.ts';
import { cacheFolder } from '../../host/node/cache-folder.ts';
import { isDevelopmentInstall } from '../../host/node/development.ts';
import { messageOf } from '../../messages.ts';
import { whyNotWritable } from '../../record/files.ts';
import { type Check, fails, ok, warning } from './check.ts';

/** Node's version against what the package asks for, such as ">=22.18". */
export function checkNode(version: string, engines: string): Check {
  const [needed = ''] = /[\d.]+/.exec(engines) ?? [];
  const [have, want] = [version, needed].map((text) => text.split('.').map(Number)) as [number[], number[]];
  const differing = want.findIndex((part, index) => part !== have[index]);
  const recent = differing === -1 || (have[differing] ?? 0) > (want[differing] ?? 0);
  const text = `${version}; ${needed} or later is needed`;
  return recent ? ok('Node', text) : fails('Node', text, 'install a newer one');
}

/** Whether records can be written. */
export function checkResults(folder: string): Check {
  const problem = whyNotWritable(folder);
  return problem === null
    ? ok('Results', `${folder} can be written`)
    : fails('Results', `${folder} cannot be written (${problem})`, 'choose another with --results');
}

/** Whether bench tune can keep what it finds. */
export function checkCache(): Check {
  const folder = cacheFolder();
  const problem = whyNotWritable(folder);
  return problem === null
    ? ok('Cache', `${folder} can be written`)
    : warning('Cache', `${folder} cannot be written (${problem})`, 'bench tune keeps nothing');
}

/** Draws the smallest picture: charts are SVG and HTML without it. */
export async function checkPng(): Promise<Check> {
  try {
    const toPng = await loadPng('SVG and HTML work');
    toPng('<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>');
    return ok('Charts', 'SVG, HTML and PNG');
  } catch (error) {
    return warning('Charts', messageOf(error), null);
  }
}

/** What --host browser would launch. */
export function checkBrowser(): Check {
  const name = 'Browser';
  const path = installedBrowser();
  if (path !== undefined) return ok(name, path);
  return isDevelopmentInstall()
    ? ok(name, 'the headless Chromium of a development install')
    : warning(name, 'no Chrome, Edge or Chromium', '--host browser needs one: --browser PATH');
}
