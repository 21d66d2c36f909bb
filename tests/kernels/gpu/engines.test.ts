/** What npm run engines puts to Tint: here the texts of three head dimensions, and a text that is refused. */

import { expect, it } from 'vitest';
import { compileWithTint, nagaLacks, seldom } from '../../../scripts/engines/compilers.ts';
import { variants, WGSL_KERNELS } from '../../../scripts/engines/variants.ts';

it('Tint takes every text of the shipped kernels at head dimensions 48, 192 and 21/8, and refuses a broken one', async () => {
  const texts = variants(null, ['48', '192', '21/8']);
  // Every kernel has some.
  const kernels = new Set(texts.map(({ kernel }) => kernel));
  expect(WGSL_KERNELS.map(({ name }) => name).filter((name) => !kernels.has(name))).toEqual([]);
  const codes = texts.map(({ code }) => code);
  const broken = (codes[0] ?? '').replace('fn main(', 'fn main((');
  const progress: number[] = [];
  const { messages } = await compileWithTint([...codes, broken], (compiled) => progress.push(compiled));
  const refused = texts.filter((_, index) => messages[index] !== null).map(({ kernel, from }) => `${kernel}: ${from}`);
  expect(refused).toEqual([]);
  expect(messages).toHaveLength(codes.length + 1);
  expect(messages.at(-1)).toMatch(/main/);
  const [step = 0] = progress;
  expect(step).toBeGreaterThan(0);
  const steps = Math.floor(messages.length / step);
  expect(progress).toEqual(Array.from({ length: steps }, (_, index) => (index + 1) * step));
});

it('how far a compiler is is told once a minute', () => {
  let now = 0;
  const told: number[] = [];
  const tell = seldom(
    (compiled) => told.push(compiled),
    60,
    () => now,
  );
  for (const compiled of [1, 2, 3, 4, 5, 6]) {
    now = compiled * 25;
    tell(compiled);
  }
  // At 75 and, not before 135, at 150.
  expect(told).toEqual([3, 6]);
});

it('what naga lacks is known by the directives of a text', () => {
  expect(nagaLacks('enable subgroups;\n', [])).toBe('subgroups');
  expect(nagaLacks('enable f16;\nenable chromium_experimental_subgroup_matrix;\n', [])).toBe('subgroup matrices');
  expect(nagaLacks('enable f16;\n', [])).toBe('f16 of the driver');
  expect(nagaLacks('enable f16;\n', ['shader-f16'])).toBeUndefined();
  expect(nagaLacks('fn main() {}', [])).toBeUndefined();
});
