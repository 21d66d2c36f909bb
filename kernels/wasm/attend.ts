/** WAT of `attend`: one work tile, the query rows of one block against all keys that they see. */

import { panelWidth, type WasmConfiguration } from './configuration.ts';
import { LOWEST, MASKED, statistics } from './softmax.ts';
import { add, get, i32, laneSum, loop, max, min, mul, roundUp, set, splat, sub, times } from './wat.ts';

/** Byte offsets of a thread's private block: scaled q, output sums, scores, then the statistics of the rows. */
export function scratchLayout(headDim: number, config: WasmConfiguration) {
  const q = 0;
  const sums = q + config.blockRows * headDim * 4;
  const scores = sums + config.blockRows * headDim * 4;
  const stats = scores + (config.order === 'groups' ? config.rows : config.blockRows) * config.blockKeys * 4;
  return { q, sums, scores, stats, bytes: stats + statistics(config).bytes };
}

/**
 * For each block of keys and each row group: scores, their softmax, then sums += p v. A group's scores, q and sums stay in
 * the first-level cache, the panels of the block in the second, where the next group finds them. Row groups that see nothing
 * of a panel skip it, so only blocks on the diagonal do masked work. In order 'phases' the panels are the outer loop of both
 * products, and all groups take each step together.
 */
export function emitAttend(headDim: number, config: WasmConfiguration): string {
  const width = panelWidth(config);
  const at = scratchLayout(headDim, config);
  const stats = statistics(config);
  const panelOf = (key: string) => `(i32.div_u ${key} ${i32(width)})`;
  const rowBytes = headDim * 4;
  const scoreRowBytes = config.blockKeys * 4;
  /** First key not seen by row $name (a row of the whole sequence), at least 0 and at most seqKv. */
  const high = (row: string) => min(max(add(row, '(global.get $windowHigh)'), i32(0)), '(global.get $seqKv)');
  const low = (row: string) => max(add(row, '(global.get $windowLow)'), i32(0));
  /** Where the scores of a row begin; by groups all of them use the same place, which stays in the first-level cache. */
  const scoreRow = (row: string) =>
    add(
      get('scratch'),
      add(i32(at.scores), mul(config.order === 'groups' ? sub(row, get('row')) : row, i32(scoreRowBytes))),
    );
  /** Keys of this block, rounded up to panels, that any row of the group starting at $row sees. */
  const groupCount = set(
    'groupKeys',
    min(
      max(roundUp(sub(high(add(get('firstRow'), add(get('row'), i32(config.rows - 1)))), get('key')), width), i32(0)),
      get('keys'),
    ),
  );
  /** $row and $stats, the group's first row and its statistics, over the groups. */
  const overGroups = (body: string) =>
    `${set('stats', add(get('scratch'), i32(at.stats)))}
${loop('row', i32(0), get('padded'), i32(config.rows), `${body}\n${set('stats', add(get('stats'), i32(stats.groupBytes)))}`)}`;
  const seen = (body: string) => `${groupCount}\n(if ${get('groupKeys')} (then\n${body}))`;

  const load = overGroups(`
${times(stats.groupBytes / 16, (i) => `(v128.store offset=${stats.shift + i * 16} ${get('stats')} ${splat(0)})`)}
${times(stats.groupBytes / 16, (i) => `(v128.store offset=${stats.maximum + i * 16} ${get('stats')} ${get('least')})`)}
${loop(
  'r',
  get('row'),
  add(get('row'), i32(config.rows)),
  i32(1),
  `
${set('to', add(get('scratch'), mul(get('r'), i32(stats.rowSumBytes))))}
${times(2, (i) => `(v128.store offset=${at.stats + stats.sums + i * 16} ${get('to')} ${splat(0)})`)}
${set('to', add(get('scratch'), mul(get('r'), i32(rowBytes))))}
;; rows past the end repeat the zeros at address 0
${set('from', `(select ${add(get('q'), mul(get('r'), '(global.get $qStride)'))} ${i32(0)} (i32.lt_s ${get('r')} ${get('rows')}))`)}
${loop(
  'd',
  i32(0),
  i32(rowBytes),
  i32(16),
  `
(v128.store ${add(get('to'), get('d'))} (f32x4.mul ${get('scale')} (v128.load ${add(get('from'), get('d'))})))
(v128.store offset=${at.sums} ${add(get('to'), get('d'))} (v128.const i32x4 0 0 0 0))`,
)}`,
)}`);

  const panelAddress = set('from', add(get('packedK'), mul(add(get('key'), get('panel')), i32(rowBytes))));
  const groupScores = `
(call $scores
${add(get('scratch'), mul(get('row'), i32(rowBytes)))}
${get('from')}
${add(scoreRow(get('row')), `(i32.shl ${get('panel')} ${i32(2)})`)})`;
  const scorePanels = loop(
    'panel',
    i32(0),
    get('keys'),
    i32(width),
    `
${panelAddress}
${overGroups(`
${groupCount}
(if (i32.lt_s ${get('panel')} ${get('groupKeys')}) (then ${groupScores}))`)}`,
  );

  /** Keys of the block from its first up to `key`, at least 0 and at most $groupKeys, as a score address of row $r. */
  const scoreAddress = (key: string) =>
    add(get('to'), `(i32.shl ${min(max(sub(key, get('key')), i32(0)), get('groupKeys'))} ${i32(2)})`);
  const maskRow = `
${set('position', add(get('firstRow'), get('r')))}
${set('to', scoreRow(get('r')))}
(call $fill ${get('to')} ${scoreAddress(low(get('position')))} (f32.const ${MASKED}))
(call $fill ${scoreAddress(max(low(get('position')), high(get('position'))))} ${add(get('to'), `(i32.shl ${get('groupKeys')} ${i32(2)})`)} (f32.const ${MASKED}))`;
  const softmaxCall = (name: string) =>
    `(call $${name} ${scoreRow(get('row'))} ${get('groupKeys')} ${get('stats')} ${add(get('scratch'), i32(at.stats))})`;
  const softmaxGroup = `
;; a block that ends past what the first row sees, or begins before what the last one sees, is masked
(if (i32.or
(i32.gt_s ${add(get('key'), get('groupKeys'))} ${high(add(get('firstRow'), get('row')))})
(i32.gt_s ${low(add(get('firstRow'), add(get('row'), i32(config.rows - 1))))} ${get('key')}))
(then ${loop('r', get('row'), add(get('row'), i32(config.rows)), i32(1), maskRow)}
${softmaxCall('softmax')})
(else (if ${get('bounded')} (then ${softmaxCall('softmax_bounded')}) (else ${softmaxCall('softmax')}))))`;

  const groupScorePanels = loop('panel', i32(0), get('groupKeys'), i32(width), `${panelAddress}\n${groupScores}`);

  const valueAddress = set(
    'from',
    add(
      get('packedV'),
      config.values === 'rows'
        ? add(mul(get('key'), i32(rowBytes)), `(i32.shl ${get('panel')} ${i32(2)})`)
        : `(i32.shl ${add(mul(get('key'), i32(headDim)), mul(get('panel'), get('blockLength')))} ${i32(2)})`,
    ),
  );
  const groupValues = `
(call $values
${scoreRow(get('row'))}
${get('from')}
${add(get('scratch'), add(i32(at.sums), add(mul(get('row'), i32(rowBytes)), `(i32.shl ${get('panel')} ${i32(2)})`)))}
${add(get('stats'), i32(stats.rescale))}
${get('groupKeys')})`;
  const valuePanels = loop(
    'panel',
    i32(0),
    i32(headDim),
    i32(width),
    `${valueAddress}\n${overGroups(seen(groupValues))}`,
  );

  const groupValuePanels = loop('panel', i32(0), i32(headDim), i32(width), `${valueAddress}\n${groupValues}`);
  const block =
    config.order === 'phases'
      ? `${scorePanels}\n${overGroups(seen(softmaxGroup))}\n${valuePanels}`
      : overGroups(seen(`${groupScorePanels}\n${softmaxGroup}\n${groupValuePanels}`));

  const sumPart = (i: number) => `(v128.load offset=${at.stats + stats.sums + i * 16} ${get('to')})`;
  const store = overGroups(`
${loop(
  'r',
  get('row'),
  min(add(get('row'), i32(config.rows)), get('rows')),
  i32(1),
  `
${set('from', add(get('scratch'), mul(get('r'), i32(rowBytes))))}
${set('to', add(get('scratch'), mul(get('r'), i32(stats.rowSumBytes))))}
${set('scale', `(f32x4.add ${sumPart(0)} ${sumPart(1)})`)}
${set('total', laneSum('scale'))}
${set('to', add(get('o'), mul(get('r'), '(global.get $qStride)')))}
;; a row that saw no key has l = 0 and gives zeros
${set('scale', `(f32x4.splat (select (f32.div (f32.const 1) ${get('total')}) (f32.const 0) (f32.gt ${get('total')} (f32.const 0))))`)}
${loop(
  'd',
  i32(0),
  i32(rowBytes),
  i32(16),
  `
${set('value', `(f32x4.mul ${get('scale')} (v128.load offset=${at.sums} ${add(get('from'), get('d'))}))`)}
${set('finite', `(f32x4.add ${get('finite')} (f32x4.mul ${get('value')} ${splat(0)}))`)}
(v128.store ${add(get('to'), get('d'))} ${get('value')})`,
)}`,
)}`);

  const names = [
    'padded',
    'row',
    'r',
    'd',
    'key',
    'firstKey',
    'lastKey',
    'keys',
    'groupKeys',
    'blockLength',
    'panel',
    'from',
    'to',
    'position',
    'stats',
  ];
  return `
;; One work tile: $rows query rows from $firstRow of the sequence; q and o point at the first, packedK and packedV at the KV head.
(func (export "attend") (param $q i32) (param $o i32) (param $rows i32) (param $firstRow i32) (param $packedK i32) (param $packedV i32) (param $scratch i32) (param $norms i32)
${times(names.length, (i) => `(local $${names[i]} i32)`)}
(local $scale v128) (local $total f32) (local $bounded i32) (local $least v128) (local $finite v128) (local $value v128)
${set('padded', mul(`(i32.div_u ${add(get('rows'), i32(config.rows - 1))} ${i32(config.rows)})`, i32(config.rows)))}
${set('position', sub(add(get('firstRow'), get('rows')), i32(1)))}
${set('lastKey', high(get('position')))}
${set('firstKey', mul(`(i32.div_u ${low(get('firstRow'))} ${i32(config.blockKeys)})`, i32(config.blockKeys)))}
${config.maxima === 'always' ? '' : set('bounded', `(call $bounded ${get('q')} ${get('rows')} ${get('norms')} ${panelOf(get('firstKey'))} ${panelOf(roundUp(get('lastKey'), width))})`)}
(loop $again
${set('scale', '(f32x4.splat (global.get $scale))')}
;; m begins at 0 where no score can pass it by far, else below all scores
${set('least', `(v128.bitselect ${splat(0)} ${splat(LOWEST)} (i32x4.splat (i32.sub ${i32(0)} ${get('bounded')})))`)}
${load}
;; from the first block that any row sees to the last
${loop(
  'key',
  get('firstKey'),
  get('lastKey'),
  i32(config.blockKeys),
  `
${set('blockLength', min(i32(config.blockKeys), sub('(global.get $keysPadded)', get('key'))))}
${set('keys', min(i32(config.blockKeys), roundUp(sub(get('lastKey'), get('key')), width)))}
${block}`,
)}
${set('finite', splat(0))}
${store}
;; values so large that weights above 1 made the sums overflow: once more, with maxima
(if (i32.and ${get('bounded')} (v128.any_true (f32x4.ne ${get('finite')} ${splat(0)})))
(then ${set('bounded', i32(0))} (br $again))))
)`;
}
