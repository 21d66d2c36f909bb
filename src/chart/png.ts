/** PNG out of SVG, by the optional package resvg, with a font of its own, since servers have none. */

import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pngMissing, UsageError, whyNotLoaded } from '../messages.ts';

/** The font's files in its package. */
export const FACES = ['400Regular/Inter_400Regular.ttf', '700Bold/Inter_700Bold.ttf'];
/** The fonts beside the bundled program. */
const BUNDLED = fileURLToPath(new URL('../fonts/', import.meta.url));

/**
 * Loads what turns SVG text into PNG bytes at twice the size. Throws UsageError where resvg or its binary is not installed, which
 * says what works `instead`.
 */
export async function loadPng(instead: string): Promise<(svg: string) => Uint8Array> {
  try {
    const { Resvg } = await import('@resvg/resvg-js');
    const folder = existsSync(BUNDLED) ? BUNDLED : fontPackage();
    const fontFiles = FACES.map((face) => join(folder, face));
    return (svg) =>
      new Resvg(svg, {
        fitTo: { mode: 'zoom', value: 2 },
        font: { fontFiles, loadSystemFonts: false, defaultFontFamily: 'Inter', sansSerifFamily: 'Inter' },
      })
        .render()
        .asPng();
  } catch (error) {
    throw new UsageError(pngMissing(whyNotLoaded('@resvg/resvg-js', error), instead));
  }
}

/** The npm package of the font, which only a checkout has. */
export function fontPackage(): string {
  const require = createRequire(import.meta.url);
  return dirname(require.resolve('@expo-google-fonts/inter/package.json'));
}
