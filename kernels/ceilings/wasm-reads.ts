/** The program of the memory probe: reads of the K and V that a pass of few query rows takes, where they lie, in order. */

import { valueDim, type Workload } from '../../src/problem/workload.ts';
import type { Features } from '../device.ts';
import type { WasmProgram } from '../kernel.ts';
import { strideOfV } from '../wasm/dims.ts';
import { fewRowsSplit } from '../wasm/few-rows-layout.ts';
import { printModule } from '../wasm/module.ts';
import { exported, func, locals, loop, numbered, params } from '../wasm/text/control.ts';
import { memory } from '../wasm/text/vectors.ts';
import { type Code, form, formOf, global, i32, type Name, note, op, phase, set, times } from '../wasm/text/wat.ts';

/** Vectors that are read at a time, a cache line, each added to a sum of its own, so that no addition waits for another. */
const VECTORS = 4;
const LINE = VECTORS * 16;
const SUMS = numbered('$s', VECTORS);

const add = (a: string, b: Parameters<typeof op>[1]): Code =>
  set(a as `$${string}`, op('i32x4.add', a as `$${string}`, b));

/**
 * Reads all of K and V that the visible keys of a workload with few query rows are, by the pieces of work that wasm-flash
 * has, and adds them up as whole numbers: the sum of a run of heads goes to the first of them. The host fills K and V of
 * a probe with ones, so the sum is the count of what was read.
 */
export function emitMemoryReads(w: Workload, features: Features): WasmProgram {
  const dims = { ownV: valueDim(w) !== w.headDim };
  const read = (from: '$k' | '$v', stride: Name, headDim: number): Code => [
    note('the rows of one key: whole cache lines, then what is left, float by float'),
    set('$p', i32.add(from, i32.mul('$key', global(stride)))),
    set('$to', i32.add('$p', i32.mul('$heads', headDim * 4))),
    set('$whole', i32.sub('$to', LINE - 1)),
    loop(
      '$line',
      '$p',
      '$whole',
      LINE,
      times(VECTORS, (i) => add(`$s${i}`, memory.load('$line', i * 16))),
    ),
    loop('$line', '$line', '$to', 4, add('$s0', form('v128.load32_zero', formOf('$line')))),
  ];
  const attend = func(
    'attend_keys: what $heads KV heads hold in rows $first to $end of K and V, added up, to the first head of $partials.',
    '$attend_keys',
    [
      exported('attend_keys'),
      params('i32', '$q', '$k', '$v', '$partials', '$scratch', '$first', '$end', '$heads'),
      locals('i32', '$key', '$p', '$to', '$whole', '$line'),
      locals('v128', ...SUMS),
    ],
    op('memory.fill', '$partials', 0, i32.mul('$heads', 16)),
    loop('$key', '$first', '$end', 1, read('$k', '$kvStride', w.headDim), read('$v', strideOfV(dims), valueDim(w))),
    phase(
      'the sum of the sums',
      SUMS.slice(1).map((sum) => add('$s0', sum)),
    ),
    memory.store('$partials', '$s0'),
  );
  const lane = (i: number) => form('i32x4.extract_lane', String(i), formOf('$s0'));
  const merge = func(
    'merge: the sum over the parts, to the first output of the KV head.',
    '$merge',
    [
      exported('merge'),
      params('i32', '$partials', '$count', '$stride', '$o'),
      locals('i32', '$part'),
      locals('v128', '$s0'),
    ],
    loop(
      '$part',
      0,
      '$count',
      1,
      add('$s0', memory.load('$partials')),
      set('$partials', i32.add('$partials', '$stride')),
    ),
    memory.storeFloat(
      '$o',
      op('f32.convert_i32_u', op('i32.add', op('i32.add', lane(0), lane(1)), op('i32.add', lane(2), lane(3)))),
    ),
  );
  return {
    kind: 'wasm',
    text: printModule(['Reads of K and V where they lie, in order.'], [attend, merge], features, dims),
    blockRows: w.seqQuery,
    keyMultiple: 1,
    scratchBytes: 64,
    plainValues: true,
    splitRows: w.seqQuery,
    inPlace: { ...fewRowsSplit(w), partialBytes: 16 },
  };
}
