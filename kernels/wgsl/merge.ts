/** The second pass of wgsl-flash where its keys are split: the parts of a work tile become its output. */

import type { WgslPass } from '../kernel.ts';
import { abi } from './abi.ts';
import { sizes, type WgslConfiguration } from './configuration.ts';
import { LOWEST } from './mask.ts';
import { columnsOf, columnsOfV, outputFour, type RowDims } from './row-dims.ts';
import type { Storage } from './storage.ts';
import { type Schedule, tokensOf } from './work-tiles.ts';
import { partVectors, placesInPart } from './write.ts';

const THREADS = 64;
/** Threads that share the splits of one vec4 of the output: there may be a hundred, and as many reads one after another take long. */
const SHARERS = 4;

/**
 * m = max of m_i, O = sum of O_i 2^(m_i - m) / sum of l_i 2^(m_i - m) over the splits i; a split that saw no key of a row has l_i = 0
 * there. Reads scratch as write.ts leaves it.
 */
export function emitMerge(dims: RowDims, config: WgslConfiguration, storage: Storage, schedule: Schedule): WgslPass {
  const { splits, ...heads } = schedule;
  const { blockRows } = sizes(dims.headDimV, config);
  const places = placesInPart(dims.headDimV, config);
  const columns = columnsOfV(dims);
  const about = `// Merges the ${splits} splits of a work tile: m = max m_i,  O = sum O_i 2^(m_i - m) / sum l_i 2^(m_i - m)`;
  const code = `${abi({ about, ...dims, tokens: tokensOf(config, schedule), storage, ...heads, scratch: 'vec4f' })}
// A part in scratch: O_i as [row][column], then m_i and l_i, in vec4s of four rows.
const splits = ${splits}u;
const partVectors = ${partVectors(dims.headDimV, config)}u;
const maxima = ${places.maxima}u; // place of m_i in a part
const sums = ${places.sums}u;   // and of l_i

// Of every thread: O, m and l over its splits, each ${SHARERS}th.
var<workgroup> outputs: array<vec4f, ${THREADS}>;
var<workgroup> statistics: array<vec2f, ${THREADS}>;

@compute @workgroup_size(${THREADS})
fn main(@builtin(local_invocation_index) thread: u32, @builtin(workgroup_id) workgroup: vec3u) {
  let tile = findWorkTile(params.tileBase + workgroup.y);
  let output = workgroup.x * ${THREADS / SHARERS}u + thread / ${SHARERS}u;
  let row = output / ${columns};
  let column = output % ${columns};
  let first = workgroup.y * splits * partVectors;

  // row maximum, rescale and row sum: one split after another. Rows past the tile's end hold anything, and are not written.
  var m = ${LOWEST};
  var l = 0.0;
  var o = vec4f();
  for (var i = 0u; i < ${Math.ceil(splits / SHARERS)}u; i += 1u) {
    let split = i * ${SHARERS}u + thread % ${SHARERS}u;
    if (split < splits) {
      let part = first + split * partVectors;
      let own = scratch[part + maxima + row / 4u][row % 4u];
      let next = max(m, own);
      let before = exp2(m - next);
      let here = exp2(own - next);
      o = o * before + here * scratch[part + row * ${columns} + column];
      l = l * before + here * scratch[part + sums + row / 4u][row % 4u];
      m = next;
    }
  }
  outputs[thread] = o;
  statistics[thread] = vec2f(m, l);
  workgroupBarrier();

  // write: O / l over the threads that share an output; a row that saw no key has l = 0 and gives zeros.
  if (thread % ${SHARERS}u == 0u && row < tile.rows) {
    for (var other = 1u; other < ${SHARERS}u; other += 1u) {
      let next = max(m, statistics[thread + other].x);
      let before = exp2(m - next);
      let here = exp2(statistics[thread + other].x - next);
      o = o * before + here * outputs[thread + other];
      l = l * before + here * statistics[thread + other].y;
      m = next;
    }
    writeO(${outputFour(dims, 'row', 'column')}, o * select(0.0, 1.0 / l, l > 0.0));
  }
}
`;
  return {
    label: 'merge',
    code,
    workgroupsPerTile: Math.ceil((blockRows * columnsOf(dims.headDimV) * SHARERS) / THREADS),
  };
}
