/** Whether a stream gets colours: Node's own rules, which know terminals, NO_COLOR, FORCE_COLOR and more. */

import { styleText } from 'node:util';
import { type Marks, PLAIN } from '../../report/table.ts';

/** True for a terminal without NO_COLOR, and for anything with FORCE_COLOR. */
export const wantsColour = (stream: NodeJS.WritableStream) => styleText('bold', 'x', { stream }) !== 'x';

const styled = (style: 'bold' | 'dim') => (text: string) => styleText(style, text, { validateStream: false });
const COLOURED: Marks = { strong: styled('bold'), faint: styled('dim') };

/** How text is marked on a stream. */
export const marksFor = (stream: NodeJS.WritableStream): Marks => (wantsColour(stream) ? COLOURED : PLAIN);
