/** The order and the colours of series, the same in every chart. */

/** Libraries in orange and grey, local kernels in blue and green, after Okabe and Ito's colour-blind safe set. */
const COLOURS: readonly [string, string][] = [
  ['AVO', '#D55E00'],
  ['cuDNN', '#E69F00'],
  ['FA4', '#F0C987'],
  ['FA3', '#B8860B'],
  ['Gluon', '#A6761D'],
  ['Triton', '#999999'],
  ['FA2', '#666666'],
  ['wgsl-flash', '#0072B2'],
  ['wgsl-flash-branch', '#5B9BD5'],
  ['wgsl-flash-overlap', '#7FB3D5'],
  ['wgsl-flash-small', '#A9CCE3'],
  ['wgsl-flash-large', '#3C6E9E'],
  ['wgsl-rows', '#4A6BB5'],
  ['wgsl-matrix', '#1F6FEB'],
  ['wgsl-naive', '#56B4E9'],
  ['x64-flash', '#7A9A01'],
  ['amx-flash', '#4DB6AC'],
  ['wasm-flash', '#009E73'],
  ['wasm-flash-maxima', '#2A9DB0'],
  ['wasm-flash-branch', '#52B788'],
  ['wasm-flash-phases', '#74C69D'],
  ['wasm-flash-small', '#95D5B2'],
  ['wasm-flash-large', '#40916C'],
  ['scalar-flash', '#CC79A7'],
  ['scalar-naive', '#8C6BB1'],
  ['ort-native', '#8D6E63'],
  ['ort-wasm', '#A1887F'],
  ['tfjs-wasm', '#C9A227'],
  ['ort-webgpu', '#BCAAA4'],
];

/** Every series that has a colour, in order. */
export const PALETTE = COLOURS.map(([name]) => name);

/** The given series with their colours, in the order of the palette; unknown ones come last. */
export function seriesScale(names: readonly string[]): { domain: string[]; range: string[] } {
  // A library of another source, such as "cuDNN 9.13.0 (FA4 paper)", gets the rank and colour of its library.
  const rank = (name: string) => {
    const index = PALETTE.indexOf(name.split(' ')[0] ?? name);
    return index < 0 ? PALETTE.length : index;
  };
  const domain = [...new Set(names)].sort((a, b) => rank(a) - rank(b));
  const seen = new Map<string, number>();
  const range = domain.map((name) => {
    const colour = COLOURS[rank(name)]?.[1] ?? '#888888';
    const times = seen.get(colour) ?? 0;
    seen.set(colour, times + 1);
    return lighter(colour, times);
  });
  return { domain, range };
}

/** A colour made lighter by a third of the way to white for each of the `times` that it was already used. */
function lighter(colour: string, times: number): string {
  if (times === 0) return colour;
  const share = 1 - (2 / 3) ** times;
  const parts = [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16));
  return `#${parts
    .map((part) =>
      Math.round(part + (255 - part) * share)
        .toString(16)
        .padStart(2, '0'),
    )
    .join('')}`;
}
