/** Draws a chart as SVG text, by Vega without a canvas. */

import { parse, View } from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';
import { textMetrics } from 'vega-scenegraph';
import { ADVANCE } from './frame.ts';

// Without a canvas Vega assumes 0.8 ems a character, which makes charts a third too wide.
textMetrics.width = (item, text) => {
  const weight = item.fontWeight === 'bold' || Number(item.fontWeight) >= 600 ? ADVANCE.bold : ADVANCE.regular;
  return String(text ?? '').length * (item.fontSize ?? 11) * weight;
};

/** The SVG text of a specification that has its theme. */
export async function drawSvg(specification: TopLevelSpec): Promise<string> {
  const view = new View(parse(compile(specification).spec), { renderer: 'none' });
  try {
    return await view.toSVG();
  } finally {
    view.finalize();
  }
}
