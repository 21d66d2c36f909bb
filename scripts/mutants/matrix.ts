/** Wrong wgsl-matrix: faults of its loop, and of what its subgroups do as a team. They run where a device has subgroup matrices. */

import type { Configuration, Kernel } from '../../kernels/kernel.ts';
import { wgslMatrix } from '../../kernels/wgsl/matrix.ts';
import { configured } from '../../src/measure/configured.ts';
import { type Change, edited } from './mutant.ts';

/** Of the loop, in any configuration. */
export const MATRIX_LOOP: Record<string, Change> = {
  'the last block of keys is skipped': edited(
    /let endKey = highKey\(lastRow\);/,
    'let endKey = highKey(lastRow) - i32(blockKeys);',
  ),
  'the diagonal is not masked': edited(/let high(\d+) = highKey\(.*\);/, 'let high$1 = i32(params.seqKv);'),
  'a block without a mask adds nothing to the row sum': edited(/l(\d+) = l\1 \+ sum\1;/, ''),
  'the row sum is not rescaled': edited(/(l\d+) \* rescale\d+ \+/, '$1 +'),
  'the output is not rescaled': edited(/(\*score\d+_\d+ = \*score\d+_\d+) \* rescale\d+;/, '$1;'),
};

/** Of a team: its members differ by `member` alone. */
const TEAM: Record<string, Change> = {
  'all of a team score the same keys': edited(/member \* \d+u(\) \* tile\.kvStride;| \* keyStride;)/, '0u$1'),
  'all of a team put their scores in one place': edited(
    /&scores\[team\], member \* \d+u, (s\d+_\d+)/,
    '&scores[team], 0u, $1',
  ),
  'all of a team have the same rows in the softmax': edited(/let row0 = member \* \d+u \+ /, 'let row0 = '),
  'all of a team multiply the same columns of V': edited(
    /member \* \d+u(;| \* valueStride| \+ \d+u\) \* valueStride)/,
    '0u$1',
  ),
  'columns change places as a team writes them': edited(
    /at \/ (\d+)u \* (\d+)u \+ own, /,
    '(1u - at / $1u) * $2u + own, ',
  ),
};

/** Of several teams: they differ by `team`. */
const TEAMS: Record<string, Change> = {
  'all teams have the queries of the first': edited(/&queries\[team\]/, '&queries[0]'),
  'all teams multiply the weights of the first': edited(/(subgroup_matrix_left.*)&weights\[team\]/, '$1&weights[0]'),
  'all teams write the rows of the first': edited(/let firstRow = team \* \d+u;/, 'let firstRow = 0u;'),
};

const inTeams = (configuration: Configuration) => configured(wgslMatrix, () => configuration);
/** Small ones: a software adapter compiles them in seconds. */
const PAIR = { team: 2, rows: 8, keys: 16, q: 'workgroup', loads: 'q-first' };

/** wgsl-matrix in teams, by family, with the faults of each. */
export const MATRIX_TEAMS: [string, Kernel, Record<string, Change>][] = [
  ['wgsl-matrix, a team', inTeams({ ...PAIR, subgroups: 2, k: 'direct', v: 'direct' }), TEAM],
  ['wgsl-matrix, teams', inTeams({ ...PAIR, subgroups: 4, k: 'staged', v: 'staged' }), { ...TEAM, ...TEAMS }],
];
