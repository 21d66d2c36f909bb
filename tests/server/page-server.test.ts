/** bench serve against those who should not reach it: other hosts and origins, paths out of the folder, bodies that are no run. */

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { type AddressInfo, connect, Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { UsageError } from '../../src/messages.ts';
import { type PageServer, servePage } from '../../src/server/page-server.ts';
import { measured, runOf } from '../runs.ts';

const folder = mkdtempSync(join(tmpdir(), 'attnbench-serve-'));
const page = join(folder, 'page');
const results = join(folder, 'runs');
let server: PageServer;
let port: number;
let origin: string;

interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: string;
}

/** A request as it is, its path not normalised. */
function ask(
  path: string,
  options: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<Answer> {
  const { method = 'GET', headers = {}, body } = options;
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, path, method, headers }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => {
        text += chunk.toString();
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

const RUN = runOf([measured({ seqQuery: 512 })]);
const post = (body: string, headers: Record<string, string> = {}) =>
  ask('/api/runs', {
    method: 'POST',
    body,
    headers: { Origin: origin, 'Content-Type': 'application/json', ...headers },
  });
const kept = () => (existsSync(results) ? readdirSync(results) : []);

describe('bench serve', () => {
  beforeAll(async () => {
    mkdirSync(page);
    writeFileSync(join(page, 'index.html'), '<title>page</title>');
    writeFileSync(join(folder, 'secret.jsonl'), 'secret');
    server = await servePage({ page, results, port: 0 });
    port = Number(new URL(server.url).port);
    origin = `http://127.0.0.1:${port}`;
  });
  afterAll(() => server.close());

  it('serves the page isolated, with a policy, on the loopback interface', async () => {
    const { status, headers, body } = await ask('/');
    expect(status).toBe(200);
    expect(body).toContain('page');
    expect(headers['cross-origin-opener-policy']).toBe('same-origin');
    expect(headers['cross-origin-embedder-policy']).toBe('require-corp');
    expect(headers['content-security-policy']).toMatch(/^default-src 'none'; script-src 'self' 'wasm-unsafe-eval'/);
    expect(new URL(server.url).hostname).toBe('127.0.0.1');
  });

  it.each(['evil.example', '127.0.0.1', 'localhost:1', '[::1]'])('refuses the host name %j', async (host) => {
    expect((await ask('/', { headers: { Host: host } })).status).toBe(403);
    expect((await ask('/api/runs', { headers: { Host: host } })).status).toBe(403);
  });

  it.each([
    '/../secret.jsonl',
    '/..%2fsecret.jsonl',
    '/%2e%2e/secret.jsonl',
    '/api/runs/../secret.jsonl',
    '/api/runs/..%2Fsecret.jsonl',
    '/api/runs/%2e%2e%2fsecret.jsonl',
    '/api/runs/..\\secret.jsonl',
    '/api/runs//etc/passwd',
    '/etc/passwd',
    '/index.html%00.jsonl',
  ])('does not leave its folders for %s', async (path) => {
    const { status, body } = await ask(path);
    expect(status).toBeGreaterThanOrEqual(400);
    expect(body).not.toContain('secret');
    expect(body).not.toContain('root:');
  });

  it('refuses a body of a gigabyte by its length, and one that grows beyond the limit, without reading it', async () => {
    expect((await post('x', { 'Content-Length': String(2 ** 30) })).status).toBe(413);
    // Without a length, in chunks, until the server has enough of it.
    const answer = await new Promise<string>((resolve, reject) => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.write(
          `POST /api/runs HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nOrigin: ${origin}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`,
        );
        const chunk = `10000\r\n${'x'.repeat(65536)}\r\n`;
        let sent = 0;
        const more = () => {
          if (sent > 2 ** 30 || socket.destroyed) return;
          sent += 65536;
          if (socket.write(chunk)) setImmediate(more);
          else socket.once('drain', more);
        };
        more();
      });
      let text = '';
      socket.on('data', (data) => {
        text += data.toString();
        if (text.includes('\r\n')) resolve(text.split('\r\n')[0] ?? '');
      });
      socket.on('error', (error) => (text === '' ? reject(error) : undefined));
      socket.on('close', () => resolve(text.split('\r\n')[0] ?? ''));
    });
    expect(answer).toBe('HTTP/1.1 413 Payload Too Large');
    expect(kept()).toEqual([]);
  });

  it.each([
    ['no JSON', 'nothing'],
    ['no run', '{"schema":"attnbench/1"}'],
    ['a run with a wrong field', JSON.stringify({ ...RUN, measurements: [{ kernel: 1 }] })],
    ['null', 'null'],
  ])('refuses %s and says what is wrong', async (_, body) => {
    const { status, body: text } = await post(body);
    expect(status).toBe(400);
    expect(text).toMatch(/^this is not a run: /);
    expect(kept()).toEqual([]);
  });

  it('refuses runs from other origins, from none, and of other types', async () => {
    const text = JSON.stringify(RUN);
    expect((await post(text, { Origin: 'https://evil.example' })).status).toBe(403);
    expect((await post(text, { Origin: 'null' })).status).toBe(403);
    expect(
      (await ask('/api/runs', { method: 'POST', body: text, headers: { 'Content-Type': 'application/json' } })).status,
    ).toBe(403);
    expect((await post(text, { 'Content-Type': 'text/plain' })).status).toBe(415);
    for (const method of ['PUT', 'DELETE', 'OPTIONS']) {
      expect((await ask('/api/runs', { method, headers: { Origin: origin } })).status).toBe(405);
      expect((await ask('/', { method })).status).toBe(405);
    }
    expect(kept()).toEqual([]);
  });

  it('keeps a run of its own page as a journal, lists it and gives it back', async () => {
    const { status, body } = await post(JSON.stringify(RUN));
    expect(status).toBe(201);
    const { name } = JSON.parse(body) as { name: string };
    expect(kept()).toEqual([name]);
    const written = readFileSync(join(results, name), 'utf8').trim().split('\n');
    expect(written.map((line) => (JSON.parse(line) as { kernel?: string }).kernel)).toEqual([undefined, 'wasm-flash']);
    expect((JSON.parse((await ask('/api/runs')).body) as { name: string }[]).map((run) => run.name)).toEqual([name]);
    expect((await ask(`/api/runs/${name}`)).body.trim().split('\n')).toEqual(written);
  });

  it('outlives every range, however wrong', async () => {
    for (const range of ['bytes=5-1', 'bytes=-1', 'bytes=99999-', 'bytes=1-2,3-4', 'lines=1-2', 'bytes=', '-']) {
      const { status, body } = await ask('/', { headers: { Range: range } });
      expect({ range, status, body }).toEqual({ range, status: 200, body: '<title>page</title>' });
    }
  });

  it.skipIf(process.platform === 'win32')('lists no dangling link, no folder and no pipe, and reads none', async () => {
    mkdirSync(join(results, 'folder.jsonl'), { recursive: true });
    symlinkSync('/nowhere/at/all', join(results, 'dangling.jsonl'));
    execFileSync('mkfifo', [join(results, 'pipe.jsonl')]);
    const names = (JSON.parse((await ask('/api/runs')).body) as { name: string }[]).map(({ name }) => name);
    expect(names.filter((name) => /^(folder|dangling|pipe)/.test(name))).toEqual([]);
    for (const name of ['folder', 'dangling', 'pipe']) {
      expect((await ask(`/api/runs/${name}.jsonl`)).status).toBe(404);
    }
  });

  it('says in a line that a port cannot be used', async () => {
    await expect(servePage({ page, results: null, port: 70_000 })).rejects.toThrow(/--port/);
  });

  it('says in a line that the system keeps a port to itself, such as 80', async () => {
    const denied = Object.assign(new Error('listen EACCES: permission denied'), { code: 'EACCES' });
    const listen = vi.spyOn(Server.prototype, 'listen').mockImplementation(function (this: Server) {
      process.nextTick(() => this.emit('error', denied));
      return this;
    });
    const refused = servePage({ page, results: null, port: 80 }).catch((error: unknown) => error);
    expect(await refused).toEqual(new UsageError('port 80 cannot be used (EACCES); choose another with --port'));
    listen.mockRestore();
  });

  it('says in a line that every port which it tries is in use, and gathers no listeners', async () => {
    const used = Object.assign(new Error('listen EADDRINUSE'), { code: 'EADDRINUSE' });
    const listeners: number[] = [];
    const listen = vi.spyOn(Server.prototype, 'listen').mockImplementation(function (this: Server) {
      process.nextTick(() => {
        listeners.push(this.listenerCount('listening'));
        this.emit('error', used);
      });
      return this;
    });
    const refused = servePage({ page, results: null, port: 7000 }).catch((error: unknown) => error);
    expect(await refused).toEqual(new UsageError('every port from 7000 to 7020 is in use; choose another with --port'));
    listen.mockRestore();
    expect(new Set(listeners).size).toBe(1);
  });

  it('answers to its name without a port where that is 80, as browsers leave it out', async () => {
    const address = vi.spyOn(Server.prototype, 'address').mockReturnValue({ port: 80 } as AddressInfo);
    try {
      expect((await ask('/', { headers: { Host: '127.0.0.1' } })).status).toBe(200);
      expect((await ask('/', { headers: { Host: 'evil.example' } })).status).toBe(403);
    } finally {
      address.mockRestore();
    }
    expect((await ask('/', { headers: { Host: '127.0.0.1' } })).status).toBe(403);
  });

  it('takes the next port where one is in use', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const first = (taken.address() as AddressInfo).port;
    const second = await servePage({ page, results: null, port: first });
    try {
      expect(Number(new URL(second.url).port)).toBeGreaterThan(first);
    } finally {
      await second.close();
      taken.close();
    }
  });
});
