/** The form: its presets, the run that it asks for, and the same run as a command. */

import { WASM_VARIANTS, type WasmVariant } from '../host/cpu/wasm-variants.ts';
import { badNumber, noKernelChosen, UsageError } from '../messages.ts';
import { type Axes, expand, parseHeadDims, parseSizes, presetAxes } from '../problem/sweep.ts';
import { formatSize, type Mask, type Workload } from '../problem/workload.ts';
import { byId } from './dom.ts';
import { chosenKernels, OWN, setUpKernels } from './kernel-choice.ts';
import type { FormRequest } from './messages.ts';
import { LABELS } from './words.ts';

const input = (id: string) => byId(id, HTMLInputElement);
const select = (id: string) => byId(id, HTMLSelectElement);

/** A shape with a name, and the seconds that it is given. A field that it does not name becomes empty. */
interface Preset {
  name: string;
  fields: Partial<Record<(typeof PRESET_FIELDS)[number], string>>;
  budget: string;
}

/** The fields that a preset decides on; whoever changes one of them has a shape of their own. */
const PRESET_FIELDS = ['seq', 'seq-kv', 'batch', 'heads', 'kv-heads', 'head-dim', 'head-dim-v'] as const;
/** Seconds of measuring, and those of the preset that is to be over soon. */
const BUDGET = '20';
const QUICK_BUDGET = '4';

/** The report's shapes, and a small one that any device runs in seconds. */
function presets(): Preset[] {
  const fieldsOf = (axes: Axes) => ({
    seq: axes.seq.map(formatSize).join(','),
    batch: axes.batch?.join(',') ?? '',
    heads: axes.heads.join(','),
    'kv-heads': axes.kvHeads?.join(',') ?? '',
    'head-dim': axes.headDim.join(','),
    'head-dim-v': axes.headDimV?.join(',') ?? '',
  });
  const of = (name: string, axes: Axes, budget = BUDGET) => ({ name, fields: fieldsOf(axes), budget });
  const mha = presetAxes('mha');
  return [
    of('the longest published: MHA at 32k', { ...mha, seq: [32768] }),
    of("the AVO paper's figure: MHA, 4k to 32k", mha),
    of('grouped queries, 32 over 4 heads', presetAxes('gqa')),
    of('quick: 1k, 2 heads, batch 1', { ...mha, seq: [1024], heads: [2], batch: [1] }, QUICK_BUDGET),
  ];
}

/** Fills the form and follows its preset; calls `changed` now and whenever anything in it changes. */
export function setUpForm(threads: number, changed: () => void): void {
  const list = presets();
  select('preset').append(...list.map(({ name }) => new Option(name, name)), new Option('my own', ''));
  for (const name of WASM_VARIANTS) select('variant').append(new Option(name, name));
  setUpKernels();
  Object.assign(input('threads'), { max: String(threads), value: String(threads) });
  const apply = () => {
    const chosen = list.find(({ name }) => name === select('preset').value);
    if (chosen === undefined) return;
    for (const id of PRESET_FIELDS) input(id).value = chosen.fields[id] ?? '';
    input('budget').value = chosen.budget;
  };
  apply();
  // Before the form's own listener, which reads the fields.
  select('preset').addEventListener('input', apply);
  for (const id of PRESET_FIELDS) {
    input(id).addEventListener('input', () => {
      select('preset').value = '';
    });
  }
  byId('form', HTMLFormElement).addEventListener('input', changed);
  changed();
}

function number(id: keyof typeof LABELS, minimum: number, maximum: number, whole: boolean): number | null {
  const { value } = input(id);
  if (value.trim() === '') return null;
  const parsed = Number(value);
  if (!(parsed >= minimum && parsed <= maximum) || (whole && !Number.isInteger(parsed))) {
    throw new UsageError(
      badNumber(LABELS[id], value, `${whole ? 'a whole number' : 'a number'} from ${minimum} to ${maximum}`),
    );
  }
  return parsed;
}

/** The workloads of the form. Throws UsageError naming the field that cannot be read. */
export function readWorkloads(): Workload[] {
  const sizes = (id: keyof typeof LABELS) =>
    input(id).value.trim() === '' ? null : parseSizes(LABELS[id], [input(id).value]);
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
    headDimV:
      input('head-dim-v').value.trim() === '' ? null : parseHeadDims([input('head-dim-v').value], LABELS['head-dim-v']),
    masks,
    window: sizes('window')?.[0] ?? null,
    dtype: select('dtype').value === 'f16' ? 'f16' : 'f32',
    scale: number('scale', 1e-6, 1e6, false),
  });
}

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
    ...option('head-dim-v', ''),
    ...(causal === 'both' ? [] : ['--causal', causal]),
    ...(select('dtype').value === 'f16' ? ['--dtype', 'f16'] : []),
    ...['window', 'scale', 'samples'].flatMap((id) => option(id)),
    ...option('threads', String(threads)),
    ...(variant === '' ? [] : ['--variant', variant]),
    ...option('budget'),
    ...option('seed', '1'),
    // With f16 the command line has wgsl-matrix among its defaults, the page by name only.
    ...(kernels.length === 0 || (kernels.length === OWN.length && select('dtype').value !== 'f16')
      ? []
      : ['--kernel', kernels.join(',')]),
    ...(input('allow-software').checked ? ['--allow-software'] : []),
    ...(input('full').checked ? ['--full'] : []),
    '--host',
    'browser',
  ];
}
