/** Test runner settings: four projects, told apart by folder, from the tests that need only this process to those that need a browser. */

import { defineConfig } from 'vitest/config';

/** Files by project; whatever is in none of these is a unit test. */
const FILES = {
  cpu: ['tests/{cli,host,server,kernels/cpu}/**/*.test.ts'],
  gpu: ['tests/kernels/gpu/**/*.test.ts'],
  browser: ['tests/page/**/*.test.ts', 'tests/cli/browser.test.ts'],
};

/** Waits are generous: real kernels on a shared machine take as long as they take, and no test is about time. */
const common = {
  pool: 'forks' as const,
  setupFiles: 'tests/matchers.ts',
  testTimeout: 180_000,
  hookTimeout: 180_000,
};

export default defineConfig({
  test: {
    // As many files at a time as two cores carry.
    maxWorkers: 2,
    projects: [
      {
        // Pure functions, kernels' text, the measuring loop on the mock host.
        test: {
          ...common,
          name: 'unit',
          include: ['tests/**/*.test.ts'],
          exclude: [...FILES.cpu, ...FILES.gpu, ...FILES.browser],
        },
      },
      // Child processes, WebAssembly, the command line.
      { test: { ...common, name: 'cpu', include: FILES.cpu, exclude: FILES.browser } },
      // WGSL on this machine's adapter, or on the software adapter of the development install.
      { test: { ...common, name: 'gpu', include: FILES.gpu } },
      // The page in a browser; the only one that builds it.
      { test: { ...common, name: 'browser', include: FILES.browser, globalSetup: 'tests/page/global-setup.ts' } },
    ],
  },
});
