/** One key block of the simulated pipeline as text: which agent does what, and from which clock to which. */

import { B200 } from '../model/chip.ts';
import { AVO_DESIGN } from '../model/pipeline.ts';
import { mergePieces, steadyPeriod, steadyState } from '../model/steady-state.ts';
import { formatColumns, USUAL_WIDTH } from './columns.ts';

/** The work of each agent in one key block of AVO's simulated pipeline, in clocks. */
export function formatTimeline(width: number = USUAL_WIDTH): string {
  const { clocks, intervals } = steadyPeriod(AVO_DESIGN, B200);
  const { blockClocks } = steadyState(AVO_DESIGN, B200);
  const agents = [...new Set(intervals.map(({ agent }) => agent))];
  const rows = agents.flatMap((agent) =>
    mergePieces(intervals.filter((item) => item.agent === agent)).map(({ label, stage, from, to }) => [
      agent,
      from.toFixed(0),
      to.toFixed(0),
      stage === null ? label : `${label}, stage ${stage}`,
    ]),
  );
  return `One key block of AVO's design, simulated: ${clocks.toFixed(0)} clocks, the mean is ${blockClocks.toFixed(0)}

${formatColumns(['group', 'from', 'to', 'work'], rows, width)}`;
}
