/** Draws a chart as SVG text, by Vega without a canvas. */

import { Error as ErrorsOnly, logger, parse, View } from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';
import { textMetrics } from 'vega-scenegraph';
import { messageOf } from '../messages.ts';
import { ADVANCE } from './frame.ts';

// Without a canvas Vega assumes 0.8 ems a character, which makes charts a third too wide.
textMetrics.width = (item, text) => {
  const weight = item.fontWeight === 'bold' || Number(item.fontWeight) >= 600 ? ADVANCE.bold : ADVANCE.regular;
  return String(text ?? '').length * (item.fontSize ?? 11) * weight;
};

/** The SVG text of a specification that has its theme. Throws where a part of it cannot be drawn. */
export async function drawSvg(specification: TopLevelSpec): Promise<string> {
  const problems: unknown[] = [];
  // Vega writes an error to the console and goes on, with an empty picture.
  const logged = logger(ErrorsOnly);
  logged.error = (...all) => {
    problems.push(...all);
    return logged;
  };
  const view = new View(parse(compile(specification).spec), { renderer: 'none', logger: logged });
  try {
    const svg = await view.toSVG();
    if (problems.length > 0) throw new Error(messageOf(problems[0]), { cause: problems[0] });
    return svg;
  } finally {
    view.finalize();
  }
}
