/** The programs of the WebAssembly ceilings: each does something simple as often as attention would take it. */

import type { Features } from '../device.ts';
import type { WasmProgram } from '../kernel.ts';
import { panelWidth, type WasmConfiguration } from '../wasm/configuration.ts';
import { emitExp2, exp2Constants, exp2Locals } from '../wasm/exp2.ts';
import { printModule } from '../wasm/module.ts';
import { productLocals, productLoop, sumOf } from '../wasm/products.ts';
import { statisticsLayout } from '../wasm/scratch.ts';
import { emitSoftmax } from '../wasm/softmax.ts';
import { call, exported, func, locals, loop, max, numbered, params, repeat } from '../wasm/text/control.ts';
import { float, memory, multiplyAddOf } from '../wasm/text/vectors.ts';
import { type Code, downwards, form, i32, note, type Operand, op, phase, set, times } from '../wasm/text/wat.ts';
import { emitKeyRange, emitMinMax } from '../wasm/visible-keys.ts';
import { CHAIN } from './addition-chain.ts';

/**
 * Steps of the contracted dimension before the pointers go back to the start: the depth of a product at head dimension
 * 128.
 */
export const DEPTH = 128;
/** Query rows of a work tile, but where rows are what is counted. */
export const BLOCK_ROWS = 48;
/** Values that the exponentials run over: 4 KiB. */
const EXPONENTIALS = 1024;

/** What differs between the ceilings. */
interface Parts {
  /** What the module measures. */
  comment: string;
  features: Features;
  blockRows: number;
  scratchBytes: number;
  /** How much of what is counted stands for one query-key pair: $count is how much the work tile takes. */
  perPair?: number;
  functions?: Code[];
  locals?: Code;
  /**
   * The rest of `attend`, which finds $count, $scratch, $packedK and $o, and may use $p, $end and, with $count, $row.
   */
  body: Code;
}

/** A module whose `attend` counts the query-key pairs of its work tile and does what so many of them stand for. */
function ceilingProgram({ comment, features, blockRows, scratchBytes, ...parts }: Parts): WasmProgram {
  const attend = func(
    'attend: as much as the query-key pairs of $rows rows from $firstRow of the sequence stand for.',
    '$attend',
    [
      exported('attend'),
      params('i32', '$q', '$o', '$rows', '$firstRow', '$packedK', '$packedV', '$scratch', '$norms'),
      locals('i32', '$p', '$end'),
      parts.perPair === undefined ? [] : locals('i32', '$row', '$lastRow', '$pairs', '$count'),
      parts.locals ?? [],
    ],
    parts.perPair === undefined ? [] : emitCount(parts.perPair),
    parts.body,
  );
  const pack = func('pack: called once for some panels of each KV head, as in attention.', '$pack', [
    exported('pack'),
    params('i32', '$k', '$v', '$packedK', '$packedV', '$first', '$last', '$norms'),
  ]);
  const functions = [attend, ...(parts.functions ?? []), emitKeyRange(), emitMinMax(), pack];
  return {
    kind: 'wasm',
    text: printModule([comment], functions, features),
    blockRows,
    keyMultiple: 16,
    scratchBytes,
    plainValues: false,
    splitRows: blockRows,
  };
}

/** Sets $count to `perPair` for each query-key pair of the work tile, rounded. */
function emitCount(perPair: number): Code {
  const count = op('f64.mul', op('f64.convert_i32_u', '$pairs'), form('f64.const', String(perPair)));
  return phase(
    'query-key pairs of the work tile, and how much of what is counted they stand for',
    set('$lastRow', i32.add('$firstRow', '$rows')),
    loop(
      '$row',
      '$firstRow',
      '$lastRow',
      1,
      set('$pairs', i32.add('$pairs', max(i32.sub(call('$high_key', '$row'), call('$low_key', '$row')), 0))),
    ),
    set('$count', op('i32.trunc_sat_f64_s', op('f64.add', form('f64.const', '0.5'), count))),
  );
}

/** FLOPs of attention that one pass over a panel stands for: 2 for each multiply-add of rows x width x DEPTH. */
export const panelFlops = (tile: WasmConfiguration) => 2 * tile.rows * panelWidth(tile) * DEPTH;

/** Multiply-adds of a register tile over one panel, again and again, 4 x headDim FLOPs for each pair. */
export function emitMultiplyAdd(headDim: number, tile: WasmConfiguration, features: Features): WasmProgram {
  const aBytes = tile.rows * DEPTH * 4;
  const bBytes = DEPTH * panelWidth(tile) * 4;
  const [panel, sums] = [i32.add('$scratch', aBytes), i32.add('$scratch', aBytes + bBytes)];
  const spin = func(
    [
      `$spin: $count times a panel of ${DEPTH} steps through a tile of ${tile.rows} rows x ${panelWidth(tile)};`,
      'the sums go to $c.',
    ],
    '$spin',
    [params('i32', '$from', '$panel', '$c', '$count'), locals('i32', '$a', '$b'), productLocals(tile)],
    note('count times the panel from its start'),
    form(
      'loop',
      '$again',
      set('$a', '$from'),
      set('$b', '$panel'),
      set('$end', i32.add('$a', DEPTH * 4)),
      productLoop(tile, DEPTH * 4, multiplyAddOf(features)),
      set('$count', i32.sub('$count', 1)),
      form('br_if', '$again', op('i32.gt_s', '$count', 0)),
    ),
    phase(
      'the sums out',
      times(tile.rows, (r) => times(tile.vectors, (i) => memory.store('$c', sumOf(r, i), (r * tile.vectors + i) * 16))),
    ),
  );
  return ceilingProgram({
    comment: `Multiply-adds of a tile of ${tile.rows} rows x ${tile.vectors} vectors over a panel in the first-level cache.`,
    features,
    blockRows: tile.blockRows,
    scratchBytes: aBytes + bBytes + tile.rows * tile.vectors * 16,
    perPair: (4 * headDim) / panelFlops(tile),
    functions: [spin],
    body: [
      phase(
        'ones times 2^-20, so that sums stay normal numbers however many they are',
        emitFill('$scratch', panel, 1),
        emitFill(panel, sums, '0x1p-20'),
      ),
      phase('the multiply-adds', call('$spin', '$scratch', panel, sums, '$count')),
      phase('the first sum to the first output, for tests', memory.storeFloat('$o', memory.loadFloat(sums))),
    ],
  });
}

/** 2^x, one for each pair, by the polynomial of wasm-flash on `vectors` vectors at a time. */
export function emitExponentials(headDim: number, vectors: number, features: Features): WasmProgram {
  const names = numbered('$x', vectors);
  const sweep = func(
    `$sweep: 2^x of ${EXPONENTIALS} values at $p to $to.`,
    '$sweep',
    [params('i32', '$p', '$to'), locals('i32', '$end'), exp2Locals(names)],
    exp2Constants(),
    set('$end', i32.add('$p', EXPONENTIALS * 4)),
    note(`for p in p .. end step ${vectors * 16}`),
    repeat(
      '$next',
      '$p',
      '$end',
      names.map((x, i) => set(x, memory.load('$p', i * 16))),
      emitExp2(names, multiplyAddOf(features)),
      downwards(vectors, (i) => memory.store('$to', `$x${i}`, i * 16)),
      set('$to', i32.add('$to', vectors * 16)),
      set('$p', i32.add('$p', vectors * 16)),
    ),
  );
  return ceilingProgram({
    comment: 'Exponentials of values in the first-level cache, as wasm-flash takes them.',
    features,
    blockRows: BLOCK_ROWS,
    scratchBytes: EXPONENTIALS * 8,
    perPair: headDim / EXPONENTIALS,
    functions: [sweep],
    body: [
      phase('the values', emitFill('$scratch', i32.add('$scratch', EXPONENTIALS * 4), -3.25)),
      phase('the exponentials', loop('$row', 0, '$count', 1, call('$sweep', '$scratch', '$end'))),
      phase('the first to the first output, for tests', memory.storeFloat('$o', memory.loadFloat('$end'))),
    ],
  });
}

/** The online softmax of a row group of equal scores, again and again, one score for each pair. */
export function emitSoftmaxRows(headDim: number, config: WasmConfiguration, features: Features): WasmProgram {
  const stats = statisticsLayout(config);
  // The scores of a row group, then its statistics.
  const scores = config.rows * config.blockKeys * 4;
  const softmax = call('$softmax', '$scratch', config.blockKeys, '$end', '$end');
  return ceilingProgram({
    comment: 'The online softmax of wasm-flash on scores in the first-level cache.',
    features,
    blockRows: BLOCK_ROWS,
    scratchBytes: scores + stats.bytes,
    perPair: headDim / config.blockKeys / config.rows,
    functions: [emitSoftmax(config, features)],
    body: [
      phase(
        'equal scores, and statistics of rows that saw none',
        emitFill('$scratch', i32.add('$scratch', scores), 1),
        op('memory.fill', '$end', 0, stats.bytes),
      ),
      phase('the softmax', loop('$row', 0, '$count', 1, softmax)),
      phase('the first weight to the first output, for tests', memory.storeFloat('$o', memory.loadFloat('$scratch'))),
    ],
  });
}

/**
 * Additions that each wait for the one before, headDim for each pair: one takes one clock on every core that runs
 * WebAssembly, so their rate is the clock. The sums are Fibonacci's, which no compiler shortens.
 */
export function emitAdditionChain(headDim: number, features: Features): WasmProgram {
  return ceilingProgram({
    comment: 'A chain of dependent additions: its rate is the clock of the cores.',
    features,
    blockRows: BLOCK_ROWS,
    scratchBytes: 64,
    perPair: headDim / CHAIN,
    locals: locals('i32', '$a', '$b'),
    body: [
      set('$b', 1),
      set('$end', '$count'),
      phase(
        `$count times ${CHAIN} additions, each of the two sums before it`,
        loop(
          '$p',
          0,
          '$end',
          1,
          times(CHAIN / 2, () => [set('$a', op('i32.add', '$a', '$b')), set('$b', op('i32.add', '$b', '$a'))]),
        ),
      ),
      phase(
        'the last 16 bits to the first output, for tests',
        memory.storeFloat('$o', op('f32.convert_i32_u', op('i32.and', '$a', 0xffff))),
      ),
    ],
  });
}

/** Floats from one address to another become `value`; $end is the second address. */
const emitFill = (from: Operand, to: Operand, value: number | string): Code => [
  set('$end', to),
  loop('$p', from, '$end', 4, memory.storeFloat('$p', float(value))),
];
