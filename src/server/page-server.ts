/** Serves the page and the runs of a folder on the loopback interface only, isolated from other origins. */

import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import sirv from 'sirv';
import { cannotListen, messageOf, noFreePort, refusals, UsageError } from '../messages.ts';
import { CONTENT_POLICY } from './content-policy.ts';
import { answerRuns, type Reply } from './page-runs.ts';

const HEADERS = {
  // Browsers give shared memory, and so threads, only to pages that are isolated from other origins.
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Content-Security-Policy': `${CONTENT_POLICY}; frame-ancestors 'none'`,
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
} as const;
/** How many further ports are tried if the first is in use. */
const PORTS_TRIED = 20;

/** A running server. */
export interface PageServer {
  /** http://127.0.0.1:PORT/ */
  url: string;
  close(): Promise<void>;
}

/** What is served, and where. */
export interface ServeOptions {
  /** The built page. */
  page: string;
  /** The folder of the runs; null to serve none. */
  results: string | null;
  /** The first port to try; 0 lets the system choose. */
  port: number;
}

/** Starts the server on 127.0.0.1. Throws UsageError if no port is free. */
export async function servePage({ page, results, port }: ServeOptions): Promise<PageServer> {
  const files = sirv(page, { dev: true, etag: true });
  const server = createServer((request, response) => {
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
    const own = ownHosts(server);
    // Refuse names that somebody else has pointed at this machine (DNS rebinding).
    if (!own.includes(request.headers.host ?? '')) {
      finish(request, response, { status: 403, text: refusals.otherHost });
      return;
    }
    const path = (request.url ?? '/').split('?')[0] ?? '/';
    if (path.startsWith('/api/')) {
      const origins = own.map((host) => `http://${host}`);
      void answerRuns(request, path, results, origins).then((reply) => finish(request, response, reply));
      return;
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      finish(request, response, { status: 405, text: refusals.otherMethod });
      return;
    }
    // Parts of a file are of no use to a page, and a range that begins after its end would end the server.
    delete request.headers.range;
    files(request, response, () => finish(request, response, { status: 404, text: refusals.noFile }));
  });
  await listen(server, port);
  const { port: chosen } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${chosen}/`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function ownHosts(server: Server): string[] {
  const { port } = server.address() as AddressInfo;
  // Browsers leave the port out where it is that of http.
  return ['127.0.0.1', 'localhost'].flatMap((name) => [`${name}:${port}`, ...(port === 80 ? [name] : [])]);
}

function finish(request: IncomingMessage, response: ServerResponse, reply: Reply): void {
  const json = reply.json !== undefined;
  response.writeHead(reply.status, {
    'Content-Type': json ? 'application/json' : 'text/plain; charset=utf-8',
    // The rest of a refused body is not read.
    ...(request.complete ? {} : { Connection: 'close' }),
  });
  response.end(json ? JSON.stringify(reply.json) : `${reply.text}\n`, () => {
    if (!request.complete) request.destroy();
  });
}

/** Listens on the loopback interface, on the first free port from `port` on. */
async function listen(server: Server, port: number): Promise<void> {
  const last = Math.min(port + PORTS_TRIED, 65_535);
  for (let attempt = 0; port + attempt <= last; attempt += 1) {
    try {
      server.listen({ port: port + attempt, host: '127.0.0.1' });
      // Rejects with an error of the server, and leaves no listener either way.
      await once(server, 'listening');
      return;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'EADDRINUSE') throw new UsageError(cannotListen(port + attempt, code ?? messageOf(error)));
    }
  }
  throw new UsageError(noFreePort(port, last));
}
