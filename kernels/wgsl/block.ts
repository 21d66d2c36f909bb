/** WGSL of one block of keys of wgsl-flash: scores, online softmax, output sums. */

import { MASKED } from './abi.ts';
import { sizes, type WgslConfiguration } from './configuration.ts';
import { LANES, lines, range } from './emit.ts';
import { rowAddress, tokenOf } from './work-tiles.ts';

/** One block of keys from \`base\`: scores, online softmax, output sums. */
export function emitBlock(headDim: number, config: WgslConfiguration, group: number, masked: boolean): string {
  const rowVectors = range(config.rows / 4);
  const keys = range(config.keys);
  const body = `
// S = q k^T, a chunk of dims at a time
${lines(keys.flatMap((j) => rowVectors.map((v) => `var s${j}_${v} = vec4f();`)))}
for (var d = 0u; d < columns; d += chunk / 4u) {
${emitStageScores(headDim, config, group)}
  workgroupBarrier();
  for (var i = 0u; i < ${config.chunk / config.unroll}u; i += 1u) {
${lines(range(config.unroll).map((step) => emitScoreProduct(config, step)))}
  }
  workgroupBarrier();
}
${masked ? emitMask(config, group) : ''}
${config.values === 'before-softmax' ? `{\n  // the first rows of v, while the softmax computes\n  let part = 0u;\n  let first = 0u;\n${emitStageValues(headDim, config)}\n}` : ''}
// m' = max(m, rows of S), over the thread columns through workgroup memory
${lines(rowVectors.map((v) => `weights[c * rowVectors + r * ${config.rows / 4}u + ${v}u] = ${keys.map((j) => `s${j}_${v}`).reduce((a, b) => `max(${a}, ${b})`)};`))}
workgroupBarrier();
${lines(rowVectors.map((v) => `var next${v} = m${v};`))}
for (var t = 0u; t < ${config.threadColumns}u; t += 1u) {
${lines(rowVectors.map((v) => `  next${v} = max(next${v}, weights[t * rowVectors + r * ${config.rows / 4}u + ${v}u]);`))}
}
workgroupBarrier();
// p = 2^(s - m'), l = l 2^(m - m') + sum p, o = o 2^(m - m')
${lines(keys.flatMap((j) => rowVectors.map((v) => `s${j}_${v} = exp2(s${j}_${v} - next${v});`)))}
${lines(rowVectors.map((v) => `let rescale${v} = exp2(m${v} - next${v});\nm${v} = next${v};\nl${v} = fma(l${v}, rescale${v}, ${keys.map((j) => `s${j}_${v}`).join(' + ')});`))}
${emitRescale(headDim, config)}
// O += p v: weights through workgroup memory in parts, V in chunks of keys
for (var part = 0u; part < ${config.weightParts}u; part += 1u) {
  if (c / ${config.threadColumns / config.weightParts}u == part) {
    let key = c % ${config.threadColumns / config.weightParts}u * ${config.keys}u;
${lines(keys.flatMap((j) => rowVectors.map((v) => `    weights[(key + ${j}u) * rowVectors + r * ${config.rows / 4}u + ${v}u] = s${j}_${v};`)))}
  }
  for (var piece = 0u; piece < ${(config.threadColumns * config.keys) / config.weightParts / config.valueKeys}u; piece += 1u) {
    let first = piece * valueKeys;
${config.values === 'before-softmax' ? `    if (part + first > 0u) {\n${emitStageValues(headDim, config)}\n    }` : emitStageValues(headDim, config)}
    workgroupBarrier();
    for (var i = 0u; i < ${config.valueKeys / config.unroll}u; i += 1u) {
${lines(range(config.unroll).map((step) => emitValueProduct(headDim, config, step)))}
    }
    workgroupBarrier();
  }
}`;
  return body
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => `    ${line}`)
    .join('\n');
}

/** Stages a chunk of dims of q (scaled) and k, transposed four by four in registers; rows and keys past the end are zeros. */
function emitStageScores(headDim: number, config: WgslConfiguration, group: number): string {
  const { blockRows, blockKeys, threads } = sizes(headDim, config);
  const quads = config.chunk / 4;
  const part = (vectors: number, load: (i: number) => string, at: string) => {
    const count = (vectors / 4) * quads;
    const body = `
${lines(range(4).map((i) => `      let x${i} = ${load(i)};`))}
      let to = ${at} + quad * 4u * ${vectors / 4}u + group;
${lines(range(4).map((i) => `      stage[to + ${(i * vectors) / 4}u] = vec4f(x0.${LANES[i]}, x1.${LANES[i]}, x2.${LANES[i]}, x3.${LANES[i]});`))}`;
    return `  for (var t = thread; t < ${count}u; t += ${threads}u) {
      let quad = t % ${quads}u;
      let group = t / ${quads}u;
${body}
  }`;
  };
  const row = (i: number) => `group * 4u + ${i}u`;
  return lines([
    part(
      blockRows,
      (i) =>
        `select(vec4f(), readQ(${rowAddress(`min(${row(i)}, tile.rows - 1u)`, group)} + d + quad) * params.scale, ${row(i)} < tile.rows)`,
      '0u',
    ),
    part(
      blockKeys,
      (i) =>
        `select(vec4f(), readK(tile.kv + min(u32(base) + ${row(i)}, params.seqKv - 1u) * kvStride + d + quad), u32(base) + ${row(i)} < params.seqKv)`,
      'chunk * rowVectors',
    ),
  ]);
}

/** O = O 2^(m - m'), always or where a factor of this thread is not 1. */
function emitRescale(headDim: number, config: WgslConfiguration): string {
  const rowVectors = range(config.rows / 4);
  const sums = range(sizes(headDim, config).threadColumns).flatMap((i) =>
    LANES.flatMap((lane) => rowVectors.map((v) => `o${i}_${lane}${v} *= rescale${v};`)),
  );
  if (config.rescale === 'always') return lines(sums);
  const moved = rowVectors.map((v) => `any(rescale${v} != vec4f(1.0))`).join(' || ');
  return `if (${moved}) {\n${lines(sums.map((line) => `  ${line}`))}\n}`;
}

/** Stages valueKeys rows of v; keys past the end and columns past headDim are zeros. */
function emitStageValues(headDim: number, config: WgslConfiguration): string {
  const { threads, paddedColumns, partKeys } = sizes(headDim, config);
  const outside = paddedColumns === headDim / 4 ? '' : ' && column < columns';
  return `    for (var t = thread; t < ${config.valueKeys * paddedColumns}u; t += ${threads}u) {
      let key = u32(base) + part * ${partKeys}u + first + t / ${paddedColumns}u;
      let column = t % ${paddedColumns}u;
      stage[t] = select(vec4f(), readV(tile.kv + min(key, params.seqKv - 1u) * kvStride + min(column, columns - 1u)), key < params.seqKv${outside});
    }`;
}

/** The dim i + step of S = q k^T: a broadcast of each k component against the q of the thread's rows. */
function emitScoreProduct(config: WgslConfiguration, step: number): string {
  const rowVectors = range(config.rows / 4);
  return scope(config, [
    ...rowVectors.map((v) => `let q${v} = stage[${at(config, step)} * rowVectors + r * ${config.rows / 4}u + ${v}u];`),
    ...range(config.keys / 4).map(
      (g) =>
        `let k${g} = stage[chunk * rowVectors + ${at(config, step)} * keyVectors + c * ${config.keys / 4}u + ${g}u];`,
    ),
    ...range(config.keys).flatMap((j) =>
      rowVectors.map((v) => `s${j}_${v} = fma(vec4f(k${Math.floor(j / 4)}.${LANES[j % 4]}), q${v}, s${j}_${v});`),
    ),
  ]);
}

/** The step of a loop that is written out: in this form compilers see that it stays within its bounds. */
const at = (config: WgslConfiguration, step: number) =>
  config.unroll === 1 ? 'i' : `(i * ${config.unroll}u + ${step}u)`;

/** Statements in a scope of their own where a loop holds several steps. */
function scope(config: WgslConfiguration, statements: string[]): string {
  const inner = statements.map((line) => `    ${line}`);
  return lines(config.unroll === 1 ? inner : ['    {', ...inner.map((line) => `  ${line}`), '    }']);
}

/** Key i + step of O += p v: a broadcast of each v component against the weights of the thread's rows. */
function emitValueProduct(headDim: number, config: WgslConfiguration, step: number): string {
  const { threadColumns, paddedColumns } = sizes(headDim, config);
  const rowVectors = range(config.rows / 4);
  return scope(config, [
    ...rowVectors.map(
      (v) => `let p${v} = weights[(first + ${at(config, step)}) * rowVectors + r * ${config.rows / 4}u + ${v}u];`,
    ),
    ...range(threadColumns).flatMap((i) => [
      `let v${i} = stage[${at(config, step)} * ${paddedColumns}u + c + ${i * config.threadColumns}u];`,
      ...LANES.flatMap((lane) =>
        rowVectors.map((v) => `o${i}_${lane}${v} = fma(vec4f(v${i}.${lane}), p${v}, o${i}_${lane}${v});`),
      ),
    ]),
  ]);
}

/** Scores of keys that a row does not see become MASKED. */
function emitMask(config: WgslConfiguration, group: number): string {
  const rowVectors = range(config.rows / 4);
  return lines([
    ...rowVectors.map((v) => {
      const rows = range(4).map((i) => `tile.firstRow + ${tokenOf(`(r * ${config.rows}u + ${v * 4 + i}u)`, group)}`);
      return `let low${v} = vec4i(${rows.map((row) => `lowKey(${row})`).join(', ')});
let high${v} = vec4i(${rows.map((row) => `highKey(${row})`).join(', ')});`;
    }),
    `let ownKey = base + i32(c * ${config.keys}u);`,
    ...range(config.keys).flatMap((j) =>
      rowVectors.map(
        (v) =>
          `s${j}_${v} = select(vec4f(${MASKED}), s${j}_${v}, (vec4i(ownKey + ${j}) >= low${v}) & (vec4i(ownKey + ${j}) < high${v}));`,
      ),
    ),
  ]);
}
