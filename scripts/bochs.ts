/**
 * Runs machine code on an emulated CPU with AMX (Bochs), and compares the bits with those of the interpreter of tests/kernels/x64.
 * Prints a line a shape; exit code 1 where any differ.
 *
 *   node scripts/bochs.ts                    Bochs is installed (2.8 or later, with its rfb display)
 *   node scripts/bochs.ts --root FOLDER      Debian packages of another release are unpacked there, their own C library too
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { interpret } from '../tests/kernels/x64/interpreter.ts';
import { createHead } from '../tests/kernels/x64/one-head.ts';
import { CONFIGURATIONS, programOf, SHAPES } from '../tests/kernels/x64/shapes.ts';
import { workload } from '../tests/workloads.ts';
import { type Bochs, runInBochs } from './bochs/emulator.ts';

const { values } = parseArgs({ options: { root: { type: 'string', default: '' } } });
const libraries = `${values.root}/usr/lib/x86_64-linux-gnu`;
const bochs: Bochs =
  values.root === ''
    ? { command: ['bochs'], root: '' }
    : {
        command: [
          `${values.root}/usr/lib64/ld-linux-x86-64.so.2`,
          ...['--library-path', libraries, `${values.root}/usr/bin/bochs-bin`],
        ],
        root: values.root,
      };

const folder = mkdtempSync(join(tmpdir(), 'bochs-'));
let wrong = 0;
for (const config of CONFIGURATIONS) {
  const larger = config.set === 'amx-bf16' ? [workload({ seqQuery: 300, headDim: 128, mask: 'causal' })] : [];
  for (const w of [...SHAPES, ...larger]) {
    const { typed, program } = programOf(w, config);
    const head = createHead(typed, program, { kind: 'normal', seed: 1 });
    const wanted = interpret(head).outputs.flatMap((row) => [...row]);
    const found = runInBochs(bochs, head, folder).flatMap((row) => [...row]);
    const different = wanted.filter((value, i) => !Object.is(value, found[i])).length;
    if (different > 0) wrong += 1;
    const shape = `${w.seqQuery} x ${w.seqKv}, ${w.mask}, head dimension ${w.headDim}`;
    process.stdout.write(`${config.set}, ${shape}: ${different} of ${wanted.length} values differ\n`);
  }
}
rmSync(folder, { recursive: true });
process.exitCode = wrong === 0 ? 0 : 1;
