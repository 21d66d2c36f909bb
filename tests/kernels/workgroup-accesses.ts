/**
 * The accesses of workgroup memory in a text of wgsl-flash, thread by thread: what is integer in its main function is executed, one block of
 * keys and one chunk of dims, and every index of `stage` and `weights` noted. It reads what the emitters write, a statement a line.
 */

/** Where a thread reads or writes: by phase, statement and turn of the loops around it, the places of all threads. */
export interface Access {
  /** "scores reads stage", by the phase that the kernel's comments name. */
  what: string;
  places: (number | undefined)[];
}

type Values = ReadonlyMap<string, number>;

const OPERATORS: Record<string, (a: number, b: number) => number> = {
  '^': (a, b) => a ^ b,
  '*': (a, b) => a * b,
  '/': (a, b) => Math.floor(a / b),
  '%': (a, b) => a % b,
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '<': (a, b) => Number(a < b),
  '==': (a, b) => Number(a === b),
};
/** Operators that bind alike, the closest first. */
const LEVELS = [['^'], ['*', '/', '%'], ['+', '-'], ['<', '==']];

type Term = (values: Values) => number;

/** An expression of unsigned integers, min among them, as a function; undefined where it holds anything else. NaN where a name has no value. */
function parse(text: string): Term | undefined {
  const tokens = text.match(/\d+u?|[A-Za-z_]\w*|==|[-+*/%^()<,]/g) ?? [];
  if (tokens.join('') !== text.replaceAll(/\s/g, '')) return undefined;
  let at = 0;
  const next = () => tokens[at++] ?? '';
  const operand = (): Term => {
    const token = next();
    if (/^\d/.test(token)) return () => Number.parseInt(token, 10);
    if (token === 'min' || token === 'u32') next();
    else if (token !== '(') return (values) => values.get(token) ?? Number.NaN;
    const first = expression(LEVELS.length - 1);
    if (next() === ')') return first;
    const second = expression(LEVELS.length - 1);
    next();
    return (values) => Math.min(first(values), second(values));
  };
  const expression = (level: number): Term => {
    const below = () => (level === 0 ? operand() : expression(level - 1));
    let term = below();
    while (LEVELS[level]?.includes(tokens[at] ?? '')) {
      const [left, operate, right] = [term, OPERATORS[next()] ?? (() => Number.NaN), below()];
      term = (values) => operate(left(values), right(values));
    }
    return term;
  };
  const term = expression(LEVELS.length - 1);
  return at === tokens.length ? term : undefined;
}

const parsed = new Map<string, Term | undefined>();
/** The value of such an expression; undefined where there is none. */
function evaluate(text: string, values: Values): number | undefined {
  if (!parsed.has(text)) parsed.set(text, parse(text));
  const value = parsed.get(text)?.(values);
  return Number.isNaN(value) ? undefined : value;
}

/** Index expressions of the two arrays in a line, and whether it writes there. */
function indices(line: string): { array: string; index: string; writes: boolean }[] {
  return [...line.matchAll(/\b(stage|weights)\[/g)].map((match) => {
    const begin = match.index + match[0].length;
    let depth = 1;
    let end = begin;
    while (depth > 0) {
      depth += line[end] === '[' ? 1 : line[end] === ']' ? -1 : 0;
      end += 1;
    }
    return { array: match[1] ?? '', index: line.slice(begin, end - 1), writes: match.index === 0 };
  });
}

const PHASE = /^\/\/ (load q|stage K|scores|row maximum|row sum|stage V|accumulate|write):/;

/** All accesses of a kernel's text, of `threads` threads. */
export function workgroupAccesses(code: string, threads: number): Access[] {
  const lines = code.split('\n').map((line) => line.trim());
  const closing = (open: number) => {
    let depth = 0;
    for (let at = open; ; at += 1) {
      const line = lines[at] ?? '';
      depth += (line.endsWith('{') ? 1 : 0) - (line.startsWith('}') ? 1 : 0);
      if (depth === 0) return at;
    }
  };
  const bodyOf = (name: string) => {
    const open = lines.findIndex((line) => line.startsWith(`fn ${name}(`));
    return [open + 1, closing(open)] as const;
  };
  const constants = new Map<string, number>([
    ['base', 0],
    ['d', 0],
  ]);
  for (const line of lines) {
    const [, name = '', text = ''] = /^const (\w+) = (.*?);/.exec(line) ?? [];
    const value = evaluate(text, constants);
    if (name !== '' && value !== undefined) constants.set(name, value);
  }
  const found = new Map<string, Access>();

  const runThread = (thread: number) => {
    let phase = '';
    const run = (from: number, to: number, outer: Values, turn: string) => {
      const values = new Map(outer);
      for (let at = from; at < to; at += 1) {
        const line = lines[at] ?? '';
        phase = line.startsWith('// The weights go') ? 'accumulate' : (PHASE.exec(line)?.[1] ?? phase);
        for (const { array, index, writes } of indices(line)) {
          const place = evaluate(index, values);
          if (place === undefined) throw new Error(`cannot read the index ${index}`);
          const key = `${at} ${index} ${turn}`;
          const access = found.get(key) ?? { what: `${phase} ${writes ? 'writes' : 'reads'} ${array}`, places: [] };
          access.places[thread] = place;
          found.set(key, access);
        }
        const [, name = '', text = ''] = /^(?:let|var) (\w+) = (.*);$/.exec(line) ?? [];
        const value = evaluate(text, values);
        if (name !== '' && value !== undefined) values.set(name, value);
        const [, called = '', argument = ''] = /^(putRows|putQuad)\((.*), [\w.]+\);$/.exec(line) ?? [];
        if (called !== '') {
          const [begin, end] = bodyOf(called);
          run(begin, end, new Map(constants).set('i', evaluate(argument, values) ?? Number.NaN), `${turn} ${at}`);
        }
        if (!line.endsWith('{')) continue;
        const end = closing(at);
        const [, counter = '', first = '', condition = '', step = ''] =
          /^for \(var (\w+) = (.*); (.*); \w+ \+= (.*)\) {$/.exec(line) ?? [];
        const test = /^if \((.*)\) {$/.exec(line)?.[1];
        if (constants.has(counter)) run(at + 1, end, values, turn);
        else if (counter !== '') {
          const inner = new Map(values).set(counter, evaluate(first, values) ?? Number.NaN);
          for (let n = 0; evaluate(condition, inner) === 1; n += 1) {
            run(at + 1, end, inner, `${turn} ${n}`);
            inner.set(counter, (inner.get(counter) ?? 0) + (evaluate(step, inner) ?? Number.NaN));
          }
        } else if (line === '{') run(at + 1, end, values, turn);
        // Conditions of anything but integers are those of the mask and of the end: nothing of workgroup memory stands there.
        else if (test !== undefined && evaluate(test, values) === 1) run(at + 1, end, values, turn);
        at = end;
      }
    };
    const [begin, end] = bodyOf('main');
    run(begin, end, new Map(constants).set('thread', thread), '');
  };
  for (let thread = 0; thread < threads; thread += 1) runThread(thread);
  return [...found.values()];
}
