/** The text of bench verify. */

import { counted } from '../format.ts';
import type { RowsCompared, UnseeingRows } from '../measure/stored-output.ts';
import type { NotFinite } from '../problem/tensor-set.ts';
import { type Dtype, describe, type Workload } from '../problem/workload.ts';

/** A kernel's output beside what it should be; --format json prints these fields. */
export interface VerifiedOutput {
  kernel: string;
  device: string;
  /** As the kernel ran it: its head dimension may be padded. */
  workload: Workload;
  agrees: boolean;
  oracle: RowsCompared;
  /** Against the o of the file; null if it has none. */
  file: RowsCompared | null;
  /** How the file was read. */
  tensors: {
    layout: string;
    /** Names in the file by what they were taken for. */
    names: Record<string, string>;
    unused: string[];
    headDim: number;
    headDimV: number;
    /** What both were padded to with zeros, where the kernel does not take them; else null. */
    paddedTo: number | null;
    /** The type that o was computed in; whether q, k and v were rounded to it. */
    dtype: Dtype;
    rounded: boolean;
  };
  notFinite: NotFinite[];
  unseeing: UnseeingRows | null;
  hints: string[];
}

/** The verdict, a line for each reference with the errors beside their tolerance, and what there is to know of the file. */
export function formatVerification(result: VerifiedOutput): string {
  const { kernel, device, workload, agrees, oracle, file, tensors, hints } = result;
  const lines = [
    `${kernel} on ${device}, ${describe(workload)}: ${agrees ? 'agrees' : 'DISAGREES'}`,
    ...line('the float64 oracle', oracle),
    ...(file === null ? [] : line(`the file's ${tensors.names['o'] ?? 'o'} (${tensors.dtype})`, file)),
    ...notes(result).map((note) => `  ${note}`),
    ...hints.map((hint) => `  Hint: ${hint}`),
  ];
  return `${lines.join('\n')}\n`;
}

function line(
  reference: string,
  { maxAbsoluteError, maxRelativeError, tolerance, rows, notNumbers }: RowsCompared,
): string[] {
  const [absolute, relative, allowed] = [maxAbsoluteError, maxRelativeError, tolerance].map((x) =>
    Number.isFinite(x) ? x.toExponential(2) : 'without bound',
  );
  const numbers = `  against ${reference}: largest error ${absolute}, relative to its row ${relative}, tolerance ${allowed}, ${rows} rows`;
  if (notNumbers === null) return [numbers];
  const { batch, row, queryHead } = notNumbers.first;
  return [
    `${numbers}; in ${counted(notNumbers.rows, 'row')} one side is no number where the other is one, first in row ${row} of head ${queryHead}, batch ${batch}`,
  ];
}

function notes({ tensors, notFinite, unseeing, file }: VerifiedOutput): string[] {
  const { names, unused, layout, headDim, headDimV, paddedTo, dtype, rounded } = tensors;
  const renamed = Object.entries(names).filter(([role, name]) => role !== name);
  return [
    ...(layout === 'bshd' && renamed.length === 0
      ? []
      : [
          `read as ${layout}${renamed.length === 0 ? '' : `: ${renamed.map(([role, name]) => `${role} is '${name}'`).join(', ')}`}`,
        ]),
    ...(unused.length === 0 ? [] : [`not used: ${unused.join(', ')}`]),
    ...(headDim === headDimV ? [] : [`head dimension ${headDim} of q and k, ${headDimV} of v`]),
    ...(paddedTo === null ? [] : [`padded with zeros to head dimension ${paddedTo}, which changes no result`]),
    ...(rounded ? [`q, k and v were rounded to ${dtype} first`] : []),
    ...notFinite.map(
      ({ tensor, nan, infinite, first }) =>
        `'${tensor}' holds ${[nan > 0 ? `NaN in ${counted(nan, 'value')}` : '', infinite > 0 ? `infinity in ${counted(infinite, 'value')}` : ''].filter((part) => part !== '').join(' and ')}, first at [${first.join(', ')}]`,
    ),
    ...(unseeing === null
      ? []
      : [
          `${ranges(unseeing.rows)} see no key${unseeing.holds === null || file === null ? '' : `: the file holds ${unseeing.holds} there, which is a convention and not compared`}`,
        ]),
  ];
}

/** "rows 0 to 36", or "row 0". */
function ranges(rows: readonly number[]): string {
  const [first = 0, last = 0] = [rows[0], rows.at(-1)];
  return first === last ? `row ${first}` : `${counted(rows.length, 'row')}, ${first} to ${last},`;
}
