/** Every warning, caveat, skip reason and error that a user can read, each with the next step to take. */

/** A mistake in what the user asked for: one line on stderr, exit code 2, nothing written. */
export class UsageError extends Error {
  override name = 'UsageError';
}

/** What a caught value says: the message of an Error, or the value as text. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Characters that steer a terminal or turn the direction of text. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const STEERING = /[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g;

/** Text in which steering characters, line feeds too, stand as their code: "\\u001b". */
export const withoutSteering = (text: string) =>
  text.replaceAll(STEERING, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** The first line of what a caught value says; drivers and bundlers write many. */
export const firstLineOf = (error: unknown) =>
  messageOf(error)
    .split('\n')
    .find((line) => line.trim() !== '') ?? '';

/** Why an optional package cannot be loaded, without the paths that Node names. */
export function whyNotLoaded(name: string, error: unknown): string {
  const line = firstLineOf(error);
  const [, missing] = /^Cannot find (?:module|package) '([^']*)'/.exec(line) ?? [];
  if (missing === undefined) return line;
  return missing === name ? 'not installed' : 'its binary for this system is not installed';
}

// Bad input

export const badSize = (option: string, text: string) =>
  `${option}: '${text}' is not a size; write for example 32k, 4k,8k or 1k-32k*2`;
export const tooSmall = (option: string, text: string, smallest: string | number) =>
  `${option}: '${text}' is below the smallest value, ${smallest}`;
export const tooLarge = (option: string, text: string, largest: string) =>
  `${option}: '${text}' is above the largest value, ${largest}`;
export const badNumber = (option: string, text: string, example: string) =>
  `${option}: '${text}' is not a number that can be used here; write ${example}`;
export const badMap = (option: string, text: string) =>
  `${option}: '${text}' is not ROLE=NAME; write for example q=layers.0.query`;
export const badChoice = (option: string, text: string, nearest: string | null, choices: readonly string[]) =>
  nearest === null
    ? `${option}: '${text}' is not known; choose one of ${choices.join(', ')}`
    : `${option}: '${text}' is not known; did you mean '${nearest}'? (${choices.join(', ')})`;
export const seeHelp = (command: string, lists: string) => `${command} --help lists the ${lists}`;
export const badMockOption = (text: string) =>
  `--host: the mock host does not know '${text}'; write for example mock:rate=1e9,jitter=0.01,sleep=0.1,wasm=fail (fail, wrong, memory, beyond, stopped or constant)`;
export const badGroup = (queryHeads: number, kvHeads: number, nearest: readonly number[]) =>
  `--heads ${queryHeads} --kv-heads ${kvHeads}: the query heads must be a multiple of the KV heads; nearest: --heads ${nearest.join(' or ')}`;
export const tooManyCases = (count: number, limit: number) =>
  `these options make ${count} workloads; the most in one run is ${limit}: shorten a list`;
export const cannotWrite = (path: string, reason: string) =>
  `cannot write to '${path}' (${reason}); choose another folder or file`;
export const cannotRead = (path: string, reason: string) =>
  reason === 'EISDIR'
    ? `'${path}' is a folder; name a file in it`
    : `cannot read '${path}' (${reason}); check the path`;
export const badRunFile = (path: string, what: string) =>
  `'${path}' is not the record of a run: ${what}; give a .jsonl journal or a document of --format json`;
export const oneShapeForTune =
  'bench tune searches once for each head dimension and mask; give one --seq, --batch, --heads and --kv-heads';
export const oneDeviceForTune =
  '--kernel: bench tune compares kernels on one device; name those of the GPU or those of the CPU';
export const noConfigurations = (kernel: string, known: readonly string[]) =>
  `--kernel: ${kernel} has no configurations to choose from here; choose ${known.join(', ')}`;
export const cannotShow = (kernel: string, reason: string) => `${kernel} has no text for this: ${reason}`;
export const nothingToCompile = (kernel: string) =>
  `${kernel} has no code of its own to compile; choose a kernel of wasm, wgsl or x64`;
export const badConfigurations = (path: string, what: string) =>
  `'${path}' is not a file of configurations: ${what}; bench tune writes such files`;
export const damagedConfigurations = (path: string, what: string) =>
  `'${path}', which keeps what bench tune found, is damaged: ${what}; delete it, or run with --tiles default`;
export const configurationsIgnored = (problem: string) => `${problem}. The shipped configurations are used.`;
export const noSuchKernel = (kernel: string) => `no kernel is called '${kernel}'`;
export const recordOfSearch = 'it is the record of a search, whose winner is used where --tiles is left out';
export const tornLine = (path: string, line: number) =>
  `'${path}': line ${line}, the last, was not written whole and is left out.`;
export const nothingToRepeat = (path: string, unknown: readonly string[]) =>
  unknown.length > 0
    ? `'${path}' has no kernel that this version knows (${unknown.join(', ')}); run the version that made it`
    : `'${path}' has no measured case to repeat; give a run in which something was measured`;
export const noKernelOfBackend = (backend: string, kernels: readonly { name: string }[]) =>
  `--backend: the record has no kernel of '${backend}'; its kernels: ${kernels.map(({ name }) => name).join(', ')}`;
export const nothingInCommon = (before: string, after: string) =>
  `'${before}' and '${after}' measured no kernel at the same workload; give two runs that did, for example a run and what bench repro makes of it`;
export const noRuns = (folder: string) =>
  `no run with a measurement is in '${folder}'; measure one first (bench mha --seq 4k), or name its file`;
export const tooFewRuns = (folder: string, count: number, name: string) =>
  `'${folder}' holds ${count} ${count === 1 ? 'run' : 'runs'} with a measurement, too few for ${name}; measure another, or name a file`;
export const undecided = (after: string, before: string, points: string, tooFew: boolean) =>
  `Whether ${after} is faster or slower than ${before} is unclear: of ${points}, ${tooFew ? 'one side has too few samples for an interval' : 'the intervals do not decide'}. Measure both again with a larger --budget.`;
export const environmentDiffers = 'More than the time differs between the two, as said above, which may be why.';
export const badChartExtension = (path: string) =>
  `--chart: '${path}' has no known extension; use .svg, .png, .html or .vl.json`;
export const pngMissing = (why: string, instead: string) =>
  `PNG needs the optional package @resvg/resvg-js (${why}); ${instead}`;
export const noBackendForKernel = (kernel: string, backend: string) =>
  `--kernel ${kernel} does not run on --backend ${backend}; leave --backend out or choose another kernel`;

export const notWgsl = (kernel: string) =>
  `--kernel ${kernel} is no WGSL kernel, and bench bringup takes no others; bench kernels lists them`;

export const backendHasNo = (backend: string, what: string, instead: string) =>
  `--backend ${backend} has no ${what}; choose ${instead}`;

// Defaults of the user's own

export const defaultErrors = {
  notJson: (file: string, why: string) => `'${file}' is not JSON (${why}); write for example {"budget": 10}`,
  noObject: (file: string, name: string) =>
    `'${file}': ${name === file ? 'it' : `'${name}'`} has to hold options; write for example {"budget": 10}`,
  noCommand: (file: string, name: string, nearest: string | null) =>
    `${file}: '${name}' is not a command that could have options of its own${nearest === null ? '; bench --help lists the commands' : `; did you mean '${nearest}'?`}`,
  noOption: (place: string, nearest: string | null) =>
    `${place} is not an option of bench; ${nearest === null ? 'bench mha --help lists the options' : `did you mean ${nearest}?`}`,
  noDefault: (place: string, option: string) => `${place}: ${option} can have no default; give it on the command line`,
  notTrueOrFalse: (place: string, text: string) => `${place}: '${text}' is neither true nor false; write one of them`,
  conflict: (one: string, other: string) =>
    `the defaults ${one} and ${other} cannot be used together; remove one of them`,
  noText: (place: string) => `${place}: this is neither text nor a number nor a list of them; write for example "4k"`,
} as const;
export const defaultsUsed = (options: readonly string[]) => `Defaults of yours: ${options.join(', ')}.`;

// Safetensors files

export const badSafetensors = (path: string, what: string) => `'${path}' is not a usable safetensors file: ${what}`;

/** What bench verify suggests where its verdict may mislead. */
export const verifyHints = {
  layout: (tokens: number, heads: number, kvHeads: number) =>
    `the shapes look like PyTorch's [batch, heads, seq, headDim], ${tokens} tokens and ${heads} query heads over ${kvHeads} KV heads; --layout bhsd reads them so`,
  fits: (settings: string) => `the file's o agrees ${settings}`,
  unused: (names: readonly string[]) =>
    `the file's o may have been made with ${names.join(', ')}, which are not used here`,
  dtype:
    "the file's o is stored as f32; if it was computed in another type, --dtype bf16 or f16 allows for its rounding, and --tolerance for anything else",
} as const;

// The page

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

// Skip reasons

export const needsMemory = (what: string, need: string, limit: string) =>
  `${what} needs ${need}; the limit is ${limit}`;
export const noHardwareAdapter = (software: readonly string[]) =>
  software.length > 0
    ? `no hardware WebGPU adapter here, only software (${software.join(', ')}); --allow-software uses it`
    : 'no hardware WebGPU adapter here; --allow-software looks for a software one';
export const noAdapterAtAll =
  'no WebGPU adapter on this machine, neither hardware nor software; install a Vulkan driver, or run --backend wasm';
export const noMatchingAdapter = (wanted: string, found: readonly string[]) =>
  `no WebGPU adapter matches --adapter '${wanted}'; found: ${found.length > 0 ? found.join(', ') : 'none'}`;
export const noWebgpuInBrowser =
  'this browser has no WebGPU here; use a current Chrome, Edge, Firefox or Safari, over https or on localhost';
export const noBrowser =
  'no Chromium was found to run in; install Chrome, Edge or Chromium, or name one with --browser PATH';
export const noSuchBrowser = (path: string) => `--browser: '${path}' cannot be run as a program`;
export const browserFailed = (path: string, why: string) => `the browser '${path}' could not be started (${why})`;
export const connectFailed = (number: number, why: string) =>
  `no browser behind --connect ${number} (${why}); start one there with Playwright's server of the same version`;
export const playwrightMissing = (why: string) =>
  `--host browser and --connect need the optional package playwright-core (${why}); the page of bench serve, opened by hand, works without it`;
export const webgpuUnavailable = (why: string) =>
  `WebGPU needs the optional package webgpu (${why}); install again without --omit=optional, or use --backend wasm`;
export const peersMissing = (inCheckout: boolean, why: string) =>
  `third-party kernels are not installed; ${inCheckout ? 'npm run peers' : 'npm install --ignore-scripts onnxruntime-node onnxruntime-web @tensorflow/tfjs-core @tensorflow/tfjs-backend-wasm, where attnbench is installed,'} installs them (${why})`;
export const noPeersInBrowser = 'third-party native kernels do not run in a browser; use --host node for them';
export const headDimUnsupported = (headDim: number, step: number, least: number, largest: number) =>
  `this kernel takes head dimensions ${step === 1 ? '' : `that are multiples of ${step} `}from ${least} to ${largest}, not ${headDim}; wasm-flash takes it`;
export const headDimVUnsupported = (headDim: number, headDimV: number) =>
  `this kernel takes v of the head dimension of q and k, not ${headDimV} beside ${headDim}; wasm-flash takes both`;
export const headDimTooLarge = (headDim: number, largest: number) =>
  `head dimension ${headDim} is above ${largest}, the largest that kernels here take`;
export const subgroupMatrixMissing =
  'this kernel needs subgroup matrices, an experimental feature of WebGPU that the device does not offer';
export const subgroupMatrixNoShape = (dtype: string) =>
  `the device offers no subgroup matrices that multiply ${dtype} with sums of f32 at this head dimension`;
/** Why a configuration of subgroup matrices that a device lists is used or not. */
export const matrixUse = {
  first: 'used by wgsl-matrix',
  inTeams: 'used by wgsl-matrix, the output split over subgroups, as such GPUs have few registers',
  second: 'used by wgsl-matrix where a larger one does not fit the head dimension',
  component: (type: string) => `no kernel here multiplies ${type}`,
  result: (type: string) => `kernels here sum in f32, not in ${type}`,
  widened: 'kernels here sum in f32, not in f16; f16 tensors are multiplied by the matrices of f32',
  unknownSpelling: "the device's compiler takes none of the spellings that are known here",
  unknownSubgroup: 'the device does not say how large its subgroups are',
  noneListed: 'none: the device has the feature, but lists no configuration',
} as const;
export const subgroupsMissing = 'this kernel needs subgroup operations, which the device does not offer';
export const peerTakesNoWindow = 'its sliding windows are not measured here; leave --window out';
export const peerTakesEqualLengths = 'its causal operator takes as many queries as keys; leave --seq-kv out';
export const peerHasNoGroups =
  'its WebGPU provider has no grouped attention under a full mask: it would run on the CPU';
export const peerCountsIn32Bits = (headDim: number, tokens: number) =>
  `its 32-bit build cannot count the operations of a head so long; at head dimension ${headDim} it takes ${tokens} tokens, for example --seq 2k`;
const SCORE_OPTIONS = {
  softcap: 'soft-capped scores',
  sinks: 'attention sinks',
  alibi: 'ALiBi',
  maskTensor: 'mask tensors',
} as const;
export const scoresUnsupported = (refused: readonly (keyof typeof SCORE_OPTIONS)[]) =>
  `this kernel has no ${refused.map((option) => SCORE_OPTIONS[option]).join(' and no ')}; choose scalar-flash, which has them`;
export const dtypeUnsupported = (dtype: string, known: readonly string[]) =>
  `this kernel takes ${known.join(' and ')}, not ${dtype}; use --dtype ${known[0]}`;

export const unsupportedAmx =
  'the CPU, or the system, has no AMX (AMX-TILE and AMX-BF16; states 17 and 18 of XCR0, permitted by arch_prctl); x64-flash takes bf16 with AVX512_BF16';
export const unsupportedBf16 = 'the CPU has no AVX512_BF16; use --dtype f32';

// What a chart says where there is nothing to draw

export const nothingToDraw = {
  ablation: 'This run holds no ablation; bench suite ablation measures the three techniques.',
  ablationRounds: 'No technique ran six rounds beside its kernel, so no gain has an interval; --budget gives more.',
  bars: 'Nothing was measured, so there is nothing to draw.',
  distance: 'Nothing was measured here, so there is no distance to draw.',
  efficiency: 'No kernel of this run has a measured limit beside it: peers, scalar kernels and failed cases have none.',
  figure: 'Nothing was measured.',
  roofline: 'No limit of this device is in the run, so there is no roof to draw.',
  samples: 'There are no samples: nothing was measured.',
  scaling: 'Throughput against length needs two lengths or more, for example --seq 4k-32k*2.',
  sustained: 'No kernel ran without a pause; the help of bench mha tells how one does.',
  why: (reason: string) => `The distance cannot be taken apart into factors: ${reason}.`,
  search: 'No search for a configuration is stored beside this run; bench tune makes one.',
  candidates: (kernel: string, device: string) => `No candidate of ${kernel} on ${device} could be measured.`,
} as const;

// Failures

/** Why bench tune finds nothing to do for a kernel at a workload. */
export const nothingToChoose =
  'few query rows have a program of their own there, which reads K and V in place and has no configuration: nothing to tune; a longer --seq, without --seq-kv, has';

export const childDied = (how: string) =>
  `the process that ran it ended (${how}); the other kernels were measured without it`;
export const childHung = (seconds: number) =>
  `no answer after ${seconds.toFixed(0)} s, ten times as long as a run should take: stopped; try a shorter --seq or a smaller --budget`;
export const prepareHung = (seconds: number) =>
  `not ready after ${seconds.toFixed(0)} s, the most that compiling and filling tensors may take: stopped; try a smaller --head-dim, a shorter --seq or another --kernel`;
export const answerHung = (what: string, seconds: number) =>
  `no answer to '${what}' after ${seconds.toFixed(0)} s: stopped; run it again, and if it stays so try another --kernel or --backend`;
export const openHung = (seconds: number) =>
  `it did not open within ${seconds.toFixed(0)} s: stopped; run it again, or leave it out with --backend`;
export const rowsUnwritten = (unwritten: number, rows: number) =>
  `a run wrote nothing into ${unwritten} of its ${rows} output rows, so what it was timed on was not the work; its throughput is not shown: bench verify compares the kernel's output row by row`;
export const noTime = (seconds: number) =>
  `a run took ${seconds} s by its clock, which stood or was set back: no time to divide by; give it more work (a longer --seq or --full) or leave the machine's clock alone`;
export const aboveLimit = (times: number, rate: string, limit: string) =>
  `its rate, ${rate}, is ${times.toFixed(1)} times the limit that ran beside it (${limit}): either did not do its work, or the clock did not see it; bench ceilings measures the limit alone, bench verify the kernel`;
export const wrongRows = (wrong: number, rows: number, first: string, error: number, tolerance: number) =>
  `wrong result: ${wrong} of the ${rows} rows that ran, ${first} first; relative error ${error.toExponential(1)}, tolerance ${tolerance.toExponential(1)}; its throughput is not shown`;
export const wrongResult = (error: number, tolerance: number) =>
  `wrong result: relative error ${error.toExponential(1)}, tolerance ${tolerance.toExponential(1)}; its throughput is not shown`;
export const headTooLarge = (tensorBytes: number) => `one KV head of this workload is larger than ${tensorBytes} bytes`;
export const wrongProbe = (probe: string, found: number, expected: number) =>
  `the probe ${probe} gave ${found} instead of ${expected}: its rate cannot be trusted`;
export const threadSilent = (seconds: number) => `a WebAssembly thread did not answer within ${seconds} s`;
export const defaultFailed = (why: string) => `the default configuration beside it failed (${why})`;
export const noDefaultRuns = (workload: string) =>
  `${workload}: no kernel gives a right result in its default configuration, so there is nothing to compare with; bench devices lists what can run here.`;
/** What stands in place of a gain that has no interval. */
export const noGain = 'fewer than 6 rounds; --budget gives more';
export const noSharedRound = (what: string) => `no round held ${what}`;
export const notMeasured = 'it was not measured';
/** Said in place of a file that would hold a sentence and no chart. */
export const noChart = (sentence: string) => `No chart: ${sentence}`;
export const notDrawn = (path: string, why: string) => `${path} could not be drawn: ${why}`;
export const notFinished = 'the run ended before a sample of this case was verified; give it a larger --budget';

/** What is said of a run in which nothing was measured. */
export const nothingMeasured = {
  text: (reasons: readonly string[], nextStep: string) =>
    `Nothing was measured${reasons.length > 0 ? `: ${reasons.join('; ')}` : ''}. ${nextStep}`,
  interrupted: 'the run was interrupted before its first sample',
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

export const publishedOfDecoding =
  'No published figure is of decoding (few queries, many keys); --seq 4k, without --seq-kv, has figures beside it.';

// Caveats: shown beside the numbers that they qualify

export const caveats = {
  dtype: (measured: string, published: string) => `computed in ${measured}, published in ${published}`,
  software: 'software adapter: a CPU emulates the GPU',
  coverage: 'timed part of the work, full time extrapolated; --full runs it all',
  singleThread: 'single thread',
  notConverged: 'still noisy (> 2 %); --budget gives it more time',
  oneSample: '1 sample: no spread; --budget gives it more time',
  fewSamples: 'samples too few or too much alike for an interval: spread (smallest-largest) in its place',
  abovePeak: 'above its own peak, which ran beside it: noise; --budget gives both more time',
  beyondPeak: 'above its own peak, and not by noise: do not rely on it; bench ceilings measures the peak alone',
  wallClock: 'timed by the wall clock, not by the GPU',
  warmKeys: 'K and V may have stayed in a cache between runs; in a model they come from memory: more keys show that',
  nearest: (series: string, workload: string, differences: readonly string[]) =>
    `nearest published: ${series}, ${workload}: ${differences.join(', ')}`,
  noMatch: 'no published figure is of decoding (few queries, many keys)',
} as const;

/** What a table that has no room for all its columns says below itself. */
export const omittedColumns = (names: readonly string[]) =>
  `Not shown for want of room: ${names.join(', ')}; --wide has all.`;

/** What the times of a dry run are. */
export const dryRunTimes = 'Times are for typical speeds; a run measures parts of the work that fit its budget.';

// Notices on stderr

export const lessTime = (kernel: string, more: string, less: string) =>
  `${kernel} took no more time for ${more} than for ${less}, which is half the work or less: its time does not follow the work, so its rates are in doubt; measure both again with a larger --budget.`;
export const journalFailed = (path: string, why: string) =>
  `The record '${path}' cannot be written (${why}): measuring goes on and tries again with each point; free some space, or run again with another --results.`;
export const stdoutFailed = (why: string) =>
  `The output cannot be written (${why}); what was measured is in the record, if there is one: bench report draws it.`;

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
/** Why bench bringup leaves something out, and what its steps say when they are over. */
export const bringupTexts = {
  notAskedFor: 'not among --steps',
  kernelNotAskedFor: (kernel: string) => `${kernel} is not among --kernel`,
  noDevice: (why: string) => `no device was opened (${why})`,
  budgetSpent: (seconds: number) => `the budget of ${seconds} s was spent before it began; --budget gives more`,
  noTimeToCheck: 'the budget left no time to check it; --budget gives more',
  notTimed: (why: string) => `not timed: ${why}`,
  notChecked: 'it was not checked',
  nothingToCompare: 'the kernel has no other configuration to compare',
  checks: (right: number, others: readonly string[]) => [`${right} right`, ...others].join(', '),
  checksElsewhere: (count: number) => `${count} not for this device`,
  checksLate: (count: number) => `${count} not checked for want of time (--budget gives more)`,
  checksFailed: (failed: number, all: number, first: string) => `${failed} of ${all} not right; first ${first}`,
  submissionsLeftOut: (lengths: string, sample: string) =>
    `${lengths} left out: a sample of ${sample} would not hold it; a larger --budget makes samples longer`,
  stepDone: (time: string, note: string | null) => `done in ${time}${note === null ? '' : `: ${note}`}`,
} as const;
export const stoppingSoon = 'Stopping within seconds; press Ctrl-C again to stop at once.';
export const interrupted = 'Interrupted: what was measured is kept.';
export const interruptedRun = 'an interrupt ended it';
export const unverified = (kernel: string, workload: string) =>
  `${kernel}, ${workload}: interrupted before its result was verified, so it is not kept.`;
export const noTimestamps = 'the device has none';
export const clocksDisagree = (gpuSeconds: number, wallSeconds: number) =>
  `they read ${(gpuSeconds * 1000).toFixed(3)} ms where the wall clock reads ${(wallSeconds * 1000).toFixed(3)} ms`;
export const clockDistrusted = (why: string) => `GPU timestamps are not used (${why}); timing by the wall clock.`;

// Machine code

/** Why machine code does not run here. */
export const machineCodeSays = {
  runs: (set: string, reason: string) =>
    `x64-flash runs as machine code of ${set} (${reason}); --native off leaves it out.`,
  off: 'machine code is turned off by --native off',
  otherSystem: (system: string) =>
    `machine code is emitted for Linux on x86-64 only, and this is ${system}; WebAssembly runs here`,
  noFfi: (version: string) =>
    `machine code is called through node:ffi, which Node ${version} lacks; use Node 26.1 or later, or WebAssembly, which runs here`,
  noAvx2: 'the CPU, or the system, has no AVX2 with fused multiply-adds; WebAssembly runs here',
  noAvx512: 'the CPU, or the system, has no AVX-512 (F, DQ, BW, VL); use avx2',
};
export const noMachineCodeInBrowser = 'a browser runs no machine code from outside; Node does';
export const noPlaceForCode = (why: string) =>
  `machine code needs a folder that can be written, and neither the cache folder nor a temporary one can (${why}); set XDG_CACHE_HOME or TMPDIR`;
