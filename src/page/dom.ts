/** Small helpers for the document. Text is always set as text, never as markup. */

import { inPageWords } from './words.ts';

/** The element with this id; throws TypeError if the page has none of that kind. */
export function byId<T extends Element>(id: string, kind: new () => T): T {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new TypeError(`the page has no ${kind.name} '${id}'`);
  return found;
}

/** A new element with text or other elements in it. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  content: string | readonly Node[] = '',
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  if (typeof content === 'string') made.textContent = content;
  else made.append(...content);
  return made;
}

/** A table of text, its first row the header. */
export function table([header = [], ...body]: readonly (readonly string[])[]): HTMLTableElement {
  const cells = (row: readonly string[], tag: 'th' | 'td') => row.map((cell) => element(tag, cell));
  const head = element('thead', [element('tr', cells(header, 'th'))]);
  return element('table', [
    head,
    element(
      'tbody',
      body.map((row) => element('tr', cells(row, 'td'))),
    ),
  ]);
}

/** Shows the hint before each box that scrolls while what is in it is wider than the box. */
export function watchOverflow(): void {
  for (const box of document.querySelectorAll('.scroll')) {
    const hint = box.previousElementSibling;
    if (!(hint instanceof HTMLElement)) continue;
    const update = () => {
      hint.hidden = box.scrollWidth <= box.clientWidth + 1;
    };
    new ResizeObserver(update).observe(box);
    new MutationObserver(update).observe(box, { childList: true });
  }
}

/** A list of messages, which name the controls of the page. */
export const lines = (texts: readonly string[]) => texts.map((text) => element('li', inPageWords(text)));

/** Puts a message into the element with this id; it names the controls of the page. */
export function tell(id: string, message: string): void {
  byId(id, HTMLElement).textContent = inPageWords(message);
}

/** Saves a file to the user's downloads. */
export function saveFile(name: string, content: Blob): void {
  const link = element('a');
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
