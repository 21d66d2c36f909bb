/** The look of charts and pages, light and dark. Specifications name only the colours of their series. */

import type { TopLevelSpec } from 'vega-lite';

/** The two themes of charts and pages. */
export type Theme = 'light' | 'dark';

/** Sizes of titles and of the lines under them, pixels. */
export const TITLE_SIZE = 15;
export const SUBTITLE_SIZE = 11;

const COLOURS = {
  light: { background: '#ffffff', ink: '#222222', faint: '#555555', line: '#dddddd', card: '#f6f6f4' },
  dark: { background: '#16181d', ink: '#e8e8e8', faint: '#a8adb5', line: '#3a3e46', card: '#1f2228' },
} as const;

const variables = (theme: Theme) =>
  Object.entries(COLOURS[theme])
    .map(([name, colour]) => `--${name}: ${colour};`)
    .join(' ');

/** The same colours as CSS variables (--background, --ink, --faint, --line, --card) that follow the reader's theme. */
export const THEME_CSS = `:root { ${variables('light')} }
@media (prefers-color-scheme: dark) {
  :root { ${variables('dark')} }
}
`;

/** The configuration of a theme: font, sizes, colours of text and lines. */
export function themeConfig(theme: Theme) {
  const { background, ink, faint, line } = COLOURS[theme];
  return {
    font: 'Inter, system-ui, sans-serif',
    background,
    view: { stroke: line },
    axis: {
      labelFontSize: 11,
      titleFontSize: 12,
      labelColor: ink,
      titleColor: ink,
      gridColor: line,
      domainColor: faint,
      tickColor: faint,
    },
    legend: { labelColor: ink, titleColor: ink, labelLimit: 300 },
    header: { labelColor: ink, titleColor: ink, labelFontSize: 13 },
    title: {
      fontSize: TITLE_SIZE,
      subtitleFontSize: SUBTITLE_SIZE,
      limit: 0,
      subtitlePadding: 5,
      offset: 12,
      color: ink,
      subtitleColor: faint,
      anchor: 'start',
    },
    text: { color: ink },
    rule: { color: ink },
    point: { stroke: ink },
  } as const;
}

/** A specification in a theme. */
export function themed(specification: TopLevelSpec, theme: Theme = 'light'): TopLevelSpec {
  return { ...specification, config: { ...themeConfig(theme), ...specification.config } };
}
