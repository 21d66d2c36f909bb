/** A run as a link: what comes out is what went in, and a link that would grow beyond a run's size is refused. */

import { deflateRawSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { fromFragment, toFragment } from '../../src/page/link.ts';

const bomb = (bytes: number) => `#run=${deflateRawSync(Buffer.alloc(bytes)).toString('base64url')}`;

it('carries a text', async () => {
  const text = '{"schema":"attnbench/1","label":"größer"}';
  expect(await toFragment(text)).toMatch(/^#run=[\w-]+$/);
  expect(await fromFragment(await toFragment(text))).toBe(text);
  expect(await fromFragment('#other')).toBeNull();
});

it('is refused by the size of what it holds, however small it is itself', async () => {
  expect(await fromFragment(bomb(2 ** 24))).toHaveLength(2 ** 24);
  expect(bomb(2 ** 26).length).toBeLessThan(2 ** 17);
  await expect(fromFragment(bomb(2 ** 26))).rejects.toThrow(/at most 16777216 bytes/);
});

it('is refused where it is damaged', async () => {
  await expect(fromFragment('#run=%%%')).rejects.toThrow();
  await expect(fromFragment((await toFragment('a'.repeat(1000))).slice(0, -3))).rejects.toThrow();
});
