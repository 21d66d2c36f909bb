/** The text of bench published --figure evolution: the best so far by version, and the ablation's gains by length. */

import { EVOLUTION, type EvolutionGain, type Version, versionRates } from '../compare/evolution.ts';
import { formatChange } from '../format.ts';
import { formatSize } from '../problem/workload.ts';
import { fitText, formatColumns, USUAL_WIDTH } from './columns.ts';

/** Points by which a mean may differ from a figure that is printed to 0.1. */
const ROUNDING = 0.05;

/** Every version of the figures, and what the three steps of the ablation gain at each length. */
export function formatEvolution(width: number = USUAL_WIDTH): string {
  const { source, reading, protocol, versions, turningPoints, libraries, seqs } = EVOLUTION;
  const change = (version: number) => turningPoints.find((point) => point.version === version)?.change ?? '';
  const rows = versions.map(({ version, full, causal }) => [
    `${version}`,
    tflops(full.geometricMean),
    tflops(full.best),
    tflops(causal.geometricMean),
    tflops(causal.best),
    change(version),
  ]);
  const rules = libraries.map(({ library, full, causal }) => `${library} ${full} and ${causal}`).join(', ');
  const text = `How AVO's kernel grew: ${protocol}
${source}, ${reading}

TFLOPS, geometric mean over ${seqs.map(formatSize).join(', ')}, and the best of it so far; beside it the turning points that the paper names.
The same means without and with the causal mask: ${rules}.

${formatColumns(['version', 'full', 'best', 'causal', 'best', 'turning point'], rows, width)}
Gains of the paper's ablation, version by version; "mean" is the gain of the geometric mean, "table 1" what the paper prints:

${formatGains(width)}
${formatAgreement()}

${formatRepairs()}
`;
  return fitText(text, width);
}

const tflops = (value: number | null) => value?.toFixed(0) ?? '-';

/** The gains of the ablation by technique, mask and length beside the paper's geometric means, as a table. */
export function formatGains(width: number = USUAL_WIDTH): string {
  const { gains, seqs } = EVOLUTION;
  const rows = gains.map(({ name, before, after, mask, lengths, geometricMean, published }) => [
    name,
    `${before} to ${after}`,
    mask,
    ...lengths.map(({ gain }) => formatChange(gain)),
    formatChange(geometricMean.gain),
    formatChange(published),
  ]);
  return formatColumns(['technique', 'versions', 'mask', ...seqs.map(formatSize), 'mean', 'table 1'], rows, width);
}

/** How near the gains of the geometric means are to what the paper prints, which it rounds to 0.1. */
function formatAgreement(): string {
  const { gains } = EVOLUTION;
  const off = ({ geometricMean, published }: EvolutionGain) => Math.abs(geometricMean.gain - published);
  const most = Math.max(...gains.map(off));
  const far = gains.filter((gain) => off(gain) > ROUNDING);
  const named = far.map(
    ({ name, mask, geometricMean, published }) =>
      `${name}, ${mask}, comes out at ${formatChange(geometricMean.gain)}, where the table prints ${formatChange(published)}`,
  );
  return `All means lie within ${most.toFixed(1)} points of table 1, ${gains.length - far.length} of ${gains.length} within its rounding${named.length === 0 ? '' : `: ${named.join('; ')}`}.`;
}

/** What the gains are worth beside earlier versions, in sentences; every number is computed from the versions. */
export function formatRepairs(): string {
  const { gains, versions } = EVOLUTION;
  const full = (technique: EvolutionGain['technique']) => {
    const gain = gains.find((item) => item.technique === technique && item.mask === 'full');
    if (gain === undefined) throw new RangeError(`the evolution has no gain of '${technique}'`);
    return gain;
  };
  const [branchless, overlap, registers] = [full('branchless'), full('overlap'), full('registers')];
  const mean = (version: number) => tflops(versionRates(version, 'full').geometricMean);
  const longest = branchless.lengths.at(-1);
  const best = bestUntil(versions, registers.before);
  const since13 = (mask: 'full' | 'causal') => {
    const [from, to] = [13, branchless.before].map(
      (version) => versionRates(version, mask).geometricMean ?? Number.NaN,
    );
    return formatChange(100 * ((to ?? Number.NaN) / (from ?? Number.NaN) - 1));
  };
  const at32k = (mask: 'full' | 'causal') => tflops(versionRates(branchless.before, mask).tflops.at(-1) ?? null);
  return `Without a mask, part of these gains wins back what earlier versions had lost:
- Overlap and registers, wholly: versions ${overlap.after} and ${registers.after} reach ${mean(overlap.after)} and ${mean(registers.after)} TFLOPS, less than the ${tflops(best.geometricMean)} of version ${best.version}.
- Branch-free rescaling, in part. Versions 13, 18 and 19 reach ${mean(13)}, ${mean(18)} and ${mean(19)}, version 20 ${mean(20)}. Of its ${formatChange(branchless.geometricMean.gain)}, ${branchless.geometricMean.repair.toFixed(1)} points only regain version 13; at 32k ${longest?.repair.toFixed(1)} of ${formatChange(longest?.gain ?? 0)}.
From version 13 to 19 the geometric mean changed by ${since13('causal')} with the causal mask and by ${since13('full')} without: at 32k version 19 is slower without a mask than with it, ${at32k('full')} against ${at32k('causal')} TFLOPS.`;
}

/** The version with the best geometric mean without a mask, up to `last`. */
function bestUntil(versions: readonly Version[], last: number) {
  const means = versions.flatMap(({ version, full: { geometricMean } }) =>
    version > last || geometricMean === null ? [] : [{ version, geometricMean }],
  );
  return means.reduce((best, item) => (item.geometricMean > best.geometricMean ? item : best));
}
