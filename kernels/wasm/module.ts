/** The frame of a module that the WebAssembly host can run: its memory, and what it is told once about the workload. */

import type { Features } from '../device.ts';
import type { WasmDims } from './dims.ts';
import { exported, func, params } from './text/control.ts';
import { print } from './text/print.ts';
import { float } from './text/vectors.ts';
import { blank, type Code, form, formOf, type Name, note } from './text/wat.ts';

/**
 * What `configure` is told, in this order, then the scale, then the strides of v and o where their rows have a length of their
 * own: see src/host/cpu/work-thread.ts.
 */
const GLOBALS: Name[] = ['$seqKv', '$keysPadded', '$windowLow', '$windowHigh', '$qStride', '$kvStride'];

/** The text of a module: `prologue`, comments above it, then memory, globals, `configure` and the functions given. */
export function printModule(
  prologue: readonly string[],
  functions: readonly Code[],
  features: Features,
  { ownV }: Pick<WasmDims, 'ownV'> = { ownV: false },
): string {
  const strides: Name[] = ownV ? ['$vStride', '$oStride'] : [];
  const shared = features.unsharedMemory === true ? [] : 'shared';
  const variable = (name: Name, type: string, zero: Code) => form('global', name, form('mut', type), zero);
  return print([
    prologue.map(note),
    form(
      'module',
      note("Memory is the host's, in pages of 64 KiB."),
      form('import', '"host"', '"memory"', form('memory', '1', '65536', shared)),
      blank,
      note('The workload. Strides, from one row of q or o and of k or v to the next, are in bytes.'),
      GLOBALS.map((name) => variable(name, 'i32', formOf(0))),
      variable('$scale', 'f32', float(0)),
      strides.map((name) => variable(name, 'i32', formOf(0))),
      blank,
      func(
        'configure: sets the globals, once.',
        '$configure',
        [exported('configure'), params('i32', ...GLOBALS), params('f32', '$scale'), params('i32', ...strides)],
        [...GLOBALS, '$scale' as const, ...strides].map((name) => form('global.set', name, formOf(name))),
      ),
      functions.map((code) => [blank, code]),
    ),
  ]);
}
