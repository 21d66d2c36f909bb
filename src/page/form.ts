/** The form: its presets, the run that it asks for, and the same run as a command. */

import { KERNELS } from '../../kernels/index.ts';
import { WASM_VARIANTS, type WasmVariant } from '../host/cpu/wasm-variants.ts';
import { badNumber, noKernelChosen, UsageError } from '../messages.ts';
import { type Axes, expand, parseHeadDims, parseSizes, presetAxes } from '../problem/sweep.ts';
import { formatSize, type Mask, type Workload } from '../problem/workload.ts';
import { byId, element } from './dom.ts';
import type { FormRequest } from './messages.ts';

const input = (id: string) => byId(id, HTMLInputElement);
const select = (id: string) => byId(id, HTMLSelectElement);
/** Kernels that a page can run. */
const OWN = KERNELS.filter(({ library }) => library === undefined);

interface Preset {
  name: string;
  seq: string;
  heads: string;
  kvHeads: string;
  headDim: string;
}

/** The report's shapes, and a small one that any device runs in seconds. */
function presets(): Preset[] {
  const of = (name: string, axes: Axes): Preset => ({
    name,
    seq: axes.seq.map(formatSize).join(','),
    heads: axes.heads.join(','),
    kvHeads: axes.kvHeads?.join(',') ?? '',
    headDim: axes.headDim.join(','),
  });
  return [
    of('the longest published: MHA at 32k', { ...presetAxes('mha'), seq: [32768] }),
    of("the AVO paper's figure: MHA, 4k to 32k", presetAxes('mha')),
    of('grouped queries, 32 over 4 heads', presetAxes('gqa')),
    of('quick: 1k, 2 heads', { ...presetAxes('mha'), seq: [1024], heads: [2] }),
  ];
}

/** Fills the form and follows its preset; calls `changed` now and whenever anything in it changes. */
export function setUpForm(threads: number, changed: () => void): void {
  const list = presets();
  select('preset').append(...list.map(({ name }) => new Option(name, name)), new Option('my own', ''));
  for (const name of WASM_VARIANTS) select('variant').append(new Option(name, name));
  byId('kernels', HTMLFieldSetElement).append(
    ...OWN.map(({ name, summary, backend }) => {
      const box = element('input');
      Object.assign(box, { type: 'checkbox', name: 'kernel', value: name, checked: backend !== 'scalar' });
      const label = element('label', [box, document.createTextNode(` ${name}`)]);
      label.className = 'check';
      label.title = summary;
      return label;
    }),
  );
  Object.assign(input('threads'), { max: String(threads), value: String(threads) });
  const apply = () => {
    const chosen = list.find(({ name }) => name === select('preset').value);
    if (chosen === undefined) return;
    input('seq').value = chosen.seq;
    input('heads').value = chosen.heads;
    input('kv-heads').value = chosen.kvHeads;
    input('head-dim').value = chosen.headDim;
  };
  apply();
  select('preset').addEventListener('change', apply);
  for (const id of ['seq', 'heads', 'kv-heads', 'head-dim']) {
    input(id).addEventListener('input', () => {
      select('preset').value = '';
    });
  }
  byId('form', HTMLFormElement).addEventListener('input', changed);
  changed();
}

function number(id: string, minimum: number, maximum: number, whole: boolean): number | null {
  const { value } = input(id);
  if (value.trim() === '') return null;
  const parsed = Number(value);
  if (!(parsed >= minimum && parsed <= maximum) || (whole && !Number.isInteger(parsed))) {
    throw new UsageError(
      badNumber(id, value, `${whole ? 'a whole number' : 'a number'} from ${minimum} to ${maximum}`),
    );
  }
  return parsed;
}

/** The workloads of the form. Throws UsageError naming the field that cannot be read. */
export function readWorkloads(): Workload[] {
  const sizes = (id: string) => (input(id).value.trim() === '' ? null : parseSizes(id, [input(id).value]));
  const causal = select('causal').value;
  const masks: Mask[] = causal === 'both' ? ['full', 'causal'] : [causal === 'true' ? 'causal' : 'full'];
  const preset = presetAxes('mha');
  return expand({
    ...preset,
    seq: sizes('seq') ?? preset.seq,
    seqKv: sizes('seq-kv'),
    batch: sizes('batch'),
    heads: sizes('heads') ?? preset.heads,
    kvHeads: sizes('kv-heads'),
    headDim: input('head-dim').value.trim() === '' ? preset.headDim : parseHeadDims([input('head-dim').value]),
    masks,
    window: sizes('window')?.[0] ?? null,
    dtype: select('dtype').value === 'f16' ? 'f16' : 'f32',
    scale: number('scale', 1e-6, 1e6, false),
  });
}

const chosenKernels = () =>
  [...document.querySelectorAll<HTMLInputElement>('input[name=kernel]:checked')].map(({ value }) => value);

/** The run that the form asks for. Throws UsageError naming the field that cannot be read. */
export function readForm(browser: string, threads: number): FormRequest {
  const kernels = chosenKernels();
  if (kernels.length === 0) throw new UsageError(noKernelChosen);
  const variant = select('variant').value;
  return {
    setup: {
      browser,
      allowSoftware: input('allow-software').checked,
      threads: number('threads', 1, threads, true) ?? threads,
      variant: variant === '' ? null : (variant as WasmVariant),
    },
    workloads: readWorkloads(),
    kernels,
    budgetSeconds: number('budget', 0.1, 1e6, false) ?? 20,
    samples: number('samples', 1, 10_000, true),
    full: input('full').checked,
    seed: number('seed', 0, 2 ** 31 - 1, true) ?? 1,
  };
}

/** The arguments of bench for the same run in a browser of this kind. */
export function toArguments(threads: number): string[] {
  const option = (id: string, otherwise = '') => {
    const value = input(id).value.trim();
    return value === '' || value === otherwise ? [] : [`--${id}`, value];
  };
  const kernels = chosenKernels();
  const variant = select('variant').value;
  const causal = select('causal').value;
  return [
    'mha',
    ...['seq', 'seq-kv', 'batch', 'heads', 'kv-heads'].flatMap((id) => option(id)),
    ...option('head-dim', '128'),
    ...(causal === 'both' ? [] : ['--causal', causal]),
    ...(select('dtype').value === 'f16' ? ['--dtype', 'f16'] : []),
    ...['window', 'scale', 'samples'].flatMap((id) => option(id)),
    ...option('threads', String(threads)),
    ...(variant === '' ? [] : ['--variant', variant]),
    ...option('budget'),
    ...option('seed', '1'),
    // With f16 the command line has wgsl-matrix among its defaults, the page by name only.
    ...(kernels.length === OWN.length && select('dtype').value !== 'f16' ? [] : ['--kernel', kernels.join(',')]),
    ...(input('allow-software').checked ? ['--allow-software'] : []),
    ...(input('full').checked ? ['--full'] : []),
    '--host',
    'browser',
  ];
}
