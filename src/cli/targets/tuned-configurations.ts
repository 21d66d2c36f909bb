/** Tuned configurations in the user's cache folder, or in a file of the user's own: one for each kernel, device, variant, head dimension, type and mask. */

import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { Configuration } from '../../../kernels/kernel.ts';
import { cacheFolder } from '../../host/node/cache-folder.ts';
import { parseSearch, type Search } from '../../measure/search.ts';
import { badConfigurations, UsageError } from '../../messages.ts';
import { readText } from '../../record/files.ts';
import { schemaProblem } from '../../record/measurement.ts';

const configurationSchema = z.record(z.string(), z.union([z.number(), z.string()]));
const fileSchema = z.object({
  tiles: z.array(
    z.object({
      kernel: z.string(),
      device: z.string(),
      variant: z.string().nullable(),
      headDim: z.number(),
      mask: z.string(),
      dtype: z.string(),
      tile: configurationSchema,
      /** Over the shipped configuration, with its interval. */
      ratio: z.number(),
      low: z.number().nullable(),
      high: z.number().nullable(),
      date: z.string(),
    }),
  ),
});

/** A configuration that bench tune found, as its file holds it. */
export type TunedConfiguration = z.infer<typeof fileSchema>['tiles'][number];
/** What a configuration belongs to. */
export type ConfigurationKey = Pick<TunedConfiguration, 'kernel' | 'device' | 'variant' | 'headDim' | 'mask' | 'dtype'>;

const folder = () => join(cacheFolder(), 'tiles');
const path = () => join(folder(), 'tuned.json');

/** The tuned configurations of a file, by default of the cache; none where the cache has none. Throws UsageError for a file that is not one. */
export function readConfigurations(file: string | null): TunedConfiguration[] {
  const from = file ?? path();
  if (file === null && !existsSync(from)) return [];
  const parsed = fileSchema.safeParse(parse(readText(from)));
  if (parsed.success) return parsed.data.tiles;
  throw new UsageError(badConfigurations(from, schemaProblem(parsed.error, 'the file')));
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const sameKey = (a: ConfigurationKey, b: ConfigurationKey) =>
  a.kernel === b.kernel &&
  a.device === b.device &&
  a.variant === b.variant &&
  a.headDim === b.headDim &&
  a.mask === b.mask &&
  a.dtype === b.dtype;

/** The configuration that is kept under a key; undefined where there is none. */
export function findConfiguration(
  tiles: readonly TunedConfiguration[],
  key: ConfigurationKey,
): Configuration | undefined {
  return tiles.find((item) => sameKey(item, key))?.tile;
}

/** Keeps a configuration in the cache instead of the one with its key, or with null forgets that one; the path of the file. */
export function keepConfiguration(key: ConfigurationKey, found: TunedConfiguration | null): string {
  const others = readConfigurations(null).filter((item) => !sameKey(item, key));
  write(path(), { tiles: found === null ? others : [...others, found] });
  return path();
}

const searchPath = (key: ConfigurationKey) => {
  const name = [key.kernel, key.device, key.variant ?? '', `d${key.headDim}`, key.mask, key.dtype].join('-');
  return join(folder(), `search-${name.replaceAll(/[^A-Za-z0-9.-]+/g, '_')}.json`);
};

/** The search that was begun for a key with the same candidates; undefined where there is none. */
export function readSearch(key: ConfigurationKey, candidates: readonly Configuration[]): Search | undefined {
  const from = searchPath(key);
  if (!existsSync(from)) return undefined;
  const found = parseSearch(parse(readText(from)));
  return found !== null && JSON.stringify(found.candidates) === JSON.stringify(candidates) ? found : undefined;
}

/** Keeps a search, so that the next bench tune continues it. */
export function writeSearch(search: Search): void {
  write(searchPath(search), search);
}

/** Written beside and renamed, so that an interruption leaves the old file or the new one. */
function write(to: string, value: unknown): void {
  mkdirSync(folder(), { recursive: true });
  writeFileSync(`${to}.new`, `${JSON.stringify(value)}\n`);
  renameSync(`${to}.new`, to);
}
