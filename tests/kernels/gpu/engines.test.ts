/** What npm run engines puts to Tint: here the texts of three head dimensions, and a text that is refused. */

import { expect, it } from 'vitest';
import { compileWithTint, nagaLacks } from '../../../scripts/engines/compilers.ts';
import { variants, WGSL_KERNELS } from '../../../scripts/engines/variants.ts';

it('Tint takes every text of the shipped kernels at head dimensions 48, 192 and 21/8, and refuses a broken one', async () => {
  const texts = variants(null, ['48', '192', '21/8']);
  // Every kernel has some.
  const kernels = new Set(texts.map(({ kernel }) => kernel));
  expect(WGSL_KERNELS.map(({ name }) => name).filter((name) => !kernels.has(name))).toEqual([]);
  const codes = texts.map(({ code }) => code);
  const broken = (codes[0] ?? '').replace('fn main(', 'fn main((');
  const { messages } = await compileWithTint([...codes, broken]);
  const refused = texts.filter((_, index) => messages[index] !== null).map(({ kernel, from }) => `${kernel}: ${from}`);
  expect(refused).toEqual([]);
  expect(messages).toHaveLength(codes.length + 1);
  expect(messages.at(-1)).toMatch(/main/);
});

it('what naga lacks is known by the directives of a text', () => {
  expect(nagaLacks('enable subgroups;\n', [])).toBe('subgroups');
  expect(nagaLacks('enable f16;\nenable chromium_experimental_subgroup_matrix;\n', [])).toBe('subgroup matrices');
  expect(nagaLacks('enable f16;\n', [])).toBe('f16 of the driver');
  expect(nagaLacks('enable f16;\n', ['shader-f16'])).toBeUndefined();
  expect(nagaLacks('fn main() {}', [])).toBeUndefined();
});
