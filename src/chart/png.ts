/** Turns SVG into PNG. The library that does it is a program for each system, so it is loaded only when a PNG is asked for. */

import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { firstLineOf, pngUnavailable } from '../messages.ts';

const require = createRequire(import.meta.url);

/** PNG bytes at twice the size, with the bundled font, since servers have none. Throws with the next step where it cannot be done here. */
export async function renderPng(svg: string): Promise<Uint8Array> {
  const { Resvg } = await loadResvg();
  const font = dirname(require.resolve('@expo-google-fonts/inter/package.json'));
  const fontFiles = ['400Regular/Inter_400Regular.ttf', '700Bold/Inter_700Bold.ttf'].map((file) => join(font, file));
  const image = new Resvg(svg, {
    fitTo: { mode: 'zoom', value: 2 },
    font: { fontFiles, loadSystemFonts: false, defaultFontFamily: 'Inter', sansSerifFamily: 'Inter' },
  });
  return image.render().asPng();
}

async function loadResvg(): Promise<typeof import('@resvg/resvg-js')> {
  try {
    return await import('@resvg/resvg-js');
  } catch (error) {
    throw new Error(pngUnavailable(firstLineOf(error)));
  }
}
