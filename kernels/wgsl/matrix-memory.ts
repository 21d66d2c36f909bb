/**
 * The arrays of wgsl-matrix in workgroup memory, which matrices are loaded from and stored to and invocations read and write in fours:
 * arrays of vec4s, or of scalars where a compiler loads matrices from no others.
 */

import { LANES, lines, plus } from './emit.ts';

/** An array, which begins and whose rows begin at multiples of four floats. */
export interface MatrixArray {
  name: string;
  component: 'f32' | 'f16';
  /** Set for an array of such arrays, one for each subgroup of the workgroup or for each team of them: the invocation's own is meant. */
  per?: 'subgroup' | 'team';
}

/** How invocations get at such arrays; every index counts fours. */
export interface MatrixMemory {
  /** Functions that the statements need; known once all are emitted. */
  readonly functions: string;
  type(component: MatrixArray['component'], fours: number): string;
  /** Statement that gives the place of four floats a name. As a pointer, where it can be: checked once, however often it is used. */
  place(name: string, array: MatrixArray, at: string): string;
  /** What lies at a named place, as a vec4. */
  get(name: string, array: MatrixArray): string;
  set(name: string, array: MatrixArray, value: string): string;
  /** Statement that writes four floats, to the array of another subgroup or team where one is given. */
  put(array: MatrixArray, at: string, value: string, owner?: string): string;
}

/** The four floats of a component. */
export const fourOf = (component: MatrixArray['component']) => (component === 'f16' ? 'vec4<f16>' : 'vec4f');

/** An array as a whole, of its owner where there is one for each. */
export const wholeOf = ({ name, per }: MatrixArray, owner: string | undefined = per) =>
  per === undefined ? name : `${name}[${owner}]`;

/** Arrays of vec4s. */
export const vectorMemory: MatrixMemory = {
  functions: '',
  type: (component, fours) => `array<${fourOf(component)}, ${fours}>`,
  place: (name, array, at) => `let ${name} = &${wholeOf(array)}[${at}];`,
  get: (name) => `*${name}`,
  set: (name, _array, value) => `*${name} = ${value};`,
  put: (array, at, value, owner) => `${wholeOf(array, owner)}[${at}] = ${value};`,
};

/** Arrays of scalars. */
export function scalarMemory(): MatrixMemory {
  const functions = new Map<string, string>();
  const call = (
    verb: 'get' | 'put',
    array: MatrixArray,
    at: string,
    owner: string | undefined = array.per,
    value = '',
  ) => {
    const { name, component, per } = array;
    const called = `${verb}${name.charAt(0).toUpperCase()}${name.slice(1)}`;
    const four = fourOf(component);
    const parameters = `${per === undefined ? '' : `${per}: u32, `}at: u32`;
    const floats = LANES.map((_, i) => `${wholeOf(array)}[${plus('at', i)}]`);
    const text =
      verb === 'get'
        ? `fn ${called}(${parameters}) -> ${four} {\n  return ${four}(${floats.join(', ')});\n}\n`
        : `fn ${called}(${parameters}, value: ${four}) {\n${lines(floats.map((float, i) => `  ${float} = value[${i}];`))}\n}\n`;
    functions.set(called, text);
    return `${called}(${per === undefined ? '' : `${owner}, `}${at}${value === '' ? '' : `, ${value}`})`;
  };
  return {
    get functions() {
      return [...functions.values()].join('');
    },
    type: (component, fours) => `array<${component}, ${4 * fours}>`,
    place: (name, _array, at) => `let ${name} = (${at}) * 4u;`,
    get: (name, array) => call('get', array, name),
    set: (name, array, value) => `${call('put', array, name, array.per, value)};`,
    put: (array, at, value, owner) => `${call('put', array, `(${at}) * 4u`, owner, value)};`,
  };
}
