/** Shows a file or an address with whatever the system opens it with. */

import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { cannotOpen } from '../../messages.ts';

/** Opens a file or an address; where that is not possible, one line on stderr says so. */
export function openFile(path: string): void {
  const target = /^https?:/.test(path) ? path : resolve(path);
  const commands: Partial<Record<NodeJS.Platform, [string, ...string[]]>> = {
    darwin: ['open'],
    win32: ['cmd', '/c', 'start', ''],
  };
  const [command, ...args] = commands[process.platform] ?? ['xdg-open'];
  const child = spawn(command, [...args, target], { stdio: 'ignore', detached: true });
  child.on('error', () => process.stderr.write(`${cannotOpen(command, path)}\n`));
  child.unref();
}
