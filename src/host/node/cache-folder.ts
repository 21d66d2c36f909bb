/** The user's cache folder. */

import envPaths from 'env-paths';

/** The folder of what this package keeps for the user: tuned configurations, and the unpacked parts of a development install. */
export function cacheFolder(): string {
  return envPaths('attnbench', { suffix: '' }).cache;
}
