/** Prints WebAssembly text: a form on one line where it fits, else its parts below it, two spaces further in. */

import { blank, type Code, type Comment, type Form, flatten, type Wat } from './wat.ts';

/** Columns of the widest line. */
const WIDTH = 120;
/** Forms of statements, which are never written on one line. */
const BLOCKS = new Set(['module', 'func', 'block', 'loop', 'if', 'then', 'else']);
/** Forms of which as many stand on a line as fit, results beside parameters. */
const DECLARATIONS: Record<string, string> = { param: 'parameters', result: 'parameters', local: 'locals' };

/** The text of some code. */
export function print(code: Code): string {
  return printAll(flatten(code), '', 0).join('\n');
}

const isForm = (wat: Wat | undefined): wat is Form => typeof wat === 'object' && 'head' in wat;
const isComment = (wat: Wat): wat is Comment => typeof wat === 'object' && 'comment' in wat;
const declarationOf = (wat: Wat | undefined) => (isForm(wat) ? DECLARATIONS[wat.head] : undefined);

/** A form on one line, or undefined where it has comments or statements inside. */
function inline(wat: Wat): string | undefined {
  if (typeof wat === 'string') return wat;
  if (isComment(wat) || BLOCKS.has(wat.head)) return undefined;
  const parts = wat.parts.map(inline);
  return parts.includes(undefined) ? undefined : `(${[wat.head, ...parts].join(' ')})`;
}

/** Lines of parts one below the other; `closing` parentheses will follow the last of them. */
function printAll(parts: readonly Wat[], indent: string, closing: number): string[] {
  const lines: string[] = [];
  parts.forEach((part, i) => {
    const follow = i === parts.length - 1 ? closing : 0;
    const text = inline(part);
    const kind = declarationOf(part);
    const last = lines.at(-1);
    const joined = kind !== undefined && kind === declarationOf(parts[i - 1]) ? `${last} ${text}` : undefined;
    if (joined !== undefined && joined.length + follow <= WIDTH) lines.splice(-1, 1, joined);
    else if (isComment(part)) lines.push(...printComment(part.comment, indent));
    else if (isForm(part) && (text === undefined || indent.length + text.length + follow > WIDTH))
      lines.push(...printForm(part, indent, follow));
    else lines.push(`${indent}${text}`);
  });
  return lines;
}

/** A form over several lines: names and, of `if`, the condition stay on the first. */
function printForm({ head, parts }: Form, indent: string, closing: number): string[] {
  let first = `${indent}(${head}`;
  let rest = parts;
  for (const part of parts) {
    const text = inline(part);
    const stays = typeof part === 'string' || (isForm(part) && (part.head === 'export' || head === 'if'));
    if (!stays || text === undefined || first.length + 1 + text.length > WIDTH) break;
    first += ` ${text}`;
    rest = rest.slice(1);
  }
  if (head !== 'func' && rest[0] === blank) rest = rest.slice(1);
  const lines = [first, ...printAll(rest, `${indent}  `, closing + 1)];
  const end = lines.at(-1) as string;
  return end.trim().startsWith(';;') ? [...lines, `${indent})`] : [...lines.slice(0, -1), `${end})`];
}

/** A comment, broken between words where it is wider than a line; its own spaces stay where it is not. */
function printComment(comment: string, indent: string): string[] {
  if (comment === '') return [''];
  const lines = [`${indent};;`];
  for (const word of comment.split(' ')) {
    const line = `${lines.at(-1)} ${word}`;
    if (line.length <= WIDTH) lines.splice(-1, 1, line);
    else lines.push(`${indent};; ${word}`);
  }
  return lines;
}
