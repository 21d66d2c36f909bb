/** The part of vega-scenegraph that has no types of its own and is used here: how wide text is taken to be. */

declare module 'vega-scenegraph' {
  interface TextItem {
    fontSize?: number;
    fontWeight?: string | number;
  }
  export const textMetrics: { width: (item: TextItem, text: unknown) => number };
}
