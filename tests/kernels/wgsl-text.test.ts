/** The text of the WGSL kernels: each whole as it is for one small case, and what differs from it where tensors lie in halves. */

import { describe, expect, it } from 'vitest';
import { wgslConfiguration } from '../../kernels/configurations.ts';
import { ABLATIONS, findKernel } from '../../kernels/index.ts';
import { TYPICAL_DEVICE } from '../../kernels/typical-device.ts';
import { emitWgslFlash } from '../../kernels/wgsl/flash.ts';
import type { Storage } from '../../kernels/wgsl/storage.ts';
import { workload } from '../workloads.ts';
import { APPLE, matrixCode, SQUARE } from './matrix-features.ts';
import { SMALL } from './small-configuration.ts';

const codeOf = (name: string) => {
  const program = findKernel(name).build(workload(), TYPICAL_DEVICE);
  return program.kind === 'wgsl' ? program.passes.map(({ code }) => code).join('\n') : '';
};
const flashCode = (storage: Storage) =>
  emitWgslFlash(32, SMALL, storage)
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
  const shipped = wgslConfiguration(128, TYPICAL_DEVICE);
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
