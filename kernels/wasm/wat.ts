/** Small helpers for writing WebAssembly text: constants, counted loops, repetition, indentation. */

/** Joins the results of `emit(0) ... emit(count - 1)`. */
export function times(count: number, emit: (index: number) => string): string {
  return Array.from({ length: count }, (_, index) => emit(index)).join('\n');
}

/** Like times, the last first. */
export function downwards(count: number, emit: (index: number) => string): string {
  return times(count, (index) => emit(count - 1 - index));
}

export const get = (name: string) => `(local.get $${name})`;
export const set = (name: string, value: string) => `(local.set $${name} ${value})`;
export const i32 = (value: number) => `(i32.const ${value})`;
export const add = (a: string, b: string) => `(i32.add ${a} ${b})`;
export const sub = (a: string, b: string) => `(i32.sub ${a} ${b})`;
export const mul = (a: string, b: string) => `(i32.mul ${a} ${b})`;
/** Signed minimum and maximum; both operands are evaluated twice, so they should be cheap. */
export const min = (a: string, b: string) => `(select ${a} ${b} (i32.lt_s ${a} ${b}))`;
export const max = (a: string, b: string) => `(select ${a} ${b} (i32.gt_s ${a} ${b}))`;
/** `value` rounded up to a multiple of `step`, a power of two. */
export const roundUp = (value: string, step: number) => `(i32.and ${add(value, i32(step - 1))} ${i32(-step)})`;

/** A vector of four equal floats. */
export const splat = (value: string | number) => `(f32x4.splat (f32.const ${value}))`;

/** The largest lane of the vector local `name`; NaN where one is. */
export function largestLane(name: string): string {
  const lane = (i: number) => `(f32x4.extract_lane ${i} ${get(name)})`;
  return `(f32.max (f32.max ${lane(0)} ${lane(1)}) (f32.max ${lane(2)} ${lane(3)}))`;
}

/** The sum of the lanes of the vector local `name`. */
export function laneSum(name: string): string {
  const lane = (i: number) => `(f32x4.extract_lane ${i} ${get(name)})`;
  return `(f32.add (f32.add ${lane(0)} ${lane(1)}) (f32.add ${lane(2)} ${lane(3)}))`;
}

const shuffle = (a: string, b: string, bytes: number[]) => `(i8x16.shuffle ${bytes.join(' ')} ${get(a)} ${get(b)})`;

/** Two lanes of a and two of b by turns: a0 b0 a1 b1 of the low halves, a2 b2 a3 b3 of the high ones. */
export function interleave(a: string, b: string, half: 'low' | 'high'): string {
  const bytes = [0, 4].flatMap((lane) => [0, 16].flatMap((from) => [0, 1, 2, 3].map((i) => from + lane + i)));
  return shuffle(
    a,
    b,
    bytes.map((byte) => byte + (half === 'low' ? 0 : 8)),
  );
}

/** The low halves of a and b, or the high ones. */
export function joinHalves(a: string, b: string, half: 'low' | 'high'): string {
  const start = half === 'low' ? 0 : 8;
  const bytes = Array.from({ length: 8 }, (_, i) => start + i);
  return shuffle(a, b, [...bytes, ...bytes.map((byte) => byte + 16)]);
}

/** for (counter = from; counter < limit; counter += step) body */
export function loop(counter: string, from: string, limit: string, step: string, body: string): string {
  return `${set(counter, from)}
(block $${counter}_end
(loop $${counter}_next
(br_if $${counter}_end (i32.ge_s ${get(counter)} ${limit}))
${body}
${set(counter, add(get(counter), step))}
(br $${counter}_next)))`;
}

/** Re-indents folded text by its parentheses; comment lines (;;) keep their place. */
export function indent(text: string): string {
  let depth = 0;
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .map((line) => {
      const code = line.replace(/;;.*$/, '').replace(/"[^"]*"/g, '');
      const balance = (code.match(/\(/g)?.length ?? 0) - (code.match(/\)/g)?.length ?? 0);
      const leading = /^\)+/.exec(code)?.[0].length ?? 0;
      const result = `${'  '.repeat(Math.max(0, depth - leading))}${line}`;
      depth += balance;
      return result;
    })
    .join('\n');
}
