/**
 * Every sentence that a user can read, with the next step to take, by what it is about. Other files import it from here; only
 * what `bench --help` loads imports a file of the folder itself, to start soon.
 */

export * from './messages/bringup.ts';
export * from './messages/caveats.ts';
export * from './messages/charts.ts';
export * from './messages/errors.ts';
export * from './messages/failures.ts';
export * from './messages/input.ts';
export * from './messages/machine-code.ts';
export * from './messages/notices.ts';
export * from './messages/page.ts';
export * from './messages/skips.ts';
