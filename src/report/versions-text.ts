/** The text of bench model b200 --figure versions: the model's constants for each version of AVO's kernel. */

import { EVOLUTION } from '../compare/evolution.ts';
import { B200 } from '../model/chip.ts';
import { versionConstants, versionFinding } from '../model/version-constants.ts';
import { formatColumns, USUAL_WIDTH, wrapText } from './columns.ts';

/** The finding, what the constants are fitted on, and a row for each version. */
export function formatVersions(width: number = USUAL_WIDTH): string {
  const versions = versionConstants();
  const change = (version: number) => EVOLUTION.turningPoints.find((point) => point.version === version)?.name ?? '';
  const lines = [
    `${versionFinding(versions)}.`,
    `Fitted for each version as for the libraries, on ${EVOLUTION.source}: 4k to 16k without a mask, causal at 4k. Longer passes are left out: one launch times them, and their error bars are ten times as large (bench published --figure bursts). Three lengths for two constants: part of a change can move from one to the other. Clocks at the nominal ${B200.clockHz / 1e9} GHz.`,
  ];
  const rows = versions.map(({ version, blockClocks, fixedClocks, diagonalClocks }) => [
    `${version}`,
    ...[blockClocks, fixedClocks, diagonalClocks].map((clocks) => clocks.toFixed(0)),
    change(version),
  ]);
  const header = ['version', 'key block', 'rest of a work tile', 'extra of a masked block', 'turning point'];
  return `${lines.flatMap((line) => wrapText(line, width)).join('\n')}\n\n${formatColumns(header, rows, width)}`;
}
