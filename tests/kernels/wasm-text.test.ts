/** The WebAssembly text: what its helpers fold and how it is printed, and that the emitted kernels keep to it. */

import { describe, expect, it } from 'vitest';
import {
  clockProbe,
  exponentialCeiling,
  memoryReads,
  multiplyAddCeilings,
  softmaxCeiling,
} from '../../kernels/ceilings/wasm.ts';
import { wasmConfiguration } from '../../kernels/cpu-configurations.ts';
import { TYPICAL_DEVICE } from '../../kernels/typical-device.ts';
import type { WasmConfiguration } from '../../kernels/wasm/configuration.ts';
import { emitFewRows } from '../../kernels/wasm/few-rows.ts';
import { emitWasmFlash, wasmFlash } from '../../kernels/wasm/flash.ts';
import { func, locals, loop, numbered } from '../../kernels/wasm/text/control.ts';
import { print } from '../../kernels/wasm/text/print.ts';
import { form, i32, note, op, set } from '../../kernels/wasm/text/wat.ts';
import { workload } from '../workloads.ts';

const text = (operand: ReturnType<typeof i32.add>) =>
  print(set('$x', operand)).replace('(local.set $x ', '').slice(0, -1);

describe('i32 constants', () => {
  it.each([
    ['constants are added up', i32.add(i32.add('$a', 4), 8), '(i32.add (local.get $a) (i32.const 12))'],
    ['the constant comes last', i32.add(4, '$a'), '(i32.add (local.get $a) (i32.const 4))'],
    ['nothing is added', i32.add('$a', i32.mul(i32.sub(3, 3), '$b')), '(local.get $a)'],
    ['nothing is taken away', i32.sub('$a', 0), '(local.get $a)'],
    ['times 1', i32.mul(1, '$a'), '(local.get $a)'],
    ['times 0', i32.mul('$a', 0), '(i32.const 0)'],
    ['a shift', i32.floats(i32.mul(3, 5)), '(i32.const 60)'],
    ['no shift', i32.shl('$a', 0), '(local.get $a)'],
    ['divided by 1', i32.div('$a', 1), '(local.get $a)'],
    ['rounded down to a power of two', i32.floor('$a', 8), '(i32.and (local.get $a) (i32.const -8))'],
    ['rounded up to multiples of 1', i32.ceil('$a', 1), '(local.get $a)'],
    [
      'rounded up to another number',
      i32.ceil('$a', 6),
      '(i32.mul (i32.div_u (i32.add (local.get $a) (i32.const 5)) (i32.const 6)) (i32.const 6))',
    ],
  ])('%s', (_, operand, expected) => expect(text(operand)).toBe(expected));

  it('are not set to themselves', () => expect(set('$a', i32.add('$a', 0))).toEqual([]));
});

describe('print', () => {
  it('breaks a form where it is wider than a line, and comments between words', () => {
    const wide = op('call', ...numbered('$operand_with_a_long_name_', 4));
    expect(print([note('word '.repeat(30).trim()), set('$x', wide)])).toBe(
      [
        `;;${' word'.repeat(23)}`,
        `;;${' word'.repeat(7)}`,
        '(local.set $x',
        '  (call',
        ...numbered('$operand_with_a_long_name_', 4).map((name, i) => `    (local.get ${name})${i === 3 ? '))' : ''}`),
      ].join('\n'),
    );
  });

  it('fills lines with declarations, and says what a loop counts', () => {
    expect(print(func('$f: counts.', '$f', locals('i32', '$i', '$n'), loop('$i', 0, i32.add('$n', 2), 3)))).toBe(
      `;; $f: counts.
(func $f
  (local $i i32) (local $n i32)
  ;; for i in 0 .. n + 2 step 3
  (local.set $i (i32.const 0))
  (block $i_end
    (loop $i_next
      (br_if $i_end (i32.ge_s (local.get $i) (i32.add (local.get $n) (i32.const 2))))
      (local.set $i (i32.add (local.get $i) (i32.const 3)))
      (br $i_next))))`,
    );
  });

  it('closes a form after a comment on a line of its own', () => {
    expect(print(form('then', note('nothing')))).toBe('(then\n  ;; nothing\n)');
  });
});

const W = workload({ headDim: 128, seqQuery: 4096, seqKv: 4096, queryHeads: 16, kvHeads: 16 });
const features = { ...TYPICAL_DEVICE.features, simd256: true };
const device = { ...TYPICAL_DEVICE, features };
const variation = (change: Partial<WasmConfiguration>) =>
  emitWasmFlash(W, { ...wasmConfiguration(W, device), ...change }, features).text;

const TEXTS: [string, string][] = [
  ['wasm-flash', variation({})],
  [
    'wasm-flash without relaxed SIMD',
    emitWasmFlash({ headDim: 64 }, wasmConfiguration(W, device), TYPICAL_DEVICE.features).text,
  ],
  ['wasm-flash, phases', variation({ order: 'phases', rescale: 'branch' })],
  ['wasm-flash, values in rows', variation({ values: 'rows', maxima: 'always' })],
  ['wasm-flash, few rows', emitFewRows(workload({ headDim: 64, seqQuery: 3, queryHeads: 3 }), features).text],
  ['wasm-flash, one row', emitFewRows(workload({ headDim: 64, seqQuery: 1 }), features).text],
  ['wasm-flash, 16 rows', variation({ rows: 16, vectors: 8, unroll: 16 })],
  ...[...multiplyAddCeilings(features), exponentialCeiling, softmaxCeiling, memoryReads, clockProbe].map(
    (kernel): [string, string] => {
      const program = kernel.build(W, device);
      return [kernel.name, program.kind === 'wasm' ? program.text : ''];
    },
  ),
];

describe.each(TEXTS)('%s', (_, wat) => {
  const lines = wat.split('\n');

  it('has no line over 120 columns and no space at an end', () => {
    expect(lines.filter((line) => line.length > 120 || /\s$/.test(line))).toEqual([]);
  });

  it('folds constants and sets no local to itself', () => {
    const unfolded = [
      /\(i32\.(add|sub|shl) \S+ \S+ \(i32\.const 0\)\)/,
      /\(i32\.mul .*\(i32\.const [01]\)\)/,
      /\(i32\.\w+ \(i32\.const -?\d+\) \(i32\.const -?\d+\)\)/,
      /\(local\.set (\$\S+) \(local\.get \1\)\)/,
    ];
    expect(lines.filter((line) => unfolded.some((pattern) => pattern.test(line)))).toEqual([]);
  });

  it('declares what its functions use, and nothing else', () => {
    for (const body of wat.split('(func ').slice(1)) {
      const declared = [...body.matchAll(/\(local (\$\w+) /g)].map(([, name]) => name);
      const used = new Set([...body.matchAll(/\(local\.get (\$\w+)\)/g)].map(([, name]) => name));
      expect(declared.filter((name) => !used.has(name))).toEqual([]);
    }
  });

  it('has a comment before every loop', () => {
    const starts = lines.flatMap((line, i) => (/^\s*\(loop /.test(line) ? [i] : []));
    expect(starts.length).toBeGreaterThan(0);
    // The comment stands before what sets the counter, at most a few lines above.
    for (const i of starts) expect(lines.slice(Math.max(0, i - 6), i).some((line) => line.includes(';;'))).toBe(true);
  });
});

it('imports memory that is shared, or not where threads cannot share it', () => {
  const text = (unsharedMemory: boolean) => {
    const program = wasmFlash.build(W, { ...device, features: { ...features, unsharedMemory } });
    return program.kind === 'wasm' ? program.text : '';
  };
  expect(text(false)).toContain('(import "host" "memory" (memory 1 65536 shared))');
  expect(text(true)).toContain('(import "host" "memory" (memory 1 65536))');
  expect(text(true).replace('65536)', '65536 shared)')).toBe(text(false));
});
