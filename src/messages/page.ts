/** What the page and its server say. */

export const pageNotBuilt = (why: string) =>
  `the page is not built and cannot be built here (${why}); run npm ci in a checkout, or install the published package`;
export const noKernelChosen = 'no kernel is chosen; choose at least one';
export const workerEnded = (why: string) => `The worker that measures ended: ${why}. Reload the page.`;
export const workerNotStarted = 'the worker could not be started; reload the page';
export const threadNotStarted = 'a WebAssembly thread could not be started; choose fewer threads';
export const hostStopped = 'the host was stopped';
export const hostClosed = 'the host was closed';
export const deviceLost = (why: string) => `the WebGPU device was lost: ${why}`;
export const pageIsolated = 'This page is isolated from other origins, so WebAssembly runs on all threads.';
export const pageNotIsolated = 'This page is not isolated from other origins: the browser gives it one thread.';
export const isolationFailed = (why: string) => `${pageNotIsolated} A service worker could not change that (${why}).`;
export const brokenLink =
  'The link does not hold a whole run: part of it is missing or changed. Ask for the link again, or for the file.';
export const noChartYet = 'There is no chart yet.';
export const runNotKept = (why: string) => `The server did not keep the run: ${why}. Save it to a file instead.`;

/** What the server of the page answers to a request that it refuses. */
export const refusals = {
  otherHost: 'this server answers to 127.0.0.1 and localhost only',
  otherMethod: 'only GET is answered here',
  noFile: 'there is no such file',
  noRuns: 'no runs are served here; bench serve --results FOLDER serves some',
  noRun: 'there is no such run',
  otherOrigin: 'runs come from this page only',
  notJson: 'a run is application/json',
  tooLarge: (bytes: number) => `a run has at most ${bytes} bytes`,
  notARun: (problem: string) => `this is not a run: ${problem}`,
  broken: (why: string) => `the runs could not be read or written: ${why}`,
} as const;

export const noFreePort = (first: number, last: number) =>
  `every port from ${first} to ${last} is in use; choose another with --port`;

export const cannotListen = (port: number, why: string) =>
  `port ${port} cannot be used (${why}); choose another with --port`;
