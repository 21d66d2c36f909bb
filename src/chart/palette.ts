/** One order and one set of colours for every series in every chart. */

/** Published libraries in warm greys and orange, local kernels in blues and greens: Okabe and Ito's colour-blind safe set. */
const COLOURS: readonly [string, string][] = [
  ['AVO', '#D55E00'],
  ['cuDNN', '#E69F00'],
  ['FA4', '#F0C987'],
  ['Gluon', '#A6761D'],
  ['Triton', '#999999'],
  ['FA2', '#666666'],
  ['wgsl-flash', '#0072B2'],
  ['wgsl-naive', '#56B4E9'],
  ['wasm-flash', '#009E73'],
  ['scalar-flash', '#CC79A7'],
  ['scalar-naive', '#8C6BB1'],
];

/** The given series in the order of the palette, unknown ones last, with their colours. */
export function seriesScale(names: readonly string[]): { domain: string[]; range: string[] } {
  // A library of another source ("cuDNN 9.13.0 (FA4 paper)") takes its library's place and colour.
  const known = COLOURS.map(([name]) => name);
  const rank = (name: string) => {
    const index = known.indexOf(name.split(' ')[0] ?? name);
    return index < 0 ? known.length : index;
  };
  const domain = [...new Set(names)].sort((a, b) => rank(a) - rank(b));
  return { domain, range: domain.map((name) => COLOURS[rank(name)]?.[1] ?? '#444444') };
}

/** The frame that all charts share: font, colours of text and lines. */
export const CHART_CONFIG = {
  font: 'Inter, system-ui, sans-serif',
  background: 'white',
  view: { stroke: '#dddddd' },
  axis: { labelFontSize: 11, titleFontSize: 12 },
  title: { fontSize: 15, subtitleFontSize: 11, subtitleColor: '#555555', anchor: 'start' },
} as const;

export const VEGA_LITE = 'https://vega.github.io/schema/vega-lite/v6.json';
