/** Options that say what runs where: kernels, backends, hosts, adapters. */

import { parseMockOptions } from '../../host/mock.ts';
import { isExecutable } from '../../host/node/executable.ts';
import { badChoice, noSuchBrowser, UsageError } from '../../messages.ts';
import type { BackendName } from '../../record/backend.ts';
import { choose } from '../nearest.ts';
import type { RuntimeRequest } from '../targets/runtimes.ts';
import { ALL_KERNEL_NAMES, BACKEND_NAMES, KERNEL_NAMES, VARIANT_NAMES } from './names.ts';
import {
  asText,
  choice,
  list,
  option,
  type Parser,
  TypedOption,
  toggle,
  under,
  type ValuesOf,
  wholeNumber,
} from './typed-option.ts';

const DEVICES = 'Kernels and devices:';

const HOSTS = ['node', 'browser'] as const;
const LIMITS = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
] as const;

const kernelNames: Parser<readonly string[]> = (text, name) =>
  text.split(',').map((item) => choose(name, item.trim(), ALL_KERNEL_NAMES));

/** `listed` are the backends that the help names, where a command has a use for some of them only. */
function backendOption(listed: readonly BackendName[]) {
  const made = choice(
    '--backend <name>',
    'kernels of one backend; auto is all of ours that work here',
    ['auto', ...BACKEND_NAMES],
    'auto',
  );
  made.argChoices = ['auto', ...listed];
  return made;
}

const adapterOptions = () => ({
  adapter: option('--adapter <text>', 'WebGPU adapter whose name contains this text', asText, null),
  allowSoftware: toggle('--allow-software', 'use a software WebGPU adapter where there is no hardware one'),
  limits: limitsOption(),
});

/** The backend, and the WebGPU adapter and its limits. */
export const backendOptions = (listed: readonly BackendName[]) =>
  under(DEVICES, { backend: backendOption(listed), ...adapterOptions() });

/** The WebGPU adapter and its limits, and which of the WGSL kernels are brought up on it. */
export const bringupDeviceOptions = () =>
  under(DEVICES, {
    kernel: list('--kernel <names>', 'WGSL kernels to check and compare', kernelNames, null, 'all of them').suggest(
      ALL_KERNEL_NAMES.filter((name) => name.startsWith('wgsl-')),
    ),
    ...adapterOptions(),
  });

/** Everything that says where to run, kernels aside. */
export const targetOptions = (listed: readonly BackendName[] = BACKEND_NAMES) =>
  under(DEVICES, {
    backend: backendOption(listed),
    variant: choice(
      '--variant <name>',
      'how WebAssembly (simd...) or machine code (avx...) is made',
      VARIANT_NAMES,
      null,
      'the fastest in a probe',
    ),
    native: choice('--native <when>', 'machine code; off leaves it out', ['auto', 'off'] as const, 'auto'),
    threads: option('--threads <count>', 'threads on the CPU', wholeNumber(1, 1024), null, 'all cores'),
    host: option(
      '--host <names>',
      'where to run: node, browser, or node,browser for both in one run',
      hostNames,
      'node',
    ).suggest([...HOSTS, HOSTS.join(',')]),
    browser: option('--browser <path>', 'Chromium for --host browser', program, null, 'the one that is found'),
    connect: list(
      '--connect <address>',
      'run in the browser behind a Playwright server, ws://HOST:PORT/; repeat for several browsers',
      addresses,
      [] as readonly string[],
    ),
    ...adapterOptions(),
  });

/** Which kernels run, and in which configuration. */
export const kernelOptions = () =>
  under(DEVICES, {
    kernel: list(
      '--kernel <names>',
      `${KERNEL_NAMES.join(', ')}; bench kernels lists more`,
      kernelNames,
      null,
      'all of the chosen backends, with --dtype f16 wgsl-matrix too',
    ).suggest(ALL_KERNEL_NAMES),
    tiles: tilesOption(),
  });

/** The kernels that bench tune searches among. */
export const tunedKernels = () =>
  under(DEVICES, {
    kernel: list(
      '--kernel <names>',
      'search among these only: wgsl-flash, wgsl-matrix, x64-flash or wasm-flash',
      kernelNames,
      null,
      'all of the GPU if there is one, else of the CPU',
    ),
  });

/** Which configurations kernels run in: null for those of bench tune. */
export const tilesOption = () =>
  option(
    '--tiles <which>',
    'kernel configurations: default for those of the package, or a file of them',
    asText,
    null,
    'those that bench tune found',
  ).suggest(['default']);

/** Limits by name; a repeated option adds one. */
function limitsOption(): TypedOption<Record<string, number>> {
  const made = new TypedOption<Record<string, number>>(
    '--limits <name=value>',
    'ask the WebGPU device for a lower limit; may be repeated',
    {},
  );
  const parseValue = wholeNumber(1, 2 ** 53);
  return made.argParser((text, previous: Record<string, number>) => {
    const limits = text.split(',').map((item): [string, number] => {
      const [given = '', value = ''] = item.split('=');
      const name = choose('--limits', given, LIMITS);
      return [name, parseValue(value, `--limits ${name}`)];
    });
    return { ...previous, ...Object.fromEntries(limits) };
  });
}

/** Names of hosts, or a mock with its options, which opens as any other host does. Throws UsageError. */
function hostNames(text: string, name: string): string {
  if (text === 'mock' || text.startsWith('mock:')) parseMockOptions(text.split(':')[1] ?? '');
  else for (const host of text.split(',')) choose(name, host, HOSTS);
  return text;
}

function program(path: string): string {
  if (!isExecutable(path)) throw new UsageError(noSuchBrowser(path));
  return path;
}

function addresses(text: string, name: string): readonly string[] {
  const all = text.split(',');
  for (const address of all) {
    if (!/^wss?:\/\/[^/]/.test(address) || !URL.canParse(address)) {
      throw new UsageError(badChoice(name, address, 'ws://HOST:PORT/', ['the address of a Playwright server']));
    }
  }
  return all;
}

type TargetValues = ValuesOf<ReturnType<typeof targetOptions>>;

/** Where and how to run. */
export interface TargetOptions extends RuntimeRequest {
  /** 'auto': backends that work here, a software adapter excepted. */
  backend: TargetValues['backend'];
}

/** What the options of targetOptions ask for. */
export function targetOf(values: TargetValues): TargetOptions {
  const { backend, variant, native, threads, host, browser, connect, adapter, allowSoftware, limits } = values;
  return {
    ...{ backend, variant, native, threads, browser, adapter, allowSoftware, limits },
    connect: [...connect],
    // An address to connect to is a browser's.
    host: connect.length > 0 && host === 'node' ? 'browser' : host,
  };
}
