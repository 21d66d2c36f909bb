/** Types for the one part of vega-scenegraph that is used here: its estimate of the width of text. */

declare module 'vega-scenegraph' {
  interface TextItem {
    fontSize?: number;
    fontWeight?: string | number;
  }
  export const textMetrics: { width: (item: TextItem, text: unknown) => number };
}
