/** The commands by what they are for, with a line about each; the file of a command is loaded only when it is asked for. */

import type { Declare } from '../command.ts';

/** A command as the help of the program lists it. */
interface Entry {
  name: string;
  summary: string;
  load(): Promise<Declare>;
}

/** Every command, under the headings of the help. */
export const COMMANDS: readonly { heading: string; commands: readonly Entry[] }[] = [
  {
    heading: 'Measure:',
    commands: [
      {
        name: 'mha',
        summary: 'multi-head attention: one workload or a sweep',
        load: async () => (await import('./attention.ts')).declareMha,
      },
      {
        name: 'gqa',
        summary: 'grouped-query attention: one workload or a sweep',
        load: async () => (await import('./attention.ts')).declareGqa,
      },
      {
        name: 'suite',
        summary: "a named list of workloads, such as the AVO paper's figure",
        load: async () => (await import('./suite.ts')).declareSuite,
      },
      {
        name: 'ceilings',
        summary: 'what this CPU and GPU can do at best',
        load: async () => (await import('./ceilings.ts')).declareCeilings,
      },
      {
        name: 'tune',
        summary: 'search for a better kernel configuration for this device',
        load: async () => (await import('./tune.ts')).declareTune,
      },
      {
        name: 'bringup',
        summary: 'the first hour on a GPU: devices, verification, limits, comparisons',
        load: async () => (await import('./bringup.ts')).declareBringup,
      },
      {
        name: 'verify',
        summary: 'run a kernel on tensors from a file and check its output',
        load: async () => (await import('./verify.ts')).declareVerify,
      },
    ],
  },
  {
    heading: 'Explain:',
    commands: [
      {
        name: 'report',
        summary: 'a run as one HTML file, or as Markdown with pictures',
        load: async () => (await import('./report.ts')).declareReport,
      },
      {
        name: 'compare',
        summary: 'two runs case by case: faster, slower, same or unclear',
        load: async () => (await import('./compare.ts')).declareCompare,
      },
      {
        name: 'repro',
        summary: 're-run a recorded benchmark and compare the two',
        load: async () => (await import('./repro.ts')).declareRepro,
      },
      {
        name: 'model',
        summary: 'why B200 reaches 1668 TFLOPS, and what this machine could reach',
        load: async () => (await import('./model.ts')).declareModel,
      },
    ],
  },
  {
    heading: 'Look:',
    commands: [
      {
        name: 'devices',
        summary: 'the devices that kernels can run on, and their clocks',
        load: async () => (await import('./devices.ts')).declareDevices,
      },
      {
        name: 'kernels',
        summary: 'the kernels, with a line about each',
        load: async () => (await import('./kernels.ts')).declareKernels,
      },
      {
        name: 'published',
        summary: 'the published figures, and what a securities weekly says',
        load: async () => (await import('./published.ts')).declarePublished,
      },
      {
        name: 'show',
        summary: "a kernel's source text for a workload",
        load: async () => (await import('./show.ts')).declareShow,
      },
      {
        name: 'compile',
        summary: 'compile a kernel on the device, without running it',
        load: async () => (await import('./compile.ts')).declareCompile,
      },
    ],
  },
  {
    heading: 'In a browser:',
    commands: [
      {
        name: 'serve',
        summary: 'the page on this machine: measure in a browser, open runs',
        load: async () => (await import('./serve.ts')).declareServe,
      },
      {
        name: 'page',
        summary: 'the page as static files for any host',
        load: async () => (await import('./page.ts')).declarePage,
      },
    ],
  },
  {
    heading: 'Set up:',
    commands: [
      {
        name: 'doctor',
        summary: 'what works on this machine, what does not, and what to do',
        load: async () => (await import('./doctor.ts')).declareDoctor,
      },
      {
        name: 'completion',
        summary: 'completion of commands, options and values in your shell',
        load: async () => (await import('./completion.ts')).declareCompletion,
      },
    ],
  },
];
