/** The work of bench serve: the server until an interrupt. */

import { serving } from '../../messages.ts';
import { checkFolder } from '../../record/files.ts';
import { pageFolder } from '../../server/page-files.ts';
import { servePage } from '../../server/page-server.ts';
import { openFile } from '../terminal/open-file.ts';

/** What bench serve was asked for. */
interface ServeCommand {
  port: number;
  results: string;
  open: boolean;
}

/** Serves until SIGINT or SIGTERM; that is how it ends, so the exit code is 0. */
export async function serve({ port, results, open }: ServeCommand): Promise<number> {
  checkFolder(results);
  const server = await servePage({ page: await pageFolder(), results, port });
  process.stdout.write(`${server.url}\n`);
  process.stderr.write(`${serving(results)}\n`);
  if (open) openFile(server.url);
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
  await server.close();
  return 0;
}
