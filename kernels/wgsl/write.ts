/** WGSL of the end of wgsl-flash: the output of a unit, or where its keys are split the parts of it, and the pass that merges them. */

import type { WgslPass } from '../kernel.ts';
import { abi, LOWEST } from './abi.ts';
import { sizes, type WgslConfiguration } from './configuration.ts';
import { LANES, lines, range } from './emit.ts';
import type { Storage } from './storage.ts';
import { rowAddress, type Schedule, tokensOf } from './work-tiles.ts';

const THREADS = 64;

/** Floats of one part: output sums [row][dim] of the block, then the maxima and the sums of its rows. */
export function partialFloats(headDim: number, config: WgslConfiguration): number {
  return sizes(headDim, config).blockRows * (headDim + 2);
}

/** For each row of a thread and each of its columns: \`store\` of the row, the column and the vec4 of sums, where both exist. */
function overOutput(
  headDim: number,
  config: WgslConfiguration,
  store: (row: string, column: string, sums: string) => string,
  more = (_: number) => '',
): string {
  return lines(
    range(config.rows).map((row) => {
      const [v, lane] = [Math.floor(row / 4), LANES[row % 4]];
      const own = `(r * ${config.rows}u + ${row}u)`;
      const stores = range(sizes(headDim, config).threadColumns).map((i) => {
        const sums = `vec4f(${LANES.map((dim) => `o${i}_${dim}${v}.${lane}`).join(', ')})`;
        const column = `c + ${i * config.threadColumns}u`;
        const statement = store(own, column, sums);
        const whole = (i + 1) * config.threadColumns <= headDim / 4;
        return whole ? `    ${statement}` : `    if (${column} < columns) {\n      ${statement}\n    }`;
      });
      return `  if (${own} < tile.rows) {\n${lines([...stores, more(row)].filter((line) => line !== ''))}\n  }`;
    }),
  );
}

/** O / l to memory; a row that saw no key has l = 0 and gives zeros. */
export function emitOutput(headDim: number, config: WgslConfiguration, group: number): string {
  const factors = range(config.rows / 4).map(
    (v) => `  let factor${v} = select(vec4f(), 1.0 / total${v}, total${v} > vec4f());`,
  );
  const stores = overOutput(headDim, config, (row, column, sums) => {
    const index = Number(/ \+ (\d+)u\)/.exec(row)?.[1]);
    return `writeO(${rowAddress(row, group)} + ${column}, ${sums} * factor${Math.floor(index / 4)}.${LANES[index % 4]});`;
  });
  return lines([...factors, stores]);
}

/** O, m and l of this workgroup's keys to scratch. */
export function emitPartial(headDim: number, config: WgslConfiguration, splits: number): string {
  const { blockRows } = sizes(headDim, config);
  const stores = overOutput(
    headDim,
    config,
    (row, column, sums) =>
      `{ let part = ${sums}; let at = own + ${row} * ${headDim}u + (${column}) * 4u; scratch[at] = part.x; scratch[at + 1u] = part.y; scratch[at + 2u] = part.z; scratch[at + 3u] = part.w; }`,
    (row) => {
      const [v, lane] = [Math.floor(row / 4), LANES[row % 4]];
      const at = `own + ${blockRows * headDim}u + r * ${config.rows}u + ${row}u`;
      return `    if (c == 0u) {\n      scratch[${at}] = m${v}.${lane};\n      scratch[${at} + ${blockRows}u] = total${v}.${lane};\n    }`;
    },
  );
  return `  // The sums of these keys, not yet divided, for the pass that merges the splits.
  let own = (workgroup.y * ${splits}u + workgroup.x) * ${partialFloats(headDim, config)}u;
${stores}`;
}

/**
 * The splits of a unit become its output: m = max of m_i, O = sum of O_i 2^(m_i - m) / sum of l_i 2^(m_i - m); a split that
 * saw no key of a row has l_i = 0 there.
 */
export function emitMerge(headDim: number, config: WgslConfiguration, storage: Storage, schedule: Schedule): WgslPass {
  const { group, splits } = schedule;
  const { blockRows } = sizes(headDim, config);
  const floats = partialFloats(headDim, config);
  const code = `${abi(headDim, tokensOf(config, schedule), true, storage, group > 1)}
@compute @workgroup_size(${THREADS})
fn main(@builtin(global_invocation_id) thread: vec3u, @builtin(workgroup_id) workgroup: vec3u) {
  let tile = findWorkTile(params.tileBase + workgroup.y);
  let qStride = params.queryHeads * columns;
  let row = thread.x / columns;
  let column = thread.x % columns;
  if (row >= tile.rows) {
    return;
  }
  let first = workgroup.y * ${splits * floats}u;
  var m = ${LOWEST};
  for (var split = 0u; split < ${splits}u; split += 1u) {
    m = max(m, scratch[first + split * ${floats}u + ${blockRows * headDim}u + row]);
  }
  var sums = vec4f();
  var total = 0.0;
  for (var split = 0u; split < ${splits}u; split += 1u) {
    let part = first + split * ${floats}u;
    let factor = exp2(scratch[part + ${blockRows * headDim}u + row] - m);
    let at = part + row * ${headDim}u + column * 4u;
    sums += factor * vec4f(scratch[at], scratch[at + 1u], scratch[at + 2u], scratch[at + 3u]);
    total += factor * scratch[part + ${blockRows * (headDim + 1)}u + row];
  }
  writeO(${rowAddress('row', group)} + column, sums * select(0.0, 1.0 / total, total > 0.0));
}
`;
  return { label: 'merge', code, workgroupsPerTile: Math.ceil((blockRows * headDim) / 4 / THREADS) };
}
