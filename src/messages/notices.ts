/** What is said on stderr before, while and after something is measured. */

export const lessTime = (kernel: string, more: string, less: string) =>
  `${kernel} took no more time for ${more} than for ${less}, which is half the work or less: its time does not follow the work, so its rates are in doubt; measure both again with a larger --budget.`;
export const journalFailed = (path: string, why: string) =>
  `The record '${path}' cannot be written (${why}): measuring goes on and tries again with each point; free some space, or run again with another --results.`;
export const stdoutFailed = (why: string) =>
  `The output cannot be written (${why}); what was measured is in the record, if there is one: bench report draws it.`;

export const browserProcess =
  'A browser runs its kernels in one process, so --processes does not count for cases with one: their rates have a spread, no interval; --host node gives intervals.';
export const processLapsed = (kernel: string, process: number, why: string) =>
  `${kernel} gave no sample in process ${process} of the case (${why}); its other processes count. If it happens again, bench doctor checks the machine.`;
export const clockLost = (why: string) => `the clock of a core was not read (${why}).`;
export const sustainEnded = (seconds: number, why: string) =>
  `it ran without a pause for ${seconds.toFixed(1)} s only (${why}).`;
export const sustainBegins = (kernels: number, seconds: number, total: string) =>
  `Then ${kernels === 1 ? 'the kernel' : `each of ${kernels} kernels`} runs by itself for ${seconds} s without a pause: ${total} beside the budget.`;

export const skipping = (backend: string, why: string) => `Skipping ${backend}: ${why}.`;
export const noCeiling = (device: string, why: string) =>
  `No limit was found for ${device} (${why}); its kernels are measured without a share of it.`;
export const probeFailed = (probe: string, why: string) =>
  `No limit was found by ${probe} (${why}); the others are measured. Run bench ceilings again.`;
export const configurationUsed = (tuned: {
  kernel: string;
  headDim: number;
  mask: string;
  date: string;
  ratio: number;
  baseline?: string | undefined;
}) => {
  const { kernel, headDim, mask, date, ratio, baseline = kernel } = tuned;
  const than = baseline === kernel ? 'the default one' : `${baseline} in its default one`;
  return `${kernel} uses the configuration tuned for this device on ${date} at head dimension ${headDim}, ${mask} mask (${ratio.toFixed(2)}x faster than ${than}); --tiles default does not.`;
};
export const configurationUnusable = (kernel: string, headDim: string, problem: string) =>
  `The configuration given for ${kernel} at head dimension ${headDim} cannot be used (${problem}); the default one is used. bench tune --again finds another.`;
export const kernelsUnknown = (names: readonly string[]) =>
  `The record has kernels that this version does not know: ${names.join(', ')}. They are skipped.`;
export const configurationsElsewhere =
  'The record was made with a file of kernel configurations, which is not here; --tiles FILE names it, otherwise those of this machine are used.';
export const settingsUnknown = (seed: number, budgetSeconds: number) =>
  `The record does not say how it measured: seed ${seed} and parts of the work within ${budgetSeconds} s are assumed; --budget, --samples and --tiles change that.`;
export const pageWritten = (folder: string) =>
  `Page: ${folder} (put it on any host that serves files; over https, or on localhost)`;
export const serving = (folder: string) =>
  `Serving the page and the runs of ${folder} to this machine only; Ctrl-C ends it.`;
export const cannotOpen = (command: string, path: string) => `${command} cannot open it here; open ${path} yourself`;
export const noRunAmong = (path: string) =>
  `'${path}' is a search of bench tune or a record of bench ceilings; name a run beside it (bench report RUN.jsonl ${path})`;
export const runBegins = (workloads: string, kernels: string, tflop: string, budgetSeconds: number | null) =>
  `${workloads} x ${kernels}, ${tflop} TFLOP for each kernel; measuring ${budgetSeconds === null ? 'all of it' : `parts of it for up to ${budgetSeconds} s`}.`;
export const moreThreadsThanCores = (threads: number, cores: number) =>
  `--threads ${threads}: this machine has ${cores} cores, so threads wait for one another; leave --threads out for one a core.`;
export const searchContinues = (trials: number) => `Continuing a search of ${trials} trials (--again begins anew).`;
export const searchOver = (seconds: string, budget: string) =>
  `The search took ${seconds}, not ${budget}: it compares one configuration at least, and compiling is slow here. The next bench tune continues.`;
export const slicesTooLong = (
  workload: string,
  kernel: string,
  whole: { seconds: string; budget: string },
  slice: { run: string; prepare: string; verify: string },
) =>
  `${workload} will take about ${whole.seconds}, not ${whole.budget}: the smallest slice of ${kernel} takes ${slice.prepare} to fill, ${slice.run} to run, ${slice.verify} to verify. A shorter --seq takes less.`;
export const variantUnclear = (gain: string) =>
  `256-bit WebAssembly is not clearly worth its experimental flag here (${gain} than 128-bit in a probe): 128 bits are used. --variant simd256 or --variant simd-relaxed keeps runs alike.`;
export const machineBusy = (average: string, cores: number) =>
  `Something else keeps this machine busy (load ${average} on ${cores} cores): rates may come out low. Close it and measure again.`;

export const stoppingSoon = 'Stopping within seconds; press Ctrl-C again to stop at once.';
export const interrupted = 'Interrupted: what was measured is kept.';
export const interruptedRun = 'an interrupt ended it';
export const unverified = (kernel: string, workload: string) =>
  `${kernel}, ${workload}: interrupted before its result was verified, so it is not kept.`;
export const noTimestamps = 'the device has none';
export const clocksDisagree = (gpuSeconds: number, wallSeconds: number) =>
  `they read ${(gpuSeconds * 1000).toFixed(3)} ms where the wall clock reads ${(wallSeconds * 1000).toFixed(3)} ms`;
export const clockDistrusted = (why: string) => `GPU timestamps are not used (${why}); timing by the wall clock.`;

/** What is said of a run in which nothing was measured. */
export const nothingMeasured = {
  text: (reasons: readonly string[], nextStep: string) =>
    `Nothing was measured${reasons.length > 0 ? `: ${reasons.join('; ')}` : ''}. ${nextStep}`,
  interrupted: 'the run was interrupted before its first sample',
  afterInterrupt: 'Run it again and let it end; a shorter --seq takes less.',
  nextStepOnPage: 'Choose a kernel that can run here, or a shorter length, and run again.',
  nextStep: 'bench mha --seq 1k --backend wasm runs on any CPU; bench devices lists what else can run here.',
} as const;

/** What bench doctor ends with. */
export const doctorSays = {
  ready: (devices: readonly string[]) => `Ready to measure: ${devices.join(', ')}. Next: bench mha --seq 4k`,
  others: (warnings: number, all: number) =>
    warnings === 0 ? `all ${all} checks are well` : `${warnings} of ${all} checks have a warning`,
  nothing: 'Nothing can be measured here until what fails above is mended; then run bench doctor again.',
} as const;

/** What bench without a word says, in this order. */
export const tourSays = {
  begin: 'A tour of about ten seconds: what is here, and how far attention on it is from a B200.',
  command: (words: readonly string[]) => `Measuring now: bench ${words.join(' ')}`,
  next: 'What to try next:',
} as const;
