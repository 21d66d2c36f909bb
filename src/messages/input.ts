/** What is said of bad input: options, the user's own defaults, files and names, with what to write in place of it. */

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
export const moreThan = (mebibytes: number) => `more than ${mebibytes} MiB`;
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
export const undecided = (after: string, before: string, points: string, why: keyof typeof undecidedBy) =>
  `Whether ${after} is faster or slower than ${before} is unclear: of ${points}, ${undecidedBy[why]}. Measure both again with a larger --budget.`;
const undecidedBy = {
  intervals: 'the intervals do not decide',
  assumed: 'samples of fewer than 3 processes do not decide',
  tooFew: 'one side has fewer than 3 processes and too few samples',
} as const;
export const assumedVerdict =
  'fewer than 3 processes on a side: no interval; the verdict takes processes to differ by 1 % (standard deviation); --processes 3 measures that';
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
