/** The text of the WGSL kernels: each whole as it is for one small case, and what differs from it where tensors lie in halves. */

import { describe, expect, it } from 'vitest';
import { wgslConfiguration } from '../../kernels/configurations.ts';
import { ABLATIONS, findKernel } from '../../kernels/index.ts';
import { TYPICAL_DEVICE } from '../../kernels/typical-device.ts';
import { emitWgslFlash } from '../../kernels/wgsl/flash.ts';
import { bothDims } from '../../kernels/wgsl/row-dims.ts';
import type { Storage } from '../../kernels/wgsl/storage.ts';
import { workload } from '../workloads.ts';
import { APPLE, matrixCode, SQUARE } from './matrix-features.ts';
import { SMALL } from './small-configuration.ts';

const codeOf = (name: string) => {
  const program = findKernel(name).build(workload(), TYPICAL_DEVICE);
  return program.kind === 'wgsl' ? program.passes.map(({ code }) => code).join('\n') : '';
};
const flashCode = (storage: Storage, dims = bothDims(32)) =>
  emitWgslFlash(dims, SMALL, storage)
    .passes.map(({ code }) => code)
    .join('\n');

/** Lines of a text that another does not have, each once. */
const linesOnlyIn = (text: string, other: string) => {
  const others = new Set(other.split('\n'));
  return [...new Set(text.split('\n'))].filter((line) => !others.has(line)).join('\n');
};

describe('the text of the WGSL kernels at head dimension 32', () => {
  it.each([
    ['wgsl-flash', flashCode('f32')],
    ['wgsl-rows', codeOf('wgsl-rows')],
    ['wgsl-naive', codeOf('wgsl-naive')],
    ['wgsl-matrix', matrixCode('template', APPLE, 'f32', { headDim: 32 })],
  ])('%s is as it was (vitest -u writes it anew)', async (name, code) => {
    await expect(code).toMatchFileSnapshot(`snapshots/${name}.wgsl`);
  });

  it('differs in the declarations of tensors where they are of type f16', () => {
    expect(linesOnlyIn(flashCode('f16'), flashCode('f32'))).toMatchInlineSnapshot(`
      "enable f16;
      @group(0) @binding(1) var<storage, read> q: array<vec4<f16>>;
      @group(0) @binding(2) var<storage, read> k: array<vec4<f16>>;
      @group(0) @binding(3) var<storage, read> v: array<vec4<f16>>;
      @group(0) @binding(4) var<storage, read_write> o: array<vec4<f16>>;
        return vec4f(q[i]);
        return vec4f(k[i]);
        return vec4f(v[i]);
        o[i] = vec4<f16>(value);"
    `);
  });

  it('differs in the same where halves are packed in pairs', () => {
    expect(linesOnlyIn(flashCode('packed-f16'), flashCode('f32'))).toMatchInlineSnapshot(`
      "@group(0) @binding(1) var<storage, read> q: array<vec2u>;
      @group(0) @binding(2) var<storage, read> k: array<vec2u>;
      @group(0) @binding(3) var<storage, read> v: array<vec2u>;
      @group(0) @binding(4) var<storage, read_write> o: array<vec2u>;
        return vec4f(unpack2x16float(q[i].x), unpack2x16float(q[i].y));
        return vec4f(unpack2x16float(k[i].x), unpack2x16float(k[i].y));
        return vec4f(unpack2x16float(v[i].x), unpack2x16float(v[i].y));
        o[i] = vec2u(pack2x16float(value.xy), pack2x16float(value.zw));"
    `);
  });

  it('reads rows that are no multiple of four elements one by one, with zeros past their end', () => {
    expect(linesOnlyIn(flashCode('f32', bothDims(30)), flashCode('f32'))).toMatchInlineSnapshot(`
      "// q, k, v and o are [batch, seq, heads, headDim]; they are read and written four elements at a time, and an
      // index into them counts such vec4s, but elements where a row has 30 of them, which are no whole vec4s.
      // A work tile is up to 8 tokens of one query head; workgroup (x, y) works on tile tileBase + y.
      @group(0) @binding(1) var<storage, read> q: array<f32>;
      @group(0) @binding(2) var<storage, read> k: array<f32>;
      @group(0) @binding(3) var<storage, read> v: array<f32>;
      @group(0) @binding(4) var<storage, read_write> o: array<f32>;
      fn readQ(row: u32, column: u32) -> vec4f {
        let dims = column * 4u + vec4u(0u, 1u, 2u, 3u);
        let i = row + min(dims, vec4u(headDim - 1u));
        let four = vec4f(
          q[i.x],
          q[i.y],
          q[i.z],
          q[i.w],
        return select(vec4f(), four, dims < vec4u(headDim));
      fn readK(row: u32, column: u32) -> vec4f {
          k[i.x],
          k[i.y],
          k[i.z],
          k[i.w],
      fn readV(row: u32, column: u32) -> vec4f {
          v[i.x],
          v[i.y],
          v[i.z],
          v[i.w],
      fn writeOne(i: u32, value: f32) {
      fn writeO(row: u32, column: u32, value: vec4f) {
        let i = row + column * 4u;
        if (column * 4u < headDim) {
          writeOne(i, value.x);
        if (column * 4u + 1u < headDim) {
          writeOne(i + 1u, value.y);
        if (column * 4u + 2u < headDim) {
          writeOne(i + 2u, value.z);
        if (column * 4u + 3u < headDim) {
          writeOne(i + 3u, value.w);
      const headDim = 30u; // elements of a row
        tile.qStride = params.queryHeads * headDim;
        tile.kvStride = params.kvHeads * headDim;
        tile.q = (batch * params.rowsPerHead + block * tileTokens) * tile.qStride + queryHead * headDim;
        tile.kv = batch * params.seqKv * tile.kvStride + kvHead * headDim;
        return readQ(rowIndex(tile, min(row, tile.rows - 1u)), column) * params.scale;
        return readK(tile.kv + min(key, params.seqKv - 1u) * tile.kvStride, column);
        let value = readV(tile.kv + min(key, params.seqKv - 1u) * tile.kvStride, column);
          writeO(rowIndex(tile, row), column, x[0]);
          writeO(rowIndex(tile, row + 1u), column, x[1]);
          writeO(rowIndex(tile, row + 2u), column, x[2]);
          writeO(rowIndex(tile, row + 3u), column, x[3]);"
    `);
  });

  it('writes the halves of such rows so that no other half of a word changes', () => {
    expect(linesOnlyIn(flashCode('packed-f16', bothDims(30)), flashCode('f32', bothDims(30)))).toMatchInlineSnapshot(`
      "@group(0) @binding(1) var<storage, read> q: array<u32>;
      @group(0) @binding(2) var<storage, read> k: array<u32>;
      @group(0) @binding(3) var<storage, read> v: array<u32>;
      @group(0) @binding(4) var<storage, read_write> o: array<atomic<u32>>;
          unpack2x16float(q[i.x / 2u] >> (i.x % 2u * 16u)).x,
          unpack2x16float(q[i.y / 2u] >> (i.y % 2u * 16u)).x,
          unpack2x16float(q[i.z / 2u] >> (i.z % 2u * 16u)).x,
          unpack2x16float(q[i.w / 2u] >> (i.w % 2u * 16u)).x,
          unpack2x16float(k[i.x / 2u] >> (i.x % 2u * 16u)).x,
          unpack2x16float(k[i.y / 2u] >> (i.y % 2u * 16u)).x,
          unpack2x16float(k[i.z / 2u] >> (i.z % 2u * 16u)).x,
          unpack2x16float(k[i.w / 2u] >> (i.w % 2u * 16u)).x,
          unpack2x16float(v[i.x / 2u] >> (i.x % 2u * 16u)).x,
          unpack2x16float(v[i.y / 2u] >> (i.y % 2u * 16u)).x,
          unpack2x16float(v[i.z / 2u] >> (i.z % 2u * 16u)).x,
          unpack2x16float(v[i.w / 2u] >> (i.w % 2u * 16u)).x,
        let shift = i % 2u * 16u;
        atomicAnd(&o[i / 2u], ~(0xffffu << shift));
        atomicOr(&o[i / 2u], pack2x16float(vec2f(value, 0.0)) << shift);"
    `);
  });

  it('fills the last chunk of dims with zeros', () => {
    expect(linesOnlyIn(flashCode('f32', bothDims(36)), flashCode('f32'))).toMatchInlineSnapshot(`
      "const columns = 9u; // vec4s of a row
        let four = readQ(rowIndex(tile, min(row, tile.rows - 1u)) + min(column, columns - 1u)) * params.scale;
        return select(vec4f(), four, column < columns);
        let four = readK(tile.kv + min(key, params.seqKv - 1u) * tile.kvStride + min(column, columns - 1u));
        var o2 = Quad();
          o2 = multiplyQuad(o2, rescale);
              for (var i = 0u; i < 6u; i += 1u) {
                let key = u32(base) + part * 16u + first + t / 12u;
                let column = t % 12u;
                stage[t] = select(vec4f(), loadV(tile, key, min(column, columns - 1u)), column < columns);
                let column = key * 12u + c;
                o2 = addProduct(o2, stage[column + 8u], p);
        if (c + 8u < columns) {
          writeColumn(tile, ownRow, c + 8u, multiplyQuad(o2, factor));"
    `);
  });

  it('gives v and o places of their own where their rows are shorter', () => {
    expect(linesOnlyIn(flashCode('f32', { headDim: 32, headDimV: 16 }), flashCode('f32'))).toMatchInlineSnapshot(`
      "// q and k are [batch, seq, heads, headDim], v and o [batch, seq, heads, headDimV]; they are read and written four elements at a time, and every index into
      const valueColumns = 4u; // vec4s of a row of v and o
        q: u32,        // index of its first row in q
        kv: u32,       // index of its KV head's first row in k
        qStride: u32,  // from one token of a head to the next in q
        kvStride: u32, // and in k
        o: u32,        // the same in o
        v: u32,        // and in v
        oStride: u32,
        vStride: u32,
        tile.oStride = params.queryHeads * valueColumns;
        tile.vStride = params.kvHeads * valueColumns;
        tile.o = (batch * params.rowsPerHead + block * tileTokens) * tile.oStride + queryHead * valueColumns;
        tile.v = batch * params.seqKv * tile.vStride + kvHead * valueColumns;
      // Row \`row\` of a tile: its place in q, and in the sequence.
      fn outputIndex(tile: WorkTile, row: u32) -> u32 {
        return tile.o + row * tile.oStride;
        let value = readV(tile.v + min(key, params.seqKv - 1u) * tile.vStride + column);
          writeO(outputIndex(tile, row) + column, x[0]);
          writeO(outputIndex(tile, row + 1u) + column, x[1]);
          writeO(outputIndex(tile, row + 2u) + column, x[2]);
          writeO(outputIndex(tile, row + 3u) + column, x[3]);
              for (var i = 0u; i < 2u; i += 1u) {
                let key = u32(base) + part * 16u + first + t / 4u;
                let column = t % 4u;
                let column = key * 4u + c;"
    `);
  });

  it.each([64, 128, 256, 512])('head dimension %i has vec4s alone', (headDim) => {
    const { passes } = emitWgslFlash(bothDims(headDim), wgslConfiguration(bothDims(headDim), TYPICAL_DEVICE), 'f32');
    for (const { code } of passes) expect(code).not.toMatch(/array<f32>|column < columns|headDimV/);
  });

  it('names every value of a thread, and indexes no array by anything but a place in memory', () => {
    const code = codeOf('wgsl-flash');
    expect(code).not.toMatch(/var\s+\w+\s*(:\s*|=\s*)array/);
  });
});

describe('the spellings of subgroup matrices', () => {
  it('differ in a load and in a store', () => {
    const spelled = (spelling: 'template' | 'argument', name: string) =>
      new RegExp(`${name}.*`).exec(matrixCode(spelling, SQUARE, 'f16', { headDim: 32 }))?.[0];
    expect(spelled('template', 'subgroupMatrixLoad')).toMatchInlineSnapshot(
      `"subgroupMatrixLoad<subgroup_matrix_left<f16, 16, 16>, row_major>(&stage, firstRow * keyStride, keyStride);"`,
    );
    expect(spelled('argument', 'subgroupMatrixLoad')).toMatchInlineSnapshot(
      `"subgroupMatrixLoad<subgroup_matrix_left<f16, 16, 16>>(&stage, (firstRow * keyStride) * 4u, false, (keyStride) * 4u);"`,
    );
    expect(spelled('template', 'subgroupMatrixStore')).toMatchInlineSnapshot(
      `"subgroupMatrixStore<row_major>(&scores[subgroup], 0u, s0_0, scoreStride);"`,
    );
    expect(spelled('argument', 'subgroupMatrixStore')).toMatchInlineSnapshot(
      `"subgroupMatrixStore(&scores[subgroup], (0u) * 4u, s0_0, false, (scoreStride) * 4u);"`,
    );
  });
});

describe('ablations', () => {
  /** What each changes in the shipped configuration; tests/kernels/gpu/wgsl-configurations.test.ts runs these values. */
  const shipped = wgslConfiguration(bothDims(128), TYPICAL_DEVICE);
  it.each([
    ['wgsl-flash-branch', { rescale: 'branch' }],
    ['wgsl-flash-overlap', { values: 'before-softmax' }],
    ['wgsl-flash-small', { keys: shipped.keys / 2 }],
    ['wgsl-flash-large', { keys: shipped.keys * 1.5, weightParts: shipped.threadColumns / 2, valueKeys: 8 }],
  ])('%s is wgsl-flash in another configuration: %j', (name, changes) => {
    const w = workload({ headDim: 128, seqQuery: 64 });
    const { tunable } = findKernel('wgsl-flash');
    const program = findKernel(name).build(w, TYPICAL_DEVICE);
    expect(program).toEqual(tunable?.build({ ...tunable.shipped(w, TYPICAL_DEVICE), ...changes }, w, TYPICAL_DEVICE));
  });

  it.each(ABLATIONS)('$name is another program than the kernel that it varies', ({ name, ablation, build }) => {
    const w = workload({ headDim: 128, seqQuery: 64 });
    // Without a technique of its own it is what another one varies.
    const of = ablation?.of ?? 'wasm-flash';
    expect(ablation !== undefined || ABLATIONS.some((other) => other.ablation?.of === name)).toBe(true);
    expect(build(w, TYPICAL_DEVICE)).not.toEqual(findKernel(of).build(w, TYPICAL_DEVICE));
  });

  it('have both sides of branch-free rescaling take running maxima in every block', () => {
    const w = workload({ headDim: 128, seqQuery: 64 });
    const text = (name: string) => {
      const program = findKernel(name).build(w, TYPICAL_DEVICE);
      return program.kind === 'wasm' ? program.text : '';
    };
    expect(text('wasm-flash')).toContain('tell whether maxima are needed');
    for (const name of ['wasm-flash-maxima', 'wasm-flash-branch'])
      expect(text(name)).not.toContain('tell whether maxima are needed');
  });
});
