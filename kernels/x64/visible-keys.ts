/** Which keys a query row sees, as code: row r sees max(0, r + windowLow) <= key < min(seqKv, r + windowHigh). */

import { slot } from './call.ts';
import { maximum, minimum, zero } from './text/control.ts';
import { type Code, type General, op } from './text/instruction.ts';

/** Query row to the first key that it sees; changes rdx. */
export const lowKey = (row: General): Code => [op('add', row, slot('windowLow')), withinKeys(row)];
/** Query row to the key after the last that it sees; changes rdx. */
export const highKey = (row: General): Code => [op('add', row, slot('windowHigh')), withinKeys(row)];

const withinKeys = (key: General): Code => [zero('rdx'), maximum(key, 'rdx'), minimum(key, slot('seqKv'))];
