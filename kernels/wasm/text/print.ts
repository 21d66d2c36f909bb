/** Prints WebAssembly text: a form on one line where it fits, else its parts below it, two spaces further in. */

import { blank, type Code, type Comment, type Form, flatten, type Wat } from './wat.ts';

/** Columns of the widest line. */
const WIDTH = 120;
/** Forms of statements, which are never written on one line. */
const BLOCKS = new Set(['module', 'func', 'block', 'loop', 'if', 'then', 'else']);
/** Forms of which as many stand on a line as fit. */
const DECLARATIONS = new Set(['param', 'result', 'local']);

/** The text of some code. */
export function print(code: Code): string {
  return printAll(flatten(code), '').join('\n');
}

const isComment = (wat: Wat): wat is Comment => typeof wat === 'object' && 'comment' in wat;
const isForm = (wat: Wat): wat is Form => typeof wat === 'object' && 'head' in wat;
const isDeclaration = (wat: Wat): wat is Form => isForm(wat) && DECLARATIONS.has(wat.head);

/** A form on one line, or undefined where it has comments or statements inside. */
function inline(wat: Wat): string | undefined {
  if (typeof wat === 'string') return wat;
  if (isComment(wat) || BLOCKS.has(wat.head)) return undefined;
  const parts = wat.parts.map(inline);
  return parts.includes(undefined) ? undefined : `(${[wat.head, ...parts].join(' ')})`;
}

/** Lines of parts one below the other; a declaration joins the ones of its kind before it. */
function printAll(parts: readonly Wat[], indent: string): string[] {
  const lines: string[] = [];
  parts.forEach((part, i) => {
    const text = inline(part);
    const before = parts[i - 1];
    const last = lines.at(-1);
    const joins = last !== undefined && before !== undefined && isDeclaration(part) && isDeclaration(before);
    if (
      joins &&
      text !== undefined &&
      (before.head === part.head || part.head === 'result') &&
      last.length + 1 + text.length <= WIDTH
    )
      lines.splice(-1, 1, `${last} ${text}`);
    else lines.push(...printPart(part, text, indent));
  });
  return lines;
}

function printPart(part: Wat, text: string | undefined, indent: string): string[] {
  if (isComment(part)) return printComment(part.comment, indent);
  if (text !== undefined && (!isForm(part) || indent.length + text.length <= WIDTH)) return [`${indent}${text}`];
  return isForm(part) ? printForm(part, indent) : [];
}

/** A form over several lines: names and, of `if`, the condition stay on the first. */
function printForm({ head, parts }: Form, indent: string): string[] {
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
  const lines = [first, ...printAll(rest, `${indent}  `)];
  const end = lines.at(-1) as string;
  return end.trim().startsWith(';;') ? [...lines, `${indent})`] : [...lines.slice(0, -1), `${end})`];
}

/** A comment, broken between words where it is wider than a line; its own spaces stay where it is not. */
function printComment(comment: string, indent: string): string[] {
  if (comment === '') return [''];
  const lines = [`${indent};;`];
  for (const word of comment.split(' ')) {
    const line = lines.at(-1) as string;
    if (line.length + 1 + word.length <= WIDTH) lines.splice(-1, 1, `${line} ${word}`);
    else lines.push(`${indent};; ${word}`);
  }
  return lines;
}
