/** Tuned configurations in the user's cache folder, or in a file of the user's own: one for each kernel, device, variant, head dimension, type and mask. */

import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { knownKernel } from '../../../kernels/index.ts';
import type { Configuration } from '../../../kernels/kernel.ts';
import { cacheFolder } from '../../host/node/cache-folder.ts';
import { kernelsOf, parseSearch, type Search } from '../../measure/search-record.ts';
import { badConfigurations, damagedConfigurations, noSuchKernel, recordOfSearch, UsageError } from '../../messages.ts';
import { formatHeadDims, valueDim } from '../../problem/workload.ts';
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
      /** Absent where it is headDim. */
      headDimV: z.number().optional(),
      /** With its window and whether scores are capped: "causal (window 128, soft-cap)". */
      mask: z.string(),
      dtype: z.string(),
      tile: configurationSchema,
      /** Over the shipped configuration, of the kernel `baseline`, with its interval. */
      ratio: z.number(),
      low: z.number().nullable(),
      high: z.number().nullable(),
      date: z.string(),
      /** Absent where it is the kernel itself. */
      baseline: z.string().optional(),
    }),
  ),
});

/** A configuration that bench tune found, as its file holds it. */
export type TunedConfiguration = z.infer<typeof fileSchema>['tiles'][number];
/** What a configuration belongs to. */
export type ConfigurationKey = Pick<
  TunedConfiguration,
  'kernel' | 'device' | 'variant' | 'headDim' | 'headDimV' | 'mask' | 'dtype'
>;

const folder = () => join(cacheFolder(), 'tiles');
const path = () => join(folder(), 'tuned.json');

/** The tuned configurations of a file, by default of the cache; none where the cache has none. Throws UsageError for a file that is not one. */
export function readConfigurations(file: string | null): TunedConfiguration[] {
  const from = file ?? path();
  if (file === null && !existsSync(from)) return [];
  const value = parse(readText(from));
  const parsed = fileSchema.safeParse(value);
  if (!parsed.success) {
    const what = parseSearch(value) === null ? schemaProblem(parsed.error, 'the file') : recordOfSearch;
    throw new UsageError((file === null ? damagedConfigurations : badConfigurations)(from, what));
  }
  // The cache may be another version's, whose kernels are no mistake of the user's.
  const unknown = parsed.data.tiles.find(({ kernel }) => file !== null && knownKernel(kernel) === undefined);
  if (unknown !== undefined) throw new UsageError(badConfigurations(from, noSuchKernel(unknown.kernel)));
  return parsed.data.tiles;
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
  valueDim(a) === valueDim(b) &&
  a.mask === b.mask &&
  a.dtype === b.dtype;

/** The configuration that is kept under a key; undefined where there is none. */
export function findConfiguration(
  tiles: readonly TunedConfiguration[],
  key: ConfigurationKey,
): Configuration | undefined {
  return tiles.find((item) => sameKey(item, key))?.tile;
}

/** Keeps a configuration in the cache instead of the one with its key; the path of the file. */
export function keepConfiguration(found: TunedConfiguration): string {
  const others = readConfigurations(null).filter((item) => !sameKey(item, found));
  write(path(), { tiles: [...others, found] });
  return path();
}

/** Forgets the configurations that the cache holds under these keys, if it was the shipped one of the kernel `baseline` that they were faster than. */
export function forgetConfigurations(keys: readonly ConfigurationKey[], baseline: string): void {
  const kept = readConfigurations(null);
  const others = kept.filter(
    (item) => (item.baseline ?? item.kernel) !== baseline || !keys.some((key) => sameKey(item, key)),
  );
  if (others.length < kept.length) write(path(), { tiles: others });
}

function searchPath(search: Search): string {
  const { device, variant, mask, dtype } = search;
  const name = [...kernelsOf(search), device, variant ?? '', `d${formatHeadDims(search)}`, mask, dtype].join('-');
  return join(folder(), `search-${name.replaceAll(/[^A-Za-z0-9.-]+/g, '_')}.json`);
}

/** The search with the same kernels and candidates that was begun before a fresh one; undefined where there is none. */
export function readSearch(fresh: Search): Search | undefined {
  const from = searchPath(fresh);
  if (!existsSync(from)) return undefined;
  const found = parseSearch(parse(readText(from)));
  const tried = ({ shipped, candidates, alternatives }: Search) => JSON.stringify([shipped, candidates, alternatives]);
  return found !== null && tried(found) === tried(fresh) ? found : undefined;
}

/** Keeps a search, so that the next bench tune continues it; what is pruned is found anew each time. */
export function writeSearch(search: Search): void {
  write(searchPath(search), { ...search, pruned: [] });
}

/** Written beside and renamed, so that an interruption leaves the old file or the new one. */
function write(to: string, value: unknown): void {
  mkdirSync(folder(), { recursive: true });
  writeFileSync(`${to}.new`, `${JSON.stringify(value)}\n`);
  renameSync(`${to}.new`, to);
}
