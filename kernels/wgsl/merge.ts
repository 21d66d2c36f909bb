/** The second pass of wgsl-flash where its keys are split: the parts of a work tile become its output. */

import type { WgslPass } from '../kernel.ts';
import { abi } from './abi.ts';
import { sizes, type WgslConfiguration } from './configuration.ts';
import { LOWEST } from './mask.ts';
import type { Storage } from './storage.ts';
import { type Schedule, tokensOf } from './work-tiles.ts';
import { partVectors } from './write.ts';

const THREADS = 64;

/**
 * m = max of m_i, O = sum of O_i 2^(m_i - m) / sum of l_i 2^(m_i - m) over the splits i, a thread for each vec4 of the output; a split
 * that saw no key of a row has l_i = 0 there. Reads scratch as write.ts leaves it.
 */
export function emitMerge(headDim: number, config: WgslConfiguration, storage: Storage, schedule: Schedule): WgslPass {
  const { group, splits } = schedule;
  const { blockRows } = sizes(headDim, config);
  const about = `// Merges the ${splits} splits of a work tile: m = max m_i,  O = sum O_i 2^(m_i - m) / sum l_i 2^(m_i - m)`;
  const code = `${abi({ about, headDim, tokens: tokensOf(config, schedule), storage, group, scratch: 'vec4f' })}
// A part in scratch: O_i as [row][column], then m_i and l_i, in vec4s of four rows.
const splits = ${splits}u;
const partVectors = ${partVectors(headDim, config)}u;
const maxima = ${(blockRows * headDim) / 4}u; // place of m_i in a part
const sums = ${(blockRows * (headDim + 1)) / 4}u;   // and of l_i

@compute @workgroup_size(${THREADS})
fn main(@builtin(global_invocation_id) thread: vec3u, @builtin(workgroup_id) workgroup: vec3u) {
  let tile = findWorkTile(params.tileBase + workgroup.y);
  let row = thread.x / columns;
  let column = thread.x % columns;
  if (row >= tile.rows) {
    return;
  }
  let first = workgroup.y * splits * partVectors;

  // row maximum: over the splits.
  var m = ${LOWEST};
  for (var split = 0u; split < splits; split += 1u) {
    m = max(m, scratch[first + split * partVectors + maxima + row / 4u][row % 4u]);
  }

  // rescale and row sum: every split to the common maximum.
  var o = vec4f();
  var l = 0.0;
  for (var split = 0u; split < splits; split += 1u) {
    let part = first + split * partVectors;
    let rescale = exp2(scratch[part + maxima + row / 4u][row % 4u] - m);
    o += rescale * scratch[part + row * columns + column];
    l += rescale * scratch[part + sums + row / 4u][row % 4u];
  }

  // write: O / l; a row that saw no key has l = 0 and gives zeros.
  writeO(rowIndex(tile, row) + column, o * select(0.0, 1.0 / l, l > 0.0));
}
`;
  return { label: 'merge', code, workgroupsPerTile: Math.ceil((blockRows * headDim) / 4 / THREADS) };
}
