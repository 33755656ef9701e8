import type { Config } from "vega-lite";

/** Colours of lines and bars in order of use: each keeps a contrast of 3 to 1 on white and on the dark of the pages. */
export const chartColors: readonly string[] = [
  ...["#3f7fd9", "#d3621c", "#2b9457", "#a05fd0", "#d9475a", "#14899c", "#8f7a1a", "#c9508f", "#7a7f87", "#a06a45"],
];

/**
 * Ink on light and on dark ground. Letters, axes and grids of a chart take the ink over as `currentColor`; what shall
 * be blank, as a rim around letters that stand over lines, is `var(--ground)`.
 */
export const chartGrounds = {
  light: { ink: "#1f2328", ground: "#ffffff" },
  dark: { ink: "#e3e8ee", ground: "#14181d" },
} as const;

/**
 * What all charts share: no ground of their own, ink that follows the reader's system, one set of colours, letters that
 * can be read where a phone shows the chart at three quarters of its size.
 */
export const chartTheme: Config = {
  background: "transparent",
  font: "system-ui, sans-serif",
  view: { stroke: null },
  range: { category: [...chartColors] },
  mark: { color: chartColors[0] },
  text: { color: "currentColor", fontSize: 13 },
  rule: { color: "currentColor" },
  title: { color: "currentColor", subtitleColor: "currentColor", fontSize: 15, subtitleFontSize: 13, anchor: "start" },
  axis: {
    labelColor: "currentColor",
    titleColor: "currentColor",
    tickColor: "currentColor",
    domainColor: "currentColor",
    gridColor: "currentColor",
    gridOpacity: 0.15,
    tickOpacity: 0.5,
    domainOpacity: 0.5,
    labelFontSize: 13,
    titleFontSize: 13,
    titleFontWeight: "normal",
    labelLimit: 0,
  },
  legend: { labelColor: "currentColor", titleColor: "currentColor", labelFontSize: 13, labelLimit: 0 },
};
