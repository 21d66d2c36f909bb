/** A host in a worker of a browser's page, called through Playwright and src/host/page-bridge.ts. */

import type { Page } from 'playwright-core';
import { childDied, firstLineOf, hostStopped } from '../../messages.ts';
import { decodeResponse, encodeRequest } from '../json-channel.ts';
import { connect } from '../protocol.ts';
import type { HostRole } from '../role.ts';
import type { KillableHost } from '../target.ts';

/**
 * Opens a host in the page. Throws with the page's reason where it cannot be opened; later errors of the page, of its
 * worker and of the connection are errors of its calls.
 */
export async function openPageHost(page: Page, role: HostRole): Promise<KillableHost> {
  const id = await page
    .evaluate((wanted) => globalThis.attnbench.open(wanted), role)
    .catch((error: unknown) => {
      // "page.evaluate: Error: the reason"
      throw new Error(firstLineOf(error).replace(/^page\.evaluate: (Error: )?/, ''));
    });
  const connection = connect((request) => {
    page
      .evaluate(([host, message]) => globalThis.attnbench.call(host, message), [id, encodeRequest(request)] as const)
      .then(
        (response) => connection.receive(decodeResponse(response)),
        (error: unknown) => connection.fail(new Error(childDied(firstLineOf(error)))),
      );
  });
  page.once('close', () => connection.fail(new Error(childDied('the page was closed'))));
  const kill = () => {
    connection.fail(new Error(hostStopped));
    // A page that does not answer any more is closed; the next host gets a new one.
    const answered = page.evaluate((host) => globalThis.attnbench.kill(host), id);
    const late = setTimeout(() => void page.close().catch(alreadyGone), 2000);
    return answered.catch(alreadyGone).finally(() => clearTimeout(late));
  };
  return { ...connection.host, kill: () => void kill(), close: async () => void (await kill()) };
}

/** The page or the worker is gone already: nothing is left to close, and pending calls fail with the reason. */
function alreadyGone(): void {}
